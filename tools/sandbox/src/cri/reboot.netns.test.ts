import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { podNames, withOneNode } from './one-node.fixture.ts';

// A node that loses power. Its pods come back as new sandboxes of the same names; nobody calls DEL in between.

const { node, expectExactly } = withOneNode({
  prefix: 'boot',
  instanceType: 't3.large', // 3 ENIs of 11 addresses for pods
  environment: { IP_COOLDOWN_PERIOD: '1' },
});
const PODS = 20;
const spool = () => join(node().node.runDirectory, 'deferred-del');

test.each([
  ['with the checkpoint of before', { losesVarRun: false }],
  ['with an empty /var/run', { losesVarRun: true }],
])(
  'after a reboot %s all pods come up, and nothing of before is left',
  async (_, options) => {
    const { kubelet, reboot } = node();
    const before = await Promise.all(podNames(PODS).map(kubelet.run));
    await expectExactly(before);
    const stoppedAt = before.map(({ sandboxId }) => sandboxId);

    await reboot(options);
    const after = await Promise.all(podNames(PODS).map(kubelet.run));
    expect(after.filter(({ sandboxId }) => stoppedAt.includes(sandboxId))).toEqual([]);
    // kubelet's garbage collection has the old sandboxes deleted, whose namespaces are gone.
    await expectExactly(after);

    await Promise.all(after.map(kubelet.remove));
    await expectExactly([]);
  },
  180_000,
);

test('after a reboot in which the daemon comes late, the runtime’s DELs are kept for it', async () => {
  const { kubelet, reboot, killDaemon, startDaemon } = node();
  const before = await Promise.all(podNames(PODS).map(kubelet.run));
  await reboot({ losesVarRun: false });
  await killDaemon();
  await kubelet.collectGarbage();
  expect(await node().containerd.cri.listPodSandboxes()).toEqual([]);
  const spooled = before.map(({ sandboxId }) => `${sandboxId}:eth0`);
  expect(await readdir(spool())).toEqual(expect.arrayContaining(spooled));
  startDaemon();
  const after = await Promise.all(podNames(PODS).map(kubelet.run));
  await expectExactly(after);
  const kept = await readdir(spool());
  expect(spooled.filter((name) => kept.includes(name))).toEqual([]);
  await Promise.all(after.map(kubelet.remove));
  await expectExactly([]);
}, 180_000);
