import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { IPV6_PREFIX_SIZE } from '@vpc-cni/ipam';
import { enisView } from '../introspection.ts';
import { problemsOf } from './invariants.fixture.ts';
import type { Node } from './node.fixture.ts';
import { createWorld, type World } from './world.fixture.ts';

// A node of an IPv6 cluster: one /80 on its primary ENI, and pods with addresses out of it.

const ENVIRONMENT = {
  ENABLE_IPv4: 'false',
  ENABLE_IPv6: 'true',
  ENABLE_PREFIX_DELEGATION: 'true',
};
const PREFIX = '2001:db8:0:1:1::/80';
const HOUR_MS = 3_600_000;

let world: World;
beforeEach(async () => {
  world = await createWorld({ hasIpv6: true, environment: ENVIRONMENT });
});
afterEach(() => world.close());

async function started(): Promise<Node> {
  const node = await world.newNode();
  node.start();
  await world.settle(node.daemon.ready);
  return node;
}

const namesOf = (count: number, prefix = 'pod') =>
  Array.from({ length: count }, (_, n) => `${prefix}-${n}`);

/** Adds pods at once, and tells their addresses. */
async function add(node: Node, names: readonly string[]): Promise<readonly string[]> {
  const replies = await world.settle(Promise.all(names.map((name) => node.add(name))));
  return replies.map((reply) =>
    reply.kind === 'reserved' ? reply.reservations[0].address : JSON.stringify(reply),
  );
}

const changes = () => world.takeCalls().filter((name) => !name.startsWith('Describe'));

test('a new node gets one /80, and no pod after the first waits for EC2', async () => {
  const node = await started();
  const addresses = await add(node, namesOf(3));
  expect(addresses).toEqual(['2001:db8:0:1:1::', '2001:db8:0:1:1::1', '2001:db8:0:1:1::2']);
  expect(changes().filter((name) => name !== 'CreateTags')).toEqual(['AssignIpv6Addresses']);

  const startedAtMs = world.clock.nowMs();
  expect(new Set(await add(node, namesOf(200, 'more'))).size).toBe(200);
  expect(world.clock.nowMs() - startedAtMs).toBeLessThan(1_000);
  await world.clock.advance(HOUR_MS);
  expect(changes()).toEqual([]);
  expect(problemsOf(node)).toEqual([]);
  expect(world.violations).toEqual([]);
  await node.stop();
});

test('the introspection endpoint shows the /80 and who holds what of it', async () => {
  const node = await started();
  await add(node, ['web']);
  const { pool } = node.daemon;
  if (pool === undefined) throw new Error('the daemon is up');
  expect(enisView(pool.book, world.clock.nowMs())).toMatchObject({
    '0': {
      TotalIPs: IPV6_PREFIX_SIZE,
      AssignedIPs: 1,
      ENIs: {
        [node.instance.primaryEniId]: {
          AvailableIPv4Cidrs: {},
          IPv6Cidrs: {
            [PREFIX]: {
              Cidr: { IP: '2001:db8:0:1:1::', Mask: '/////////////wAAAAAAAA==' },
              IPAddresses: {
                '2001:db8:0:1:1::': { IPAMMetadata: { k8sPodName: 'web' } },
              },
              IsPrefix: true,
            },
          },
        },
      },
    },
  });
  await node.stop();
});

describe('a daemon that is killed', () => {
  test('is followed by one that knows its pods, and asks EC2 for no other prefix', async () => {
    const node = await started();
    const before = await add(node, namesOf(20));
    await world.settle(node.del('pod-0'));
    node.kill();
    world.takeCalls();
    node.start();
    await world.settle(node.daemon.ready);
    expect(await add(node, namesOf(20).slice(1))).toEqual(before.slice(1));
    const [fresh] = await add(node, ['next']);
    expect(before).not.toContain(fresh);
    await world.clock.advance(HOUR_MS);
    expect(changes()).toEqual([]);
    expect(problemsOf(node)).toEqual([]);
    expect(world.violations).toEqual([]);
    await node.stop();
  });

  test('loses no pod when the checkpoint is lost too, and gives away nothing used', async () => {
    const node = await started();
    const before = await add(node, namesOf(5));
    await world.settle(node.del('pod-4'));
    node.kill();
    node.site.disk.files.delete('ipam.json');
    node.start(undefined, { random: () => 0.5 });
    await world.settle(node.daemon.ready);
    const [fresh = ''] = await add(node, ['next']);
    expect(fresh).toBe('2001:db8:0:1:1:8000::');
    const held = node.daemon.pool?.book.reservations().map(({ address }) => address) ?? [];
    expect(held.sort()).toEqual([...before.slice(0, 4), fresh].sort());
    expect(world.violations).toEqual([]);
    await node.stop();
  });
});

test('a restart while EC2 does not answer serves pods with what the node knows', async () => {
  const node = await started();
  const before = await add(node, ['web']);
  await node.stop();
  await world.cloud.knobs.setUnavailable('ec2', true);
  node.start();
  await world.settle(node.daemon.ready);
  expect(await add(node, ['web', 'next'])).toEqual([...before, '2001:db8:0:1:1::1']);
  expect(world.violations).toEqual([]);
  await node.stop();
});

test('pods come and go for an hour, and none gets an address that has not rested', async () => {
  const node = await started();
  for (let round = 0; round < 30; round += 1) {
    await add(node, namesOf(4, `r${round}`));
    await world.clock.advance(60_000);
    for (const name of namesOf(4, `r${round}`)) await world.settle(node.del(name));
  }
  await world.clock.advance(60_000);
  expect(world.violations).toEqual([]);
  expect(problemsOf(node)).toEqual([]);
  await node.stop();
});

test('an excluded primary ENI is replaced by another ENI with a /80', async () => {
  const tags = { 'kubernetes.io/role/cni': '1' };
  const other = world.addSubnet('10.0.64.0/18', tags);
  await world.cloud.outside.tag(world.subnet.subnetId, { 'kubernetes.io/role/cni': '0' });
  const node = await started();
  const [address = ''] = await add(node, ['web']);
  expect(address).toMatch(/^2001:db8:0:2:/);
  const eni = world.cloud.describe().enis.find(({ subnetId }) => subnetId === other.subnetId);
  expect(eni).toMatchObject({ ipv6Addresses: ['2001:db8:0:2::10'], secondaryAddresses: [] });
  await world.clock.advance(60_000);
  expect(problemsOf(node)).toEqual([]);
  await node.stop();
});

describe('a node that cannot have IPv6 pods says why', () => {
  test('when its instance type has no prefixes', async () => {
    const node = await world.newNode(undefined, 'm4.large');
    node.start();
    await expect(world.settle(node.daemon.ready)).rejects.toThrow(/cannot have prefixes/);
  });

  test('while EC2 forbids to assign one', async () => {
    world.cloud.knobs.deny('AssignIpv6Addresses');
    const node = await started();
    const [reply] = await add(node, ['web']);
    expect(reply).toContain('"reason":"permission"');
    expect(reply).toContain('ec2:AssignIpv6Addresses');
    world.cloud.knobs.allow('AssignIpv6Addresses');
    await world.clock.advance(60_000);
    expect(await add(node, ['web'])).toEqual(['2001:db8:0:1:1::']);
    await node.stop();
  });
});
