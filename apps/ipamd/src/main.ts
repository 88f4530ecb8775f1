import './small-heap.ts';
import { readConfig } from './config.ts';
import { giveMemoryBack } from './give-memory-back.ts';
import { runIpamd } from './ipamd.ts';
import { createLogger } from './logger.ts';
import { systemClock } from './system-clock.ts';
import { version } from './version.ts';

const config = readConfig(process.env);
const log = createLogger({ file: config.logFile, level: config.logLevel });
for (const notice of config.notices) log.warn(notice, 'setting cannot be used');

const ending = new AbortController();
for (const name of ['SIGTERM', 'SIGINT'] as const) {
  process.once(name, () => ending.abort(new Error(`ended by ${name}`)));
}

const { signal } = ending;
void giveMemoryBack(systemClock, signal);
try {
  await runIpamd({ config, log, clock: systemClock, version, signal });
  log.info('ended');
} catch (error) {
  log.fatal({ err: error }, 'ipamd cannot go on');
  process.exitCode = 1;
}
// Requests that nobody answers would keep the process alive until they time out.
process.exit();
