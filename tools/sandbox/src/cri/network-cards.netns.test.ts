import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { ping } from '../checks/probes.ts';
import { settledAccounts } from '../invariants.ts';
import { mustRun } from '../run-command.ts';
import { withOneNode } from './one-node.fixture.ts';

// A real containerd hands the annotations of pods over, and is told of one address: that of eth0.

const { node, box } = withOneNode({
  prefix: 'cricards',
  instanceType: 'c6in.32xlarge', // two network cards
  environment: { ENABLE_MULTI_NIC: 'true', WARM_IP_TARGET: '2', IP_COOLDOWN_PERIOD: '1' },
});

const annotations = { 'k8s.amazonaws.com/nicConfig': 'multi-nic-attachment' };
const accounts = () => settledAccounts(node().node, box().emulator);

/** Addresses of a pod's interfaces. */
async function addressesIn(netns: string, link: string): Promise<readonly string[]> {
  const text = await mustRun(['ip', '-o', '-4', 'addr', 'show', 'dev', link], { netns });
  return [...text.matchAll(/inet (\S+)\/32/g)].map(([, address]) => address ?? '');
}

test.each([
  { name: 'was killed', losesCheckpoint: false },
  { name: 'was killed and has lost its checkpoints', losesCheckpoint: true },
])(
  'a pod of two cards outlives a daemon that $name, and its end leaves nothing',
  async ({ losesCheckpoint }) => {
    const { kubelet, node: sandboxNode, killDaemon, startDaemon, netnsOf } = node();
    const pod = await kubelet.run({ name: 'web', annotations });
    const netns = await netnsOf(pod);
    expect(await addressesIn(netns, 'eth0')).toEqual([pod.address]);
    const [second = ''] = await addressesIn(netns, 'mNicIf1');
    const both = [pod.address, second].sort();
    expect((await accounts()).reserved).toEqual(both);

    await killDaemon();
    if (losesCheckpoint) {
      for (const name of ['ipam.json', 'ipam-nic-1.json'])
        await rm(join(sandboxNode.runDirectory, name));
    }
    startDaemon();
    expect((await accounts()).reserved).toEqual(both);
    for (const address of both) await ping(sandboxNode.netns, address);

    await kubelet.remove(pod);
    expect(await accounts()).toMatchObject({ reserved: [], checkpoint: [], rules: [], links: [] });
  },
);
