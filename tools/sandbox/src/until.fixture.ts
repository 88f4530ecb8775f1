import { setTimeout as sleep } from 'node:timers/promises';

const LIMIT_MS = 30_000;
const ASK_EVERY_MS = 100;

/** Resolves once it is so. @throws {Error} after half a minute. */
export async function until(isSo: () => Promise<boolean>): Promise<void> {
  for (const giveUpAtMs = Date.now() + LIMIT_MS; !(await isSo()); await sleep(ASK_EVERY_MS)) {
    if (Date.now() > giveUpAtMs) throw new Error(`not so after ${LIMIT_MS / 1000} s: ${isSo}`);
  }
}
