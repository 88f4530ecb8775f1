import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { type AsUpstream, readAsUpstream } from '@vpc-cni/testing';
import { enisOf, podAddressesOf } from './ec2-view.fixture.ts';
import { problemsOf } from './invariants.fixture.ts';
import type { Node } from './node.fixture.ts';
import { createWorld, type World } from './world.fixture.ts';

// Pain 22: an upgrade, or going back, costs running pods their addresses, or the daemon a permission it lacks.

let world: World;
let node: Node;
/** EC2 assigned them to the node of an earlier release. */
let addresses: readonly string[];

const PODS = ['a', 'b'] as const;

beforeEach(async () => {
  world = await createWorld({ environment: { WARM_IP_TARGET: '2' } });
  node = await world.newNode();
  const { primaryEniId } = node.instance;
  await world.cloud.outside.assign(primaryEniId, { addressCount: 4 });
  addresses = enisOf(world.cloud, node.instance.instanceId).flatMap(podAddressesOf);
  for (const [n, podName] of PODS.entries()) {
    node.site.host.wire({ podName, address: addressAt(n) });
  }
});
afterEach(async () => {
  expect(world.violations).toEqual([]);
  await world.close();
});

function addressAt(n: number): `${number}.${number}.${number}.${number}` {
  const address = addresses[n];
  if (address === undefined) throw new Error(`the node has no address ${n}`);
  return address as ReturnType<typeof addressAt>; // the emulator's own
}

const TIME = '1718000000123456789';
const KEY = '"networkName":"aws-cni","containerID":"<pod>","ifName":"eth0"';
const POD = '"k8sPodNamespace":"default","k8sPodName":"<pod>"';
const ENTRY = `{${KEY},"ipv4":"<ip>","allocationTimestamp":${TIME},"metadata":{${POD},"interfacesCount":1}}`;

/** A checkpoint with an entry of this form for each pod. */
const fileOf = (entry: string, more = '') => {
  const entries = PODS.map((podName, n) =>
    entry.replaceAll('<pod>', podName).replaceAll('<ip>', addressAt(n)),
  );
  return `{"version":"vpc-cni-ipam/1","allocations":[${entries.join(',')}]${more}}\n`;
};

const held = () =>
  (node.daemon.pool?.book.reservations() ?? []).map(({ address, eni }) => [address, eni?.eniId]);
const atHome = () => PODS.map((_, n) => [addressAt(n), node.instance.primaryEniId]);

describe('a checkpoint of', () => {
  const cases: readonly { readonly of: string; readonly file: () => string }[] = [
    { of: 'the reference implementation', file: () => fileOf(ENTRY) },
    {
      of: 'its releases without a count of interfaces',
      file: () =>
        fileOf(`{${KEY},"ipv4":"<ip>","allocationTimestamp":${TIME},"metadata":{${POD}}}`),
    },
    {
      of: 'its releases that knew nothing of pods',
      file: () => fileOf(`{${KEY},"ipv4":"<ip>","allocationTimestamp":${TIME},"metadata":{}}`),
    },
    { of: 'its first releases', file: () => fileOf(`{${KEY},"ipv4":"<ip>"}`) },
    {
      of: 'pods that it took over from the runtime',
      file: () =>
        fileOf(
          `{"networkName":"_migrated-from-cri","containerID":"<pod>","ifName":"unknown","ipv4":"<ip>","allocationTimestamp":${TIME},"metadata":{}}`,
        ),
    },
    {
      of: 'a later release of it, with members that nobody knows yet',
      file: () =>
        fileOf(
          ENTRY.replace('"metadata":{', '"later":[1],"metadata":{"later":{},'),
          ',"later":{"a":null}',
        ),
    },
    {
      of: 'our first release, without intents and ENIs',
      file: () => fileOf(ENTRY, ',"recentReleases":[]'),
    },
    {
      of: 'a later release of ours',
      file: () =>
        fileOf(
          ENTRY,
          `,"recentReleases":[],"ec2Intents":[{"intentId":"i","atMs":1,"kind":"later","eniId":"eni-1"}],"enis":[{"eniId":"eni-1","role":"later","deviceNumber":9,"networkCardIndex":0,"blocks":[],"later":1}]`,
        ),
    },
    {
      of: 'somebody who formats his files',
      file: () => JSON.stringify(JSON.parse(fileOf(ENTRY.replace(TIME, '1718'))), null, 2),
    },
  ];

  test.each(cases)('$of is taken over, and its pods can leave', async ({ file }) => {
    node.site.disk.files.set('ipam.json', file());
    node.start();
    await world.clock.advance(30_000);
    expect(held()).toEqual(atHome());
    expect(await world.settle(node.add('new'))).toMatchObject({ kind: 'reserved' });
    await world.clock.advance(120_000);
    expect(problemsOfAll()).toEqual([]);
    for (const podName of PODS) await world.settle(node.del(podName));
    expect(held()).toHaveLength(1);
    await node.stop();
  });

  test('the reference implementation for another network card is left as it is', async () => {
    const another = fileOf(ENTRY.replace('<ip>', '10.0.9.9'));
    node.site.disk.files.set('ipam.json', fileOf(ENTRY)).set('ipam-nic-1.json', another);
    node.start();
    await world.clock.advance(30_000);
    expect(held()).toEqual(atHome());
    expect(node.site.disk.files.get('ipam-nic-1.json')).toBe(another);
    await node.stop();
  });

  test('a format of the future is moved aside, and the kernel tells who holds what', async () => {
    const future = fileOf(ENTRY).replace('ipam/1', 'ipam/2');
    node.site.disk.files.set('ipam.json', future);
    node.start();
    await world.clock.advance(30_000);
    expect(held()).toEqual(atHome());
    const aside = [...node.site.disk.files].filter(([name]) => name.includes('unreadable'));
    expect(aside).toEqual([[expect.stringMatching(/^ipam\.json\.unreadable-/), future]]);
    await node.stop();
  });
});

/** Pods of old releases have no name in the checkpoint; who they are does not matter then. */
const problemsOfAll = () =>
  problemsOf(node).filter((problem) => !/^(held and not wired|wired and not held)/.test(problem));

describe('the reference implementation, when it is back', () => {
  const fileNow = (): AsUpstream => readAsUpstream(node.site.disk.files.get('ipam.json'));

  test('finds every pod, whatever else we have written down', async () => {
    node.site.disk.files.set('ipam.json', fileOf(ENTRY));
    // With an address that cools down, and one on its way.
    const isFatal = (moment: string) => moment === 'EC2 AssignPrivateIpAddresses: after';
    node.start(undefined, { killAt: 0, isFatal });
    await world.clock.advance(30_000);
    await world.settle(Promise.all([node.add('c'), node.del('b')]));
    await world.clock.advance(15_000);
    expect(node.site.disk.files.get('ipam.json')).toMatch(/"releasedAtMs":.*"assign-addresses"/);
    const { allocations, ownMembers } = fileNow();
    expect(allocations.map(({ containerID, ipv4 }) => [containerID, ipv4])).toEqual([
      ['a', addressAt(0)],
      ['c', node.site.host.pods.get('c')?.address],
    ]);
    expect(allocations[0]).toEqual({
      networkName: 'aws-cni',
      containerID: 'a',
      ifName: 'eth0',
      ipv4: addressAt(0),
      allocationTimestamp: BigInt(TIME),
      metadata: { k8sPodNamespace: 'default', k8sPodName: 'a', interfacesCount: 1 },
    });
    expect(ownMembers).toEqual(['recentReleases', 'ec2Intents', 'enis']);
    expect(podAddressesOf(primaryEni())).toEqual(
      expect.arrayContaining(allocations.map(({ ipv4 }) => ipv4)),
    );
  });

  test('hands over again to us, and no pod has noticed', async () => {
    node.site.disk.files.set('ipam.json', fileOf(ENTRY));
    node.start();
    await world.clock.advance(30_000);
    await world.settle(node.add('c'));
    await node.stop();
    node.site.disk.files.set('ipam.json', fileNow().rewritten);
    node.start();
    await world.clock.advance(120_000);
    expect(problemsOf(node)).toEqual([]);
    await node.stop();
  });
});

function primaryEni() {
  const primary = enisOf(world.cloud, node.instance.instanceId).find(({ isPrimary }) => isPrimary);
  if (primary === undefined) throw new Error('no primary ENI');
  return primary;
}

describe('without the permission for', () => {
  const many = Array.from({ length: 12 }, (_, n) => `many-${n}`); // it takes another ENI

  test.each([
    { action: 'AssignPrivateIpAddresses', isAsked: true },
    { action: 'AttachNetworkInterface', isAsked: true },
    { action: 'CreateNetworkInterface', isAsked: true },
    { action: 'CreateTags', isAsked: true },
    { action: 'DeleteNetworkInterface', isAsked: true },
    { action: 'DescribeInstances', isAsked: false },
    { action: 'DescribeInstanceTypes', isAsked: false },
    { action: 'DescribeSubnets', isAsked: true },
    { action: 'DetachNetworkInterface', isAsked: true },
    { action: 'ModifyNetworkInterfaceAttribute', isAsked: true },
    { action: 'UnassignPrivateIpAddresses', isAsked: true },
  ] as const)(
    'ec2:$action a node serves its pods, and is well once it has it',
    async ({ action, isAsked }) => {
      node.site.disk.files.set('ipam.json', fileOf(ENTRY));
      world.cloud.knobs.deny(action);
      node.start();
      await world.clock.advance(30_000);
      expect(held()).toEqual(atHome());
      expect(await world.settle(node.add('c'))).toMatchObject({ kind: 'reserved' });
      await world.settle(Promise.all(many.map((podName) => node.add(podName))));
      await world.clock.advance(60_000);
      await world.settle(Promise.all(many.map((podName) => node.del(podName))));
      await world.clock.advance(600_000);
      expect(world.takeCalls().includes(action)).toBe(isAsked);
      const warnings = node.daemon.log.filter(({ level }) => level === 'warn');
      const named = warnings.filter(({ facts }) => JSON.stringify(facts).includes(action));
      expect(named.length > 0).toBe(isAsked);
      world.cloud.knobs.allow(action);
      await world.clock.advance(600_000);
      expect(held()).toEqual(expect.arrayContaining(atHome()));
      expect(problemsOf(node)).toEqual([]);
      await node.stop();
    },
  );

  test('ec2:DescribeNetworkInterfaces a node waits for it by name, and its pods notice nothing', async () => {
    node.site.disk.files.set('ipam.json', fileOf(ENTRY));
    world.cloud.knobs.deny('DescribeNetworkInterfaces');
    const pods = [...node.site.host.pods];
    node.start();
    await world.clock.advance(60_000);
    expect(node.daemon.phase).toEqual({
      name: 'reading the ENIs (IMDS and EC2)',
      failure: expect.stringContaining('ec2:DescribeNetworkInterfaces'),
    });
    expect([...node.site.host.pods]).toEqual(pods);
    world.cloud.knobs.allow('DescribeNetworkInterfaces');
    await world.clock.advance(120_000);
    expect(held()).toEqual(atHome());
    expect(problemsOf(node)).toEqual([]);
    await node.stop();
  });
});
