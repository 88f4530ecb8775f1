import { afterEach, describe, expect, test } from '@jest/globals';
import {
  codedError,
  createFakeNode,
  type FakeNode,
  type FakeNodeOptions,
  primaryOf,
} from './fake-node.ts';

let node: FakeNode;

const prefixMode = { assignmentMode: 'prefix' } as const;

async function startNode({ targets, ...options }: FakeNodeOptions = {}): Promise<void> {
  node = createFakeNode({ targets: { ...prefixMode, ...targets }, ...options });
  await node.controller.adopt();
  node.controller.start();
}

afterEach(async () => {
  const stopping = node.controller.stop();
  await node.clock.advance(1);
  await stopping;
});

const keyOf = (containerId: string) => ({
  networkName: 'aws-cni',
  containerId,
  interfaceName: 'eth0',
});

/** Asks for so many pods at once, and gives them half a minute. */
async function startPods(count: number) {
  const { signal } = new AbortController();
  const asking = Array.from({ length: count }, (_, n) =>
    node.desk.reserve(keyOf(`pod-${n}`), {}, { signal }),
  );
  await node.clock.advance(30_000);
  const replies = await Promise.all(asking);
  return replies.map((reply) =>
    reply.kind === 'reserved' ? reply.reservations[0].address : `refused: ${reply.reason}`,
  );
}

const releasePod = (number: number) => node.desk.release(keyOf(`pod-${number}`));

/** What EC2 was asked to change. */
const changes = () => node.calls.filter((call) => !call.startsWith('describe'));

const blocks = () => {
  const { totalCount, prefixCount, drainingCount } = node.book.statistics(node.clock.nowMs());
  return { singles: totalCount - 16 * prefixCount, prefixes: prefixCount, drainingCount };
};

describe('growth', () => {
  test.each<[string, FakeNodeOptions, number, readonly string[]]>([
    ['an idle node gets one prefix', {}, 0, ['assignPrefixes eni-0 1']],
    [
      'where the instance type has none, single addresses',
      { hypervisor: 'xen' },
      0,
      ['assignAddresses eni-0 3'],
    ],
    [
      'as many prefixes as the targets ask for',
      { targets: { warmPrefixTarget: 2 } },
      0,
      ['assignPrefixes eni-0 2'],
    ],
    [
      'an ENI with its prefixes in one call when the others are full',
      { addressesPerEni: 2 },
      17,
      ['assignPrefixes eni-0 1', 'allocateEni with 1 prefixes'],
    ],
    [
      'one prefix where the subnet has not as many as wanted, then single addresses',
      { wholeBlockCount: 1, targets: { warmIpTarget: 18 } },
      0,
      [
        'assignPrefixes eni-0 2',
        'assignPrefixes eni-0 1',
        'assignPrefixes eni-0 1',
        'assignAddresses eni-0 2',
      ],
    ],
    [
      'single addresses at once where the subnet has no prefix',
      { wholeBlockCount: 0 },
      2,
      ['assignPrefixes eni-0 1', 'assignAddresses eni-0 3'],
    ],
  ])('%s', async (_, options, podCount, expected) => {
    await startNode(options);
    const addresses = await startPods(podCount);
    expect(changes()).toEqual(expected);
    expect(new Set(addresses).size).toBe(podCount);
    expect(addresses.filter((address) => address.startsWith('refused'))).toEqual([]);
  });

  test('an ENI with fewer prefixes where the subnet has not as many as wanted', async () => {
    await startNode({
      maxEnis: 2,
      addressesPerEni: 3,
      primaryPrefixCount: 2,
      wholeBlockCount: 3,
      targets: { warmIpTarget: 17 },
    });
    const addresses = await startPods(64);
    expect(changes()).toEqual([
      'allocateEni with 2 prefixes',
      'allocateEni with 1 prefixes',
      'assignPrefixes eni-1 1',
      'assignAddresses eni-1 1',
    ]);
    expect(addresses.filter((address) => !address.startsWith('refused'))).toHaveLength(49);
  });

  test('asks for a prefix again two minutes after there was none, and not before', async () => {
    await startNode({ wholeBlockCount: 0 });
    await node.clock.advance(10_000);
    node.setWholeBlocks(1);
    const before = changes().length;
    await node.clock.advance(100_000);
    expect(changes().slice(before)).toEqual([]);
    await node.clock.advance(20_000);
    expect(changes()[before]).toBe('assignPrefixes eni-0 1');
  });

  test.each([
    ['subnet-exhausted', 'refused: subnet-full'],
    ['throttled', 'refused: throttled'],
  ])('asks for neither less nor single addresses when EC2 answers %s', async (code, reply) => {
    const targets = { ...prefixMode, warmPrefixTarget: 2 };
    node = createFakeNode({ targets, waitMs: 10_000 });
    await node.controller.adopt();
    node.failNext('assignPrefixes', codedError(code), 1_000);
    node.controller.start();
    expect(await startPods(1)).toEqual([reply]);
    expect(changes().filter((call) => !/^assignPrefixes eni-0 [23]$/.test(call))).toEqual([]);
  });
});

describe('giving prefixes back', () => {
  const tooMany = { primaryPrefixCount: 3, targets: { warmPrefixTarget: 1 } };

  test('keeps them from pods while EC2 is asked, then forgets them', async () => {
    await startNode(tooMany);
    while (!node.calls.includes('unassignPrefixes eni-0 2')) await node.clock.advance(100);
    expect(blocks()).toEqual({ singles: 0, prefixes: 3, drainingCount: 32 });
    await node.clock.advance(2_000);
    expect(blocks()).toEqual({ singles: 0, prefixes: 1, drainingCount: 0 });
    expect(node.ec2.get('eni-0')?.prefixes).toHaveLength(1);
  });

  test('gives them to pods again when EC2 refuses, once it is sure to show it', async () => {
    await startNode(tooMany);
    node.failNext('unassignPrefixes', codedError('throttled'), 1_000);
    await node.clock.advance(20_000);
    expect(blocks()).toEqual({ singles: 0, prefixes: 3, drainingCount: 0 });
  });
});

describe('deleting an ENI', () => {
  /** Its prefix cannot be given back beforehand. */
  async function withIdleEni(): Promise<void> {
    node = createFakeNode({ targets: prefixMode, primaryPrefixCount: 1 });
    node.ec2.set('eni-1', {
      ...primaryOf(node),
      eniId: 'eni-1',
      isPrimary: false,
      deviceNumber: 1,
      prefixes: ['10.2.0.0/28'],
    });
    node.failNext('unassignPrefixes', codedError('unexpected'), 1_000);
    await node.controller.adopt();
    node.controller.start();
    while (!node.calls.includes('freeEni eni-1')) await node.clock.advance(500);
  }

  test('keeps its prefixes from pods while EC2 takes it away', async () => {
    await withIdleEni();
    expect(blocks()).toEqual({ singles: 0, prefixes: 2, drainingCount: 16 });
    await node.clock.advance(2_000);
    expect(blocks()).toEqual({ singles: 0, prefixes: 1, drainingCount: 0 });
  });

  test('that EC2 refuses gives its prefixes back to the pool, and is tried again', async () => {
    await withIdleEni();
    node.failNext('freeEni', codedError('unexpected'));
    await node.clock.advance(20_000);
    expect(blocks()).toEqual({ singles: 0, prefixes: 2, drainingCount: 0 });
    await node.clock.advance(60_000);
    expect([...node.ec2.keys()]).toEqual(['eni-0']);
  });

  test('that failed while nobody could find out what became of it is tried again', async () => {
    await withIdleEni();
    node.failNext('freeEni', codedError('unreachable'));
    node.failNext('describeEnis', codedError('unreachable'), 1_000);
    await node.clock.advance(5_000);
    expect(blocks()).toEqual({ singles: 0, prefixes: 2, drainingCount: 16 });
    await node.clock.advance(60_000);
    expect([...node.ec2.keys()]).toEqual(['eni-0']);
  });
});

test('a node that is switched to prefixes gives its single addresses back once they are free', async () => {
  await startNode({ primaryAddressCount: 2, maxEnis: 1 });
  const addresses = await startPods(2);
  expect(addresses).toEqual(['10.0.0.3', '10.0.0.4']);
  expect(blocks()).toMatchObject({ singles: 2, prefixes: 1 });
  for (const number of [0, 1]) await releasePod(number);
  await node.clock.advance(300_000);
  expect(blocks()).toEqual({ singles: 0, prefixes: 1, drainingCount: 0 });
});
