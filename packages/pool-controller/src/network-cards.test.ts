import { describe, expect, test } from '@jest/globals';
import type { DeskReply } from './address-desk.ts';
import { createFakeNode, type FakeNode, type FakeNodeOptions } from './fake-node.ts';

// A node of two network cards, of two ENIs with three addresses each.

const keyOf = (podName: string) => ({
  networkName: 'aws-cni',
  containerId: podName,
  interfaceName: 'eth0',
});

async function startedNode(options: FakeNodeOptions = {}): Promise<FakeNode> {
  const node = createFakeNode({
    maxEnis: 2,
    targets: { warmEniTarget: 0, warmIpTarget: 1 },
    networkCards: () => [0, 1],
    addressCooldownMs: 1_000,
    ...options,
  });
  await node.controller.adopt();
  node.controller.start();
  return node;
}

/** Lets time pass until the pool is as it should be. */
async function settledNode(options: FakeNodeOptions = {}): Promise<FakeNode> {
  const node = await startedNode(options);
  await node.clock.advance(20_000);
  return node;
}

const { signal } = new AbortController();

const add = (node: FakeNode, podName: string, onEveryCard = false): Promise<DeskReply> =>
  node.desk.reserve(keyOf(podName), {}, { signal, onEveryCard });

/** The cards that a reply has addresses of, or why it has none. */
const cardsOf = (reply: DeskReply) =>
  reply.kind === 'reserved'
    ? reply.reservations.map(({ networkCardIndex }) => networkCardIndex)
    : reply.reason;

async function answered(node: FakeNode, ...replies: readonly Promise<DeskReply>[]) {
  const all = Promise.all(replies);
  for (let passedMs = 0; passedMs < 60_000; passedMs += 500) await node.clock.advance(500);
  return (await all).map(cardsOf);
}

const growth = ({ calls }: FakeNode) => calls.filter((call) => /^(allocate|assign)/.test(call));

describe('the pool of a node with two network cards', () => {
  test('gets an ENI with one address on the empty one', async () => {
    const node = await settledNode({ targets: { warmIpTarget: 2 } });
    expect(growth(node).sort()).toEqual(['allocateEni 1 on card 1', 'assignAddresses eni-0 2']);
    expect(node.book.enis(node.clock.nowMs()).map(({ eniId }) => eniId)).toEqual([
      'eni-0',
      'eni-1.0',
    ]);
  });

  test('gets a prefix there in prefix mode, and keeps it', async () => {
    const node = await settledNode({
      targets: { assignmentMode: 'prefix', warmPrefixTarget: 1 },
    });
    await node.clock.advance(600_000);
    expect(growth(node).sort()).toEqual([
      'allocateEni with 1 prefixes on card 1',
      'assignPrefixes eni-0 1',
    ]);
    expect(node.calls.filter((call) => /^(unassign|free)/.test(call))).toEqual([]);
  });

  test('is on a card from when it becomes one of the pool’s', async () => {
    let networkCards = [0];
    const node = await settledNode({ networkCards: () => networkCards });
    expect(growth(node)).toEqual(['assignAddresses eni-0 1']);
    networkCards = [0, 1];
    await node.clock.advance(10_000);
    expect(growth(node)).toContain('allocateEni 1 on card 1');
  });

  test('keeps within the limit of each, less what is not its own', async () => {
    const node = await settledNode();
    expect(node.controller.maxEnis).toBe(4);
    node.unmanaged.add('eni-1.1');
    const [eni] = [...node.ec2.values()];
    if (eni === undefined) throw new Error('no ENI');
    const place = {
      eniId: 'eni-1.1',
      networkCardIndex: 1,
      deviceNumber: 1,
      isPrimary: false,
    } as const;
    node.ec2.set('eni-1.1', { ...eni, ...place, mac: '02:00:00:00:01:01' });
    await node.clock.advance(120_000);
    expect(node.controller.maxEnis).toBe(3);
  });
});

describe('a pod that asks for an address of every card', () => {
  test('gets one of each, under one key, and gives all of them back', async () => {
    const node = await settledNode();
    expect(await answered(node, add(node, 'p', true))).toEqual([[0, 1]]);
    expect(node.book.findAll(keyOf('p')).map(({ metadata }) => metadata.interfacesCount)).toEqual([
      2, 2,
    ]);
    expect(await answered(node, add(node, 'p', true))).toEqual([[0, 1]]);
    expect((await node.desk.release(keyOf('p'))).map((one) => one.networkCardIndex)).toEqual([
      0, 1,
    ]);
    expect(node.book.reservations()).toEqual([]);
  });

  test('waits until the last card has one, and holds nothing meanwhile', async () => {
    const node = await startedNode({ primaryAddressCount: 2 });
    const reply = add(node, 'p', true);
    await node.clock.advance(500);
    expect(node.book.reservations()).toEqual([]);
    expect(await answered(node, reply)).toEqual([[0, 1]]);
  });

  test('makes every card grow for those that wait', async () => {
    const node = await settledNode();
    const replies = ['a', 'b', 'c'].map((podName) => add(node, podName, true));
    expect(await answered(node, ...replies)).toEqual([
      [0, 1],
      [0, 1],
      [0, 1],
    ]);
  });

  test('is refused by the card that is full, which is named, and holds nothing', async () => {
    const node = await settledNode({ waitMs: 3_000 });
    for (const pod of ['a', 'b', 'c', 'd', 'e', 'f']) await answered(node, add(node, pod, true));
    const reserved = node.book.reservations().length;
    const reply = add(node, 'g', true);
    expect(await answered(node, reply)).toEqual(['eni-limit']);
    expect(await reply).toMatchObject({
      message: expect.stringContaining(
        'of 6 addresses on network card 0 of this node 6 are in use',
      ),
    });
    expect(node.book.reservations()).toHaveLength(reserved);
  });

  test('keeps nothing when it cannot be written down', async () => {
    const node = await settledNode();
    node.failCheckpoint(new Error('ENOSPC'));
    await expect(add(node, 'p', true)).rejects.toThrow('ENOSPC');
    expect(node.book.reservations()).toEqual([]);
  });

  test('of which an ENI is gone is told so', async () => {
    const node = await settledNode();
    await answered(node, add(node, 'p', true));
    node.book.loseEni('eni-1.0');
    expect(await answered(node, add(node, 'p', true), add(node, 'p'))).toEqual([
      'eni-absent',
      'eni-absent',
    ]);
  });
});

describe('a pod that asks for one address', () => {
  test('gets it of the first card that has one', async () => {
    const node = await settledNode({ primaryAddressCount: 1, maxEnis: 1, addressesPerEni: 2 });
    expect(await answered(node, add(node, 'a'))).toEqual([[0]]);
    expect(await answered(node, add(node, 'b'))).toEqual([[1]]);
    expect(await answered(node, add(node, 'b'))).toEqual([[1]]);
  });

  test('makes the next card grow where the first is full, for all that wait', async () => {
    const node = await settledNode({ maxEnis: 1, waitMs: 10_000 });
    for (const pod of ['a', 'b', 'c']) await answered(node, add(node, pod));
    const { length } = node.calls;
    const replies = ['d', 'e', 'f'].map((pod) => add(node, pod));
    expect(await answered(node, ...replies)).toEqual([[1], [1], [1]]);
    expect(node.calls.slice(length).filter((call) => call.includes('assign'))).toEqual([
      'assignAddresses eni-1.0 2',
    ]);
  });

  test('is refused once all cards are full', async () => {
    const node = await settledNode({ maxEnis: 1, waitMs: 3_000, addressesPerEni: 2 });
    expect(await answered(node, add(node, 'a'), add(node, 'b'))).toEqual([[0], [1]]);
    expect(await answered(node, add(node, 'c'))).toEqual(['eni-limit']);
  });
});
