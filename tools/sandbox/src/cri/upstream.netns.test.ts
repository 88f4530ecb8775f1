import { dirname, join } from 'node:path';
import { expect, test } from '@jest/globals';
import { launcherPath } from '../node.ts';
import { replacePrograms, upstreamPrograms } from '../upstream/program.fixture.ts';
import type { RunningPod } from './kubelet.ts';
import { withOneNode } from './one-node.fixture.ts';

// containerd executes upstream's own programs, while our daemon serves; and what it remembers goes from one to the other.

const { node, expectExactly } = withOneNode({
  prefix: 'theirs',
  instanceType: 't3.small',
  environment: { IP_COOLDOWN_PERIOD: '1' },
});

const ourPrograms = Object.fromEntries(
  Object.keys(upstreamPrograms).map((name) => [name, join(dirname(launcherPath), name)]),
);

const use = (programs: Readonly<Record<string, string>>) =>
  replacePrograms(programs, node().containerd.pluginDirectory);

const run = (...names: readonly string[]) =>
  Promise.all(names.map((name) => node().kubelet.run({ name })));

const remove = (pods: readonly RunningPod[]) =>
  Promise.all(pods.map((pod) => node().kubelet.remove(pod)));

/** How many requests of upstream's program the daemon has carried out: ours comes another way. */
async function requestsOfUpstream(method: 'AddNetwork' | 'DelNetwork'): Promise<number> {
  return (await node().readOwnLog()).split(`"grpc: ${method}"`).length - 1;
}

test('pods come and go by upstream’s programs', async () => {
  await use(upstreamPrograms);
  const pods = await run('a', 'b', 'c', 'd', 'e', 'f');
  await expectExactly(pods);
  expect(await requestsOfUpstream('AddNetwork')).toBeGreaterThanOrEqual(pods.length);
  await remove(pods);
  await expectExactly([]);
  expect(await requestsOfUpstream('DelNetwork')).toBeGreaterThanOrEqual(pods.length);
});

test('pods of one side’s programs leave by the other’s', async () => {
  await use(ourPrograms);
  const addsBefore = await requestsOfUpstream('AddNetwork');
  const delsBefore = await requestsOfUpstream('DelNetwork');
  const ours = await run('a', 'b', 'c');
  expect(await requestsOfUpstream('AddNetwork')).toBe(addsBefore);
  await use(upstreamPrograms);
  const theirs = await run('d', 'e', 'f');
  expect(await requestsOfUpstream('AddNetwork')).toBeGreaterThan(addsBefore);
  await expectExactly([...ours, ...theirs]);

  await remove(ours);
  await expectExactly(theirs);
  const delsOfUpstream = await requestsOfUpstream('DelNetwork');
  expect(delsOfUpstream).toBeGreaterThan(delsBefore);
  await use(ourPrograms);
  await remove(theirs);
  await expectExactly([]);
  expect(await requestsOfUpstream('DelNetwork')).toBe(delsOfUpstream);
  expect(await node().containerd.cri.listPodSandboxes()).toEqual([]);
});
