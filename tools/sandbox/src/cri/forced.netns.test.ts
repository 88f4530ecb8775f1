import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import { type CriNode, PLUGIN_LOG } from './cri-node.ts';
import type { RunningPod } from './kubelet.ts';
import { podNames, withOneNode } from './one-node.fixture.ts';

// Sandboxes that go in ways that no manual has: each time nothing may be left, and the name may be used again.

const { node, expectExactly } = withOneNode({
  prefix: 'force',
  instanceType: 't3.small', // 9 addresses
  environment: { IP_COOLDOWN_PERIOD: '1' },
});
const PODS = 4;

type Force = (on: CriNode, pod: RunningPod) => Promise<void>;

const remove: Force = ({ containerd: { cri } }, { sandboxId }) => cri.removePodSandbox(sandboxId);

/** The namespace lives on while the pod's process does; nobody finds it any more. */
const hideNamespace: Force = async ({ containerd }, { sandboxId }) => {
  const path = await containerd.cri.netnsPath(sandboxId);
  containerd.inNode('umount', path);
  containerd.inNode('rm', path);
};

const killProcess: Force = async ({ containerd: { cri, inNode } }, { sandboxId }) => {
  inNode('kill', '-9', `${await cri.pid(sandboxId)}`);
  while ((await cri.listPodSandboxes()).some(({ id, isReady }) => id === sandboxId && isReady)) {
    await sleep(5);
  }
};

/** containerd dies when our DEL has been carried out, and before it can write that down. */
const killContainerdDuring =
  (force: Force): Force =>
  async (on, pod) => {
    const { machine } = on.containerd;
    const deletions = () => machine.run('grep', '-c', '"command":"DEL"', PLUGIN_LOG);
    const before = deletions();
    let isOver = false;
    const dying = force(on, pod)
      .catch(() => {})
      .finally(() => {
        isOver = true;
      });
    while (deletions() === before && !isOver) await sleep(1);
    await on.containerd.kill();
    await dying;
    await on.containerd.start();
  };

const stop: Force = ({ containerd: { cri } }, { sandboxId }) => cri.stopPodSandbox(sandboxId);

describe.each<readonly [string, readonly Force[]]>([
  ['removed without being stopped', [remove]],
  ['whose namespace was deleted, removed without being stopped', [hideNamespace, remove]],
  ['whose namespace was deleted', [hideNamespace]],
  ['whose process was killed', [killProcess]],
  ['whose process was killed and whose namespace was deleted', [killProcess, hideNamespace]],
  ['whose process was killed and namespace deleted, forced', [killProcess, hideNamespace, remove]],
  ['stopped while containerd is killed', [killContainerdDuring(stop)]],
  ['removed while containerd is killed', [killContainerdDuring(remove)]],
  ['stopped, then removed while containerd is killed', [stop, killContainerdDuring(remove)]],
])('sandboxes %s', (_, forces) => {
  test('leave nothing behind, and their pods come up again', async () => {
    const { kubelet } = node();
    const [victim, ...others] = await Promise.all(podNames(PODS).map(kubelet.run));
    if (victim === undefined) throw new Error('there is no pod');
    for (const force of forces) await force(node(), victim);
    await kubelet.remove(victim);
    await expectExactly(others);
    const again = await kubelet.run(victim);
    expect(again.sandboxId).not.toBe(victim.sandboxId);
    await expectExactly([again, ...others]);
    await Promise.all([again, ...others].map(kubelet.remove));
    await expectExactly([]);
  });
});
