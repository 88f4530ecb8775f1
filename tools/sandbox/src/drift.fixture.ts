import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from '@jest/globals';
import type { SandboxNode } from './node.ts';
import { mustRun } from './run-command.ts';

/** How often the daemon looks in tests of drift. */
export const INTERVAL_MS = 2_000;
/** One interval, the pass, and what a busy machine takes to look. */
const LONGEST_REPAIR_MS = INTERVAL_MS + 8_000;

export const REPAIR_ENVIRONMENT = {
  AWS_VPC_K8S_CNI_REPAIR_INTERVAL: String(INTERVAL_MS / 1_000),
};

/** How many changes the daemon has made, by what it made them to. */
export async function repairsOf({ netns }: SandboxNode) {
  const url = 'http://127.0.0.1:61678/metrics';
  const text = await mustRun(['curl', '-s', '--noproxy', '*', url], { netns });
  const count = (object: string) =>
    Number(
      new RegExp(`awscni_drift_repair_count\\{object="${object}"\\} (\\d+)`).exec(text)?.[1] ?? 0,
    );
  return { host: count('host'), eni: count('eni'), pod: count('pod') };
}

/** What is to be seen once nothing is on its way any more. */
export async function atRest<T>(look: () => Promise<T>): Promise<T> {
  for (let last = await look(); ; ) {
    await sleep(2_000);
    const now = await look();
    if (JSON.stringify(now) === JSON.stringify(last)) return now;
    last = now;
  }
}

/** Within one interval. */
export async function untilItLooksLike<T>(before: T, look: () => Promise<T>): Promise<void> {
  const giveUpAtMs = Date.now() + LONGEST_REPAIR_MS;
  let after = await look();
  while (JSON.stringify(after) !== JSON.stringify(before) && Date.now() < giveUpAtMs) {
    await sleep(100);
    after = await look();
  }
  expect(after).toEqual(before);
}
