import { readdir } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import {
  CURRENT_VERSION,
  convertResult,
  type NetworkConfList,
  parseConfList,
} from '@vpc-cni/cni-spec';
import { ping, seenSource } from './checks/probes.ts';
import { INTERVAL_MS, REPAIR_ENVIRONMENT, repairsOf } from './drift.fixture.ts';
import { installList, installPrograms, runInit, runtimeOf } from './installer.fixture.ts';
import { settledAccounts } from './invariants.ts';
import type { SandboxNode } from './node.ts';
import { mustRun, runCommand } from './run-command.ts';
import type { PodSandbox } from './runtime.ts';
import { createVpcInABox, type VpcInABox } from './vpc-in-a-box.ts';

// An IPv6 cluster, whose pods reach IPv4 by an address that only their node knows: the list as the installer writes it,
// the launcher under both names, and the daemon.

const IPV6 = { ENABLE_IPv6: 'true' };
/** Where the shipped list has the plugin keep its addresses. */
const GIVEN = '/run/cni/v6pd/egress-v4-ipam/aws-cni';

let box: VpcInABox;
let node: SandboxNode;
/** Without a daemon: somebody in the VPC. */
let peer: SandboxNode;
let sandboxes: PodSandbox[] = [];

const startDaemon = () => node.start({ ...REPAIR_ENVIRONMENT, IP_COOLDOWN_PERIOD: '1' });
const onNode = (script: string) => mustRun(['sh', '-ec', script], { netns: node.netns });
const onPod = (pod: PodSandbox, script: string) =>
  mustRun(['sh', '-ec', script], { netns: pod.netns });

beforeAll(async () => {
  box = await createVpcInABox({
    nodeCount: 2,
    instanceType: 't3.small',
    prefix: 'egress6',
    hasIpv6: true,
  });
  const [one, two] = box.nodes;
  if (one === undefined || two === undefined) throw new Error('the box has no two nodes');
  [node, peer] = [one, two];
  await runInit(node, IPV6);
  await startDaemon();
  await installPrograms(node);
});
afterAll(() => box?.close());

afterEach(async () => {
  await Promise.all(sandboxes.map((sandbox) => node.runtime.removeSandbox(sandbox)));
  sandboxes = [];
  await untilNothingIsLeft();
});

async function install(variables: Readonly<Record<string, string>> = {}): Promise<NetworkConfList> {
  const { raw } = await installList(node, { ...IPV6, ...variables });
  return parseConfList(JSON.stringify({ ...raw, disableCheck: false }));
}

async function newSandbox(podName: string): Promise<PodSandbox> {
  const sandbox = await node.runtime.createSandbox({ podNamespace: 'default', podName });
  sandboxes.push(sandbox);
  return sandbox;
}

const attachmentOf = ({ containerId, netns, podNamespace, podName }: PodSandbox) => ({
  containerId,
  netns,
  ifName: 'eth0',
  args: [
    ['IgnoreUnknown', '1'],
    ['K8S_POD_NAMESPACE', podNamespace],
    ['K8S_POD_NAME', podName],
  ] as const,
});

const add = async (list: NetworkConfList, pod: PodSandbox) =>
  convertResult(await runtimeOf(node).addList(list, attachmentOf(pod)), CURRENT_VERSION);
const check = (list: NetworkConfList, pod: PodSandbox) =>
  runtimeOf(node).checkList(list, attachmentOf(pod));
const del = (list: NetworkConfList, pod: PodSandbox) =>
  runtimeOf(node).delList(list, attachmentOf(pod));

/** Whom a server on the internet sees. */
const seenOutside = ({ netns: clientNetns }: PodSandbox) =>
  seenSource({
    clientNetns,
    serverNetns: box.fabric.internet.netnsPath,
    serverAddress: box.fabric.internet.address,
  });

const egressAddressOf = async (pod: PodSandbox) =>
  /inet (169\.254\.17\d\.\d+)/.exec(await onPod(pod, 'ip -4 -o addr show v4if0'))?.[1] ?? '';

const given = async () =>
  (await readdir(GIVEN).catch(() => [])).filter((name) => name.startsWith('169.254.'));
const wiring = () =>
  onNode('ip -br link; ip -4 route; ip -6 rule; ip -6 route; iptables-save -t nat');
/** Of a pod and its egress. */
const TRACES = /\beni[0-9a-f]{11}|veth[0-9a-f]{8}|169\.254\.17[2-5]\.|2001:db8:0:1:1:|CNI-E4-/;

/** In the kernel, on disk and in the daemon's book; it deletes links behind its answer. */
async function untilNothingIsLeft(): Promise<void> {
  for (let tries = 0; tries < 100 && TRACES.test(await wiring()); tries += 1) await sleep(20);
  expect(await wiring()).not.toMatch(TRACES);
  expect(await given()).toEqual([]);
  expect((await settledAccounts(node, box.emulator)).reserved).toEqual([]);
}

test('pods reach IPv4 by their node’s address, others by IPv6, and DEL leaves nothing', async () => {
  const list = await install();
  expect(list.plugins.map(({ type }) => type)).toEqual(['aws-cni', 'egress-cni', 'portmap']);
  expect(list.plugins[1]?.raw).toMatchObject({ enabled: 'true', nodeIP: node.primaryAddress });
  const [a, b] = [await newSandbox('a'), await newSandbox('b')];
  const { interfaces, ips } = await add(list, a);
  expect(interfaces.slice(-2).map(({ name }) => name)).toEqual([
    expect.stringMatching(/^veth[0-9a-f]{8}$/),
    'v4if0',
  ]);
  expect(ips).toEqual([expect.objectContaining({ address: expect.stringMatching(/^2001:db8:/) })]);
  const [addressOfB = ''] = (await add(list, b)).ips.map(({ address }) => address.split('/')[0]);
  expect(await given()).toHaveLength(2);

  for (const pod of [a, b]) {
    expect(await seenOutside(pod)).toBe(node.publicAddress);
    await ping(pod.netns, peer.ipv6Address);
    await check(list, pod);
  }
  const insideTheVpc = { serverNetns: peer.netns, serverAddress: peer.primaryAddress };
  expect(await seenSource({ clientNetns: a.netns, ...insideTheVpc })).toBe(node.primaryAddress);
  await ping(a.netns, addressOfB);
  await ping(peer.netns, addressOfB);

  for (const pod of [a, b]) await del(list, pod);
});

test('an egress address is its pod’s alone, not another pod’s way to it', async () => {
  const list = await install();
  const [a, b] = [await newSandbox('a'), await newSandbox('b')];
  for (const pod of [a, b]) await add(list, pod);
  const address = await egressAddressOf(b);
  await ping(b.netns, address);
  const tried = await runCommand(['ping', '-n', '-c', '1', '-W', '1', address], { netns: a.netns });
  expect(tried.exitCode).toBe(1);
  for (const pod of [a, b]) await del(list, pod);
});

test('the egress of a pod outlives a daemon that is killed, is no drift, and goes with the pod', async () => {
  const list = await install();
  const pod = await newSandbox('a');
  await add(list, pod);
  await node.stop('SIGKILL');
  expect(await seenOutside(pod)).toBe(node.publicAddress);
  await startDaemon();
  await sleep(2 * INTERVAL_MS);
  expect(await repairsOf(node)).toEqual({ host: 0, eni: 0, pod: 0 });
  await check(list, pod);
  expect(await seenOutside(pod)).toBe(node.publicAddress);
  await del(list, pod);
});

test('a pod that ends while the daemon is away leaves nothing once it is back', async () => {
  const list = await install();
  const pod = await newSandbox('a');
  await add(list, pod);
  await node.stop('SIGKILL');
  await del(list, pod);
  expect(await given()).toHaveLength(1);
  await startDaemon();
});

test('without egress, pods have no IPv4', async () => {
  const list = await install({ ENABLE_V4_EGRESS: 'false' });
  const pod = await newSandbox('a');
  await add(list, pod);
  expect(await onPod(pod, 'ip -4 route; ip -4 -o addr show dev eth0')).toBe('');
  expect(await onPod(pod, 'ip -br link')).not.toContain('v4if0');
  expect(await given()).toEqual([]);
  await del(list, pod);
});
