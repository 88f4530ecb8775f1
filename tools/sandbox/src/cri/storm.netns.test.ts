import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from '@jest/globals';
import type { CriNode } from './cri-node.ts';
import { podNames, withOneNode } from './one-node.fixture.ts';

// 50 pods at once, and what they depend on ends in the middle. As in a cluster, kubelet tries again.

const { node, expectExactly } = withOneNode({ prefix: 'cstorm', instanceType: 'm5.4xlarge' });
const PODS = 50;

const restartContainerd = async ({ containerd }: CriNode) => {
  await containerd.kill();
  await containerd.start();
};
const restartDaemon = async (criNode: CriNode) => {
  await criNode.killDaemon();
  criNode.startDaemon();
};

/** How many addresses the daemon has given to pods. */
async function reservedCount(): Promise<number> {
  const view = (await node().node.introspect('/v1/enis')) as { '0': { AssignedIPs: number } };
  return view['0'].AssignedIPs;
}

async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await isSo())) await sleep(2);
}

test.each([
  ['containerd', restartContainerd],
  ['the daemon', restartDaemon],
  ['both', (criNode: CriNode) => Promise.all([restartContainerd(criNode), restartDaemon(criNode)])],
])(
  '%s ends by SIGKILL while addresses are given, and while pods go',
  async (_, restart) => {
    const { kubelet } = node();
    const coming = podNames(PODS).map((pod) => kubelet.run(pod));
    await until(async () => (await reservedCount()) >= PODS / 5);
    await restart(node());
    const pods = await Promise.all(coming);
    await expectExactly(pods);

    let gone = 0;
    const going = pods.map((pod) =>
      kubelet.remove(pod).then(() => {
        gone += 1;
      }),
    );
    await until(() => gone >= PODS / 5);
    await restart(node());
    expect(gone).toBeLessThan(PODS);
    await Promise.all(going);
    const { links } = await expectExactly([]);
    expect(links).toEqual([]);
  },
  180_000,
);
