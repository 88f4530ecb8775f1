import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, test } from '@jest/globals';
import { type Cluster, createCluster } from './cluster.fixture.ts';
import { runInit } from './installer.fixture.ts';
import type { SandboxNode } from './node.ts';
import { createVpcInABox, type VpcInABox } from './vpc-in-a-box.ts';

// ANNOTATE_POD_IP, in clusters of either family, with what the chart lets the daemon do for it.

const pod = { apiVersion: 'v1', kind: 'Pod', namespace: 'default', name: 'web' };
const KEY = 'vpc.amazonaws.com/pod-ips';
const PATCH_PODS = { apiGroups: [''], resources: ['pods'], verbs: ['patch'] } as const;

let box: VpcInABox;
let cluster: Cluster;

afterEach(async () => {
  await box.close();
  await cluster.close();
});

async function startNode({ hasIpv6 = false, mayPatchPods = true }): Promise<SandboxNode> {
  box = await createVpcInABox({ nodeCount: 1, instanceType: 't3.small', prefix: 'note', hasIpv6 });
  cluster = await createCluster(mayPatchPods ? [PATCH_PODS] : []);
  const [node] = box.nodes;
  if (node === undefined) throw new Error('the box has no node');
  cluster.registerNode(node.name);
  const metadata = { namespace: pod.namespace, name: pod.name, annotations: { mine: 'stays' } };
  cluster.api.create({ apiVersion: 'v1', kind: 'Pod', metadata, spec: { nodeName: node.name } });
  await runInit(node, { ENABLE_IPv6: `${hasIpv6}` });
  await node.start({ ...cluster.environment, ANNOTATE_POD_IP: 'true' });
  return node;
}

const annotations = () => cluster.api.find(pod)?.metadata['annotations'];

test.each([
  { family: 'IPv4', hasIpv6: false, pattern: /^10\.0\./ },
  { family: 'IPv6', hasIpv6: true, pattern: /^2001:db8:0:1:1:/ },
])(
  'a pod’s $family address is written on it before its ADD returns, and taken off after its DEL',
  async (the) => {
    const node = await startNode(the);
    const added = await node.addPod(pod.name);
    expect(added.address).toMatch(the.pattern);
    expect(annotations()).toEqual({ mine: 'stays', [KEY]: added.address });
    await node.deletePod(added);
    const isEmpty = () => JSON.stringify(annotations()).includes(`"${KEY}":""`);
    for (let tries = 0; tries < 100 && !isEmpty(); tries += 1) await sleep(50);
    expect(annotations()).toEqual({ mine: 'stays', [KEY]: '' });
  },
);

test('without the right to patch pods, the ADD says which one is missing', async () => {
  const node = await startNode({ mayPatchPods: false });
  await expect(node.addPod(pod.name)).rejects.toThrow(
    /ANNOTATE_POD_IP.*cannot patch resource \\?"+pods/,
  );
  expect(annotations()).toEqual({ mine: 'stays' });
});
