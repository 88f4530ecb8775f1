import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { dnsAnswer, ping, seenSource, transfer } from '../checks/probes.ts';
import { settledAccounts } from '../invariants.ts';
import { createVpcInABox, SUBNET_CIDR, type VpcInABox } from '../vpc-in-a-box.ts';
import { type CriNode, type PluginForm, startCriNode } from './cri-node.ts';
import type { RunningPod } from './kubelet.ts';

// What pods that a real containerd has started can do; the same for both forms of the plugin.

/** Two of AWS's resolver in the subnet, where the fabric lets us stand in for it. */
const RESOLVER = SUBNET_CIDR.replace(/\d+\/\d+$/, '2');
/** More than a t3.small carries on its primary ENI. */
const PODS_PER_NODE = 5;

describe.each<PluginForm>(['launcher', 'stand-alone'])('pods through CRI, %s', (form) => {
  let box: VpcInABox;
  let near: CriNode;
  let far: CriNode;
  let nodes: CriNode[];
  const pods = new Map<CriNode, readonly RunningPod[]>();

  beforeAll(async () => {
    nodes = [];
    box = await createVpcInABox({ nodeCount: 2, instanceType: 't3.small', prefix: 'cri' });
    for (const node of box.nodes) nodes.push(await startCriNode(node, { form }));
    const [one, two] = nodes;
    if (one === undefined || two === undefined) throw new Error('the box has no two nodes');
    [near, far] = [one, two];
    for (const node of nodes) {
      const names = Array.from({ length: PODS_PER_NODE }, (_, n) => `web-${n}`);
      pods.set(node, await Promise.all(names.map((name) => node.kubelet.run({ name }))));
    }
  });
  afterAll(async () => {
    for (const node of nodes) await node.close();
    await box?.close();
  });

  const podOf = (node: CriNode, index: number): RunningPod => {
    const pod = pods.get(node)?.[index];
    if (pod === undefined) throw new Error(`${node.node.name} has no pod ${index}`);
    return pod;
  };
  /** Pods on the primary ENI and on others are among them. */
  const farPods = () => pods.get(far) ?? [];

  test('every account agrees, and some pods are on a secondary ENI', async () => {
    for (const { node, kubelet } of nodes) {
      const accounts = await settledAccounts(node, box.emulator, kubelet);
      expect(accounts.reserved).toHaveLength(PODS_PER_NODE);
      expect(accounts.fromRules).not.toEqual([]);
      expect(accounts.fromRules.length).toBeLessThan(PODS_PER_NODE);
    }
  });

  test('ping: on the node, across nodes, from the node', async () => {
    const from = await near.netnsOf(podOf(near, 0));
    await ping(from, podOf(near, 1).address);
    for (const { address } of farPods()) await ping(from, address);
    await ping(near.node.netns, podOf(near, 4).address);
  });

  test('DNS over UDP: the subnet’s resolver sees the pod, one on the internet sees its node', async () => {
    const { internet } = box.fabric;
    for (const pod of farPods()) {
      const clientNetns = await far.netnsOf(pod);
      const answered = await dnsAnswer({ clientNetns, serverAddress: RESOLVER });
      expect(answered).toBe(pod.address);
    }
    const outside = await dnsAnswer({
      clientNetns: await far.netnsOf(podOf(far, 4)),
      serverNetns: internet.netnsPath,
      serverAddress: internet.address,
    });
    expect(outside).toBe(far.node.publicAddress);
  });

  test('HTTP across nodes keeps the source address', async () => {
    const [client, server] = [podOf(near, 4), podOf(far, 4)];
    const seen = await seenSource({
      clientNetns: await near.netnsOf(client),
      serverNetns: await far.netnsOf(server),
      serverAddress: server.address,
    });
    expect(seen).toBe(client.address);
  });

  test('TCP in bulk arrives whole, on the node and across nodes', async () => {
    const toAddress = podOf(far, 4).address;
    const toNetns = await far.netnsOf(podOf(far, 4));
    for (const fromNetns of [
      await near.netnsOf(podOf(near, 0)),
      await far.netnsOf(podOf(far, 0)),
    ]) {
      const { sent, received } = await transfer({ fromNetns, toNetns, toAddress, mebibytes: 32 });
      expect(received).toEqual({ bytes: 32 * 1024 * 1024, sha256: sent.sha256 });
    }
  });

  test('pods that go leave nothing', async () => {
    for (const { node, kubelet } of nodes) {
      await Promise.all((pods.get(near) ?? []).map((pod) => kubelet.remove(pod)));
      const { reserved, links } = await settledAccounts(node, box.emulator, kubelet);
      expect({ reserved, links }).toEqual({ reserved: [], links: [] });
    }
  });
});
