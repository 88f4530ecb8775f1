import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Refusal } from '@vpc-cni/plugin';
import { askDaemon } from '../ask-daemon.ts';
import { awayRefusal } from '../daemon-away.ts';
import { chooseEgress } from './choose-egress.ts';
import type { Command } from './command.ts';
import { installConfList } from './conf-file.ts';
import { waitForAddress } from './wait-for-address.ts';

/**
 * Waits for an address, then lets kubelet know of the node. `open` alone waits once; `open PID PROGRAMS` as long as that daemon
 * lives, and ends it when the configuration list cannot be written: a container is started again, a node without
 * network stays one.
 */
export const open: Command = async ({ settings, args: [daemonPid, programs], log }) => {
  const pid = daemonPid === undefined ? undefined : Number(daemonPid);
  for (;;) {
    const waited = await waitForAddress({
      ask: () => askForRefusal(join(settings.runDirectory, 'cni.sock')),
      limitMs: settings.readyWaitMs,
      clock: { monotonicMs: () => performance.now(), sleep },
      onCulprit: (culprit) => log('info', `waiting for an address: ${culprit}`),
    });
    if (waited.kind === 'usable') break;
    log('error', `no address for a pod after ${settings.readyWaitMs / 1000} s: ${waited.culprit}`);
    if (pid === undefined || !isAlive(pid)) return 1;
  }
  try {
    const egress = await chooseEgress(settings, log);
    const template = await givenList(programs);
    await installConfList(settings.confDirectory, { chain: settings.chain, egress, template }, log);
    return 0;
  } catch (error) {
    if (pid !== undefined && isAlive(pid)) process.kill(pid, 'SIGTERM');
    throw error;
  }
};

/** The chart mounts one beside our programs when `cniConfig` is set. */
async function givenList(programs: string | undefined): Promise<string | undefined> {
  if (programs === undefined) return undefined;
  const path = join(programs, '10-aws.conflist');
  return existsSync(path) ? readFile(path, 'utf8') : undefined;
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

/** The daemon answers this from memory. */
const ANSWER_LIMIT_MS = 2_000;

async function askForRefusal(socketPath: string): Promise<Refusal | undefined> {
  try {
    const limit = AbortSignal.timeout(ANSWER_LIMIT_MS);
    return ((await askDaemon(socketPath, '/v1/status', {}, limit)) as Refusal | null) ?? undefined;
  } catch (error) {
    return awayRefusal(error);
  }
}
