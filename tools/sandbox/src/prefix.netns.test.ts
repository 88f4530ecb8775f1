import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { ping, seenSource } from './checks/probes.ts';
import { readAccounts, settledAccounts } from './invariants.ts';
import type { Pod, SandboxNode } from './node.ts';
import { until } from './until.fixture.ts';
import { createVpcInABox, type VpcInABox } from './vpc-in-a-box.ts';

// Prefix delegation under the real daemon and a real kernel. t3.small: 3 ENIs of 3 slots.

let box: VpcInABox;
let node: SandboxNode;
let other: SandboxNode;
let pods: Map<Pod, SandboxNode>;

const address = { IP_COOLDOWN_PERIOD: '1', AWS_VPC_K8S_CNI_ADD_WAIT: '5' };
const prefix = { ...address, ENABLE_PREFIX_DELEGATION: 'true', WARM_PREFIX_TARGET: '1' };

beforeEach(async () => {
  box = await createVpcInABox({ nodeCount: 2, instanceType: 't3.small', prefix: 'pd' });
  const [one, two] = box.nodes;
  if (one === undefined || two === undefined) throw new Error('the box has no two nodes');
  [node, other, pods] = [one, two, new Map()];
});

afterEach(async () => {
  await Promise.all([...pods].map(([pod, { runtime }]) => runtime.removeSandbox(pod)));
  await box.close();
});

async function addPods(count: number, on = node): Promise<readonly Pod[]> {
  const names = Array.from({ length: count }, (_, n) => `pod-${pods.size + n}`);
  const added = await Promise.all(names.map((name) => on.addPod(name)));
  for (const pod of added) pods.set(pod, on);
  return added;
}

async function deletePods(some: readonly Pod[]): Promise<void> {
  for (const pod of some) {
    await node.deletePod(pod);
    pods.delete(pod);
  }
}

/** Single addresses and prefixes that EC2 assigns to the node. */
async function blocks() {
  const { ec2 } = await readAccounts(node, box.emulator);
  return {
    prefixes: ec2.filter((block) => block.endsWith('/28')),
    singles: ec2.filter((block) => !block.includes('/')),
  };
}

/** The /28 an address is in. */
const prefixOf = (address: string) =>
  address.replace(/\d+$/, (host) => `${Number(host) - (Number(host) % 16)}/28`);

const addressesOf = (some: readonly Pod[]) => some.map(({ address }) => address).sort();

/** Waits until the pool is at rest, then compares everybody's word. */
async function expectAgreement(held: readonly Pod[]): Promise<void> {
  const accounts = await settledAccounts(node, box.emulator);
  expect(accounts.reserved).toEqual(addressesOf(held));
}

async function expectConnected(some: readonly Pod[]): Promise<void> {
  for (const pod of some) await ping(node.netns, pod.address);
}

test('pods get addresses of prefixes, reach everybody, and keep them when the daemon is killed', async () => {
  await Promise.all([node.start(prefix), other.start(prefix)]);
  // More than three prefixes hold: the last ones are on a secondary ENI.
  const held = [...(await addPods(30)), ...(await addPods(20))];
  const [peer] = await addPods(1, other);
  const near = held.find(({ routeTableId }) => routeTableId === 254);
  const far = held.find(({ routeTableId }) => routeTableId !== 254);
  if (near === undefined || far === undefined || peer === undefined) throw new Error('pods lack');
  const { prefixes, singles } = await blocks();
  expect(singles).toEqual([]);
  for (const pod of held) expect(prefixes).toContain(prefixOf(pod.address));

  await node.stop('SIGKILL');
  await node.start(prefix);
  await expectAgreement(held);
  await ping(near.netns, far.address);
  for (const pod of [near, far]) {
    await ping(pod.netns, peer.address);
    await ping(peer.netns, pod.address);
    const { internet } = box.fabric;
    const seen = await seenSource({
      clientNetns: pod.netns,
      serverNetns: internet.netnsPath,
      serverAddress: internet.address,
    });
    expect(seen).toBe(node.publicAddress);
  }
  const [newcomer] = await addPods(1);
  expect(addressesOf(held)).not.toContain(newcomer?.address);

  await deletePods([...pods.keys()].filter((pod) => pod !== peer));
  // One prefix stays in reserve.
  await until(async () => (await blocks()).prefixes.length === 1);
  await expectAgreement([]);
});

test('a subnet without a whole /28 gives single addresses, and a restart prefixes once it has one again', async () => {
  const [{ subnetId } = { subnetId: undefined }] = box.emulator.describe().subnets;
  if (subnetId === undefined) throw new Error('the box has no subnet');
  const taken = box.emulator.outside.fragment(subnetId);
  await node.start(prefix);
  const held = await addPods(4);
  expect(await blocks()).toMatchObject({ prefixes: [] });
  await expectConnected(held);
  await expectAgreement(held);

  box.emulator.outside.vacate(subnetId, taken);
  await node.stop('SIGKILL');
  await node.start(prefix);
  await until(async () => (await blocks()).prefixes.length > 0);
  await expectConnected(held);
  await expectAgreement(held);
});

test.each([
  ['to prefixes', address, prefix, 'singles', 'prefixes'],
  ['to single addresses', prefix, address, 'prefixes', 'singles'],
] as const)(
  'a node that is switched %s keeps its pods, and gives the old kind back when they go',
  async (_, before, after, old, fresh) => {
    await node.start(before);
    const held = await addPods(4);
    await node.stop();
    await node.start(after);
    await expectConnected(held);
    const newcomers = await addPods(3);
    await expectConnected(newcomers);
    await expectAgreement([...held, ...newcomers]);

    await deletePods([...pods.keys()]);
    await until(async () => (await blocks())[old].length === 0);
    expect((await blocks())[fresh]).not.toEqual([]);
    await expectAgreement([]);
  },
);
