import { describeFinding, type Environment } from '@vpc-cni/config';
import { readConfig } from './config.ts';
import { findMallocTrim, giveBackMemory } from './give-back-memory.ts';
import { runIpamd } from './ipamd.ts';
import { createLogger } from './logger.ts';
import { systemClock } from './system-clock.ts';
import { version } from './version.ts';

/** The daemon's process, from its environment to its exit, or until `signal` aborts. */
export async function serve(environment: Environment, signal: AbortSignal): Promise<never> {
  const config = readConfig(environment);
  const log = createLogger({ file: config.logFile, level: config.logLevel });
  for (const notice of config.notices) log.warn(notice, describeFinding(notice));
  for (const problem of config.problems) {
    log.fatal(problem, describeFinding(problem));
    // The log may be a file of the host; this is what `kubectl logs` shows.
    console.error(describeFinding(problem));
  }
  if (config.problems.length > 0) process.exit(1);

  // The process ends as it would without this, but not unseen by who reads the log.
  process.on('uncaughtExceptionMonitor', (error) => log.fatal({ err: error }, 'ipamd crashed'));
  void giveBackMemory({ clock: systemClock, signal }, findMallocTrim());
  try {
    await runIpamd({ config, log, clock: systemClock, version, signal });
    log.info('ended');
  } catch (error) {
    log.fatal({ err: error }, 'ipamd cannot go on');
    process.exitCode = 1;
  }
  // Requests that nobody answers would keep the process alive until they time out.
  return process.exit();
}
