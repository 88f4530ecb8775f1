import { basename } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { ping } from './checks/probes.ts';
import type { Pod, SandboxNode } from './node.ts';
import { mustRun, runCommand } from './run-command.ts';
import { createVpcInABox, type VpcInABox } from './vpc-in-a-box.ts';

// ENIs that somebody takes from a node while its pods use them. t3.small: 3 ENIs of 3 addresses.

let box: VpcInABox;
let node: SandboxNode;
let pods: Pod[];

const NO_MANAGE_TAG = 'node.k8s.amazonaws.com/no_manage';
/** The subnet's first address. */
const VPC_ROUTER = '10.0.32.1';

const environment = { IP_COOLDOWN_PERIOD: '1', AWS_VPC_K8S_CNI_ADD_WAIT: '2' };

beforeEach(async () => {
  box = await createVpcInABox({ nodeCount: 1, instanceType: 't3.small', prefix: 'lost' });
  const [only] = box.nodes;
  if (only === undefined) throw new Error('the box has no node');
  node = only;
  await node.start(environment);
  pods = [];
  for (let n = 0; n < 5; n++) pods.push(await node.addPod(`pod-${n}`));
});

afterEach(async () => {
  await Promise.all(pods.map((pod) => node.runtime.removeSandbox(pod)));
  await box.close();
});

/** Pods of a secondary ENI, and that ENI. */
function podsOfOneEni() {
  const tableId = pods.find(({ routeTableId }) => routeTableId !== 254)?.routeTableId;
  const held = pods.filter(({ routeTableId }) => routeTableId === tableId);
  const eni = box.emulator
    .describe()
    .enis.find(({ secondaryAddresses }) =>
      held.every(({ address }) => secondaryAddresses.some((one) => one === address)),
    );
  if (eni === undefined || held.length === 0) throw new Error('no pod is on a secondary ENI');
  return { eni, held, others: pods.filter((pod) => !held.includes(pod)) };
}

async function restart(): Promise<void> {
  await node.stop('SIGKILL');
  await node.start(environment);
}

interface PoolView {
  readonly enis: readonly { readonly eniId: string }[];
  readonly stranded: readonly { readonly address: string }[];
}

const pool = async () => (await node.introspect('/v1/pool')) as PoolView;

async function strandedAddresses(): Promise<readonly string[]> {
  return (await pool()).stranded.map(({ address }) => address).sort();
}

/** Fills the node up and gives back what the newcomers were given. */
async function addressesOfNewcomers(): Promise<readonly string[]> {
  const newcomers: Pod[] = [];
  for (let n = 0; n < 9; n++) {
    const pod = await node.addPod(`new-${n}`).catch(() => undefined);
    if (pod === undefined) break;
    newcomers.push(pod);
  }
  for (const pod of newcomers) await node.deletePod(pod);
  return newcomers.map(({ address }) => address);
}

const addressesOf = (some: readonly Pod[]) => some.map(({ address }) => address).sort();

async function expectNoTraceOf(gone: readonly Pod[]): Promise<void> {
  const queries = [
    ['ip', 'rule'],
    ['ip', 'route', 'show', 'table', 'all'],
    ['ip', '-o', 'link'],
  ];
  const look = async () =>
    (await Promise.all(queries.map((query) => mustRun(query, { netns: node.netns })))).join('\n');
  const words = gone.flatMap(({ address, hostLinkName }) => [`${address} `, hostLinkName]);
  for (let tries = 0; tries < 100; tries++) {
    const state = await look();
    if (!words.some((word) => state.includes(word))) break;
    await sleep(20);
  }
  const state = await look();
  expect(words.filter((word) => state.includes(word))).toEqual([]);
}

test('pods of an ENI that was tagged no_manage keep their addresses through restarts', async () => {
  const { eni, held, others } = podsOfOneEni();
  await box.emulator.outside.tag(eni.eniId, { [NO_MANAGE_TAG]: 'true' });
  await restart();
  await restart();
  expect(await strandedAddresses()).toEqual(addressesOf(held));
  for (const pod of pods) await ping(node.netns, pod.address);

  const newcomers = await addressesOfNewcomers();
  expect(newcomers.length).toBeGreaterThan(0);
  expect(newcomers.filter((address) => addressesOf(pods).includes(address))).toEqual([]);

  const [leaving, ...staying] = held;
  if (leaving === undefined) throw new Error('nobody leaves');
  await node.deletePod(leaving);
  await expectNoTraceOf([leaving]);

  await box.emulator.outside.untag(eni.eniId, [NO_MANAGE_TAG]);
  await restart();
  expect((await pool()).enis.map(({ eniId }) => eniId)).toContain(eni.eniId);
  expect(await strandedAddresses()).toEqual([]);
  for (const pod of [...staying, ...others]) await ping(node.netns, pod.address);
});

test('an ENI that was detached leaves the pool; its pods are told by CHECK and leave nothing behind', async () => {
  const { eni, held, others } = podsOfOneEni();
  await node.stop();
  await box.emulator.outside.detachEni(eni.eniId);
  await untilDetached(eni.eniId);
  await node.start(environment);

  expect(await strandedAddresses()).toEqual(addressesOf(held));
  expect((await pool()).enis.map(({ eniId }) => eniId)).not.toContain(eni.eniId);
  for (const pod of others) await ping(node.netns, pod.address);
  for (const pod of held) {
    expect(await node.runtime.cni('CHECK', pod, checkConf(pod))).toMatchObject({
      exitCode: 1,
      output: { code: 102, details: expect.stringContaining('not among the ENIs') },
    });
  }
  const newcomers = await addressesOfNewcomers();
  expect(newcomers.length).toBeGreaterThan(0);
  expect(newcomers.filter((address) => addressesOf(pods).includes(address))).toEqual([]);
  // It is not leaked: it may come back to its pods.
  expect(box.emulator.describe().enis.map(({ eniId }) => eniId)).toContain(eni.eniId);
  for (const pod of pods) await node.deletePod(pod);
  expect(await strandedAddresses()).toEqual([]);
  await expectNoTraceOf(pods);
});

test('an ENI that comes back in another slot brings its pods along', async () => {
  const { eni, held } = podsOfOneEni();
  const { instanceId } = eni;
  if (instanceId === undefined) throw new Error('the ENI is not attached');
  await node.stop();
  await box.emulator.outside.detachEni(eni.eniId);
  await untilDetached(eni.eniId);
  await box.emulator.outside.attachEni(eni.eniId, {
    instanceId,
    deviceIndex: 5,
  });
  await node.start(environment);

  expect(await strandedAddresses()).toEqual([]);
  const [pod] = held;
  if (pod === undefined) throw new Error('no pod');
  const rules = await mustRun(['ip', 'rule'], { netns: node.netns });
  expect(rules).toMatch(new RegExp(`1536:\\s+from ${pod.address} lookup 6`));
  expect(rules).not.toMatch(new RegExp(`from ${pod.address} lookup ${pod.routeTableId}`));
  expect(rules).not.toMatch(new RegExp(`from ${eni.primaryAddress} lookup ${pod.routeTableId}`));
  expect(await node.runtime.cni('CHECK', pod, checkConf(pod))).toMatchObject({ exitCode: 0 });
  await ping(pod.netns, VPC_ROUTER);
  await node.deletePod(pod);
  await expectNoTraceOf([pod]);
});

test('an ENI without a link does not keep the node from starting, and is used once the link is there', async () => {
  const { eni, held, others } = podsOfOneEni();
  const linkName = await linkOf(eni.mac);
  await node.stop();
  await mustRun(['ip', 'netns', 'add', 'parking']);
  try {
    await mustRun(['ip', 'link', 'set', linkName, 'netns', 'parking'], { netns: node.netns });
    await node.start(environment);
    expect(await strandedAddresses()).toEqual(addressesOf(held));
    for (const pod of others) await ping(node.netns, pod.address);
    await mustRun(['ip', '-n', 'parking', 'link', 'set', linkName, 'netns', basename(node.netns)]);
    for (let tries = 0; tries < 300 && (await strandedAddresses()).length > 0; tries++) {
      await sleep(100);
    }
    expect(await strandedAddresses()).toEqual([]);
    for (const pod of held) await ping(node.netns, pod.address);
  } finally {
    await runCommand(['ip', 'netns', 'del', 'parking']);
  }
});

const checkConf = (pod: Pod) => ({
  cniVersion: '0.4.0',
  name: 'aws-cni',
  type: 'aws-cni',
  prevResult: {
    cniVersion: '0.4.0',
    interfaces: [{ name: pod.hostLinkName }],
    ips: [{ version: '4', address: `${pod.address}/32`, interface: 0 }],
  },
});

async function linkOf(mac: string): Promise<string> {
  const links = await mustRun(['ip', '-br', 'link'], { netns: node.netns });
  const line = links.split('\n').find((words) => words.includes(mac)) ?? '';
  return line.split(/[\s@]/)[0] ?? '';
}

async function untilDetached(eniId: string): Promise<void> {
  const eni = () => box.emulator.describe().enis.find((one) => one.eniId === eniId);
  for (let tries = 0; tries < 200 && eni()?.instanceId !== undefined; tries++) await sleep(20);
}
