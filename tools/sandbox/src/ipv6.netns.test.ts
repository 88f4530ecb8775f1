import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { ping, seenSource } from './checks/probes.ts';
import { runInit } from './installer.fixture.ts';
import { readAccounts, settledAccounts } from './invariants.ts';
import type { Pod, SandboxNode } from './node.ts';
import { movePodsToAnotherSubnet } from './pod-subnet.fixture.ts';
import { mustRun } from './run-command.ts';
import { pluginConf } from './runtime.ts';
import { createVpcInABox, type VpcInABox } from './vpc-in-a-box.ts';

// Two nodes of an IPv6 cluster under the real installer, launcher and daemon, and a real kernel.

let box: VpcInABox;
let node: SandboxNode;
let other: SandboxNode;
let pods: Map<Pod, SandboxNode>;

beforeEach(async () => {
  box = await createVpcInABox({
    nodeCount: 2,
    instanceType: 't3.small',
    prefix: 'v6',
    hasIpv6: true,
  });
  const [one, two] = box.nodes;
  if (one === undefined || two === undefined) throw new Error('the box has no two nodes');
  [node, other, pods] = [one, two, new Map()];
  await Promise.all(box.nodes.map((each) => runInit(each, { ENABLE_IPv6: 'true' })));
});

afterEach(async () => {
  await Promise.all([...pods].map(([pod, { runtime }]) => runtime.removeSandbox(pod)));
  await box.close();
});

/** One after the other, so that the first gets the first /80. */
async function startBoth(): Promise<void> {
  await node.start();
  await other.start();
}

/** The runtime's DEL, with what the ADD had answered. */
async function deletePod(pod: Pod): Promise<void> {
  const prevResult = {
    cniVersion: '0.4.0',
    ips: [{ version: '6', address: `${pod.address}/128`, interface: 0 }],
  };
  const conf = { ...pluginConf, prevResult };
  expect(await node.runtime.cni('DEL', pod, conf)).toMatchObject({ exitCode: 0 });
  await node.runtime.removeSandbox(pod);
  pods.delete(pod);
}

async function addPods(on: SandboxNode, ...names: readonly string[]): Promise<readonly Pod[]> {
  const added = await Promise.all(names.map((name) => on.addPod(name)));
  for (const pod of added) pods.set(pod, on);
  return added;
}

const callsSince = (index: number) =>
  box.emulator.journal
    .slice(index)
    .filter(({ service, operation }) => service === 'ec2' && !operation.startsWith('Describe'))
    .map(({ operation }) => operation);

test('pods reach each other on a node and across nodes, and DEL leaves nothing', async () => {
  await startBoth();
  const [a, b] = await addPods(node, 'a', 'b');
  const [peer] = await addPods(other, 'peer');
  if (a === undefined || b === undefined || peer === undefined) throw new Error('pods lack');
  expect([a.address, b.address].sort()).toEqual(['2001:db8:0:1:1::', '2001:db8:0:1:1::1']);
  expect(peer.address).toBe('2001:db8:0:1:2::');

  await ping(a.netns, b.address);
  await ping(node.netns, a.address);
  for (const pod of [a, b]) {
    await ping(pod.netns, peer.address);
    await ping(peer.netns, pod.address);
  }
  const seen = await seenSource({
    clientNetns: peer.netns,
    serverNetns: a.netns,
    serverAddress: a.address,
  });
  expect(seen).toBe(peer.address);

  const accounts = await settledAccounts(node, box.emulator);
  expect(accounts.reserved).toEqual([a.address, b.address].sort());
  expect(accounts.pool).toEqual(['2001:db8:0:1:1::/80']);

  for (const pod of [a, b]) await deletePod(pod);
  expect(await settledAccounts(node, box.emulator)).toMatchObject({
    reserved: [],
    checkpoint: [],
    rules: [],
    routes: [],
    links: [],
  });
});

test('a daemon that is killed finds its pods again, and asks EC2 for no address and no ENI', async () => {
  await startBoth();
  const held = await addPods(node, 'a', 'b', 'c');
  await node.stop('SIGKILL');
  const seenCount = box.emulator.journal.length;
  await node.start();
  const accounts = await settledAccounts(node, box.emulator);
  expect(accounts.reserved).toEqual(held.map(({ address }) => address).sort());
  const [newcomer] = await addPods(node, 'd');
  expect(newcomer?.address).toBe('2001:db8:0:1:1::3');
  for (const pod of pods.keys()) await ping(node.netns, pod.address);
  // The tags of the primary ENI, which the killed one may not have got to.
  expect(callsSince(seenCount).filter((operation) => operation !== 'CreateTags')).toEqual([]);
});

test('a daemon whose checkpoint is gone finds its pods in the kernel', async () => {
  await startBoth();
  const held = await addPods(node, 'a', 'b');
  await node.stop('SIGKILL');
  await mustRun(['rm', join(node.runDirectory, 'ipam.json')]);
  await node.start();
  const addresses = held.map(({ address }) => address).sort();
  expect((await readAccounts(node, box.emulator)).reserved).toEqual(addresses);
  const [newcomer] = await addPods(node, 'c');
  expect(addresses).not.toContain(newcomer?.address);
  for (const pod of [...pods.keys()]) {
    await ping(node.netns, pod.address);
    await deletePod(pod);
  }
  expect((await settledAccounts(node, box.emulator)).reserved).toEqual([]);
});

test('where the primary ENI’s subnet is closed to pods, they leave by another ENI', async () => {
  await movePodsToAnotherSubnet(box);
  await startBoth();
  const [pod] = await addPods(node, 'a');
  const [peer] = await addPods(other, 'b');
  if (pod === undefined || peer === undefined) throw new Error('pods lack');
  expect([pod.routeTableId, peer.routeTableId]).toEqual([2, 2]);
  expect(pod.address).toMatch(/^2001:db8:0:2:/);
  await ping(pod.netns, peer.address);
  await ping(node.netns, peer.address);
  await deletePod(pod);
  expect(await settledAccounts(node, box.emulator)).toMatchObject({ reserved: [], rules: [] });
});
