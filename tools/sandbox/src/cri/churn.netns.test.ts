import { expect, test } from '@jest/globals';
import { mustRun } from '../run-command.ts';
import { podNames, withOneNode } from './one-node.fixture.ts';

// A node full of pods, again and again: what the last round leaves is what the first one left.

const { node, expectExactly } = withOneNode({
  prefix: 'churn',
  instanceType: 'm5.4xlarge',
  // One ENI, so that rounds can be compared, has 464 addresses: for one round's pods and those cooling of another.
  environment: {
    ENABLE_PREFIX_DELEGATION: 'true',
    WARM_PREFIX_TARGET: '1',
    MAX_ENI: '1',
    IP_COOLDOWN_PERIOD: '5',
  },
});
const PODS = 200;
const ROUNDS = 5;
/** More would only take the processors from each other. */
const AT_A_TIME = 16;

/** Results are in the order of the items. */
async function fewAtATime<T, R>(items: readonly T[], act: (item: T) => Promise<R>) {
  const left = items.entries();
  const results: R[] = [];
  const worker = async () => {
    for (const [index, item] of left) results[index] = await act(item);
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, worker));
  return results;
}

/** What the kernel has of us; counters left out. */
async function kernelState() {
  const { netns } = node().node;
  const run = (...argv: readonly string[]) => mustRun(argv, { netns });
  return {
    rules: await run('ip', 'rule'),
    links: await run('ip', '-br', 'link'),
    mainRoutes: await run('ip', 'route'),
    neighbours: (await run('ip', 'neigh')).match(/^.* dev eni.*$/gm),
    firewall: (await run('iptables-save')).replaceAll(/^[#:].*$/gm, ''),
  };
}

test(`${PODS} pods come and go ${ROUNDS} times, and leave nothing`, async () => {
  const { kubelet, containerd } = node();
  const afterRounds: unknown[] = [];
  const times: string[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const startedAtMs = performance.now();
    const pods = await fewAtATime(podNames(PODS), kubelet.run);
    const upAtMs = performance.now();
    expect(new Set(pods.map(({ address }) => address)).size).toBe(PODS);
    if (round === 0) await expectExactly(pods);
    const fullAtMs = performance.now();
    await fewAtATime(pods, kubelet.remove);
    const seconds = (ms: number) => `${(ms / 1000).toFixed(1)} s`;
    times.push(
      `up ${seconds(upAtMs - startedAtMs)}, down ${seconds(performance.now() - fullAtMs)}`,
    );
    await expectExactly([]);
    expect(await containerd.cri.listPodSandboxes()).toEqual([]);
    afterRounds.push(await kernelState());
  }
  console.info(`${PODS} pods: ${times.join('; ')}`);
  for (const state of afterRounds) expect(state).toEqual(afterRounds[0]);
}, 600_000);
