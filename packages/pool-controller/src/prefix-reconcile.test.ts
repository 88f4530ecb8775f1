import { describe, expect, test } from '@jest/globals';
import { createFakeNode, type FakeNode, primaryOf } from './fake-node.ts';
import type { ObservedEni } from './ports.ts';

const key = { networkName: 'aws-cni', containerId: 'a', interfaceName: 'eth0' };
const HELD = '10.2.0.0/28';
const FREE = '10.2.0.16/28';
const NEW = '10.2.0.32/28';
const HELD_ADDRESS = '10.2.0.0';

const change = (node: FakeNode, eni: Partial<ObservedEni>) =>
  node.ec2.set('eni-0', { ...primaryOf(node), ...eni });

/** A node whose primary ENI has two prefixes, a pod in the first one, and a second ENI. */
async function nodeWithPod(): Promise<FakeNode> {
  const node = createFakeNode();
  change(node, { prefixes: [HELD] });
  await node.controller.adopt();
  node.book.reserve(key, {}, node.clock.nowMs());
  const eni = { eniId: 'eni-1', deviceNumber: 1, isPrimary: false, prefixes: [] } as const;
  node.ec2.set('eni-1', { ...primaryOf(node), ...eni });
  change(node, { prefixes: [HELD, FREE] });
  await node.controller.adopt();
  expect(node.book.find(key)?.address).toBe(HELD_ADDRESS);
  return node;
}

const prefixesOf = (node: FakeNode, eniId = 'eni-0') =>
  node.book
    .enis(node.clock.nowMs())
    .find((eni) => eni.eniId === eniId)
    ?.prefixes.map(({ prefix }) => prefix);

test('adopts the prefixes that EC2 assigns, not those that metadata shows', async () => {
  const node = createFakeNode({ primaryPrefixCount: 1 });
  node.metadata = [{ ...primaryOf(node), prefixes: [NEW] }];
  await node.controller.adopt();
  expect(prefixesOf(node)).toEqual(primaryOf(node).prefixes);
  expect(node.events).toContainEqual({
    kind: 'eni-adopted',
    eniId: 'eni-0',
    addressCount: 0,
    prefixCount: 1,
  });
});

describe('EC2 is asked', () => {
  const same: Partial<ObservedEni> = {};
  test.each<[string, Partial<ObservedEni>, (node: FakeNode) => void, boolean]>([
    ['not while metadata agrees with the book', same, () => {}, false],
    ['when metadata lacks a prefix', { prefixes: [HELD] }, () => {}, true],
    ['when metadata shows another prefix', { prefixes: [HELD, FREE, NEW] }, () => {}, true],
    ['when one has taken the place of another', { prefixes: [HELD, NEW] }, () => {}, true],
    ['when a prefix is to be given back', same, ({ book }) => book.drain('eni-0', [FREE]), true],
  ])('%s', async (_, shown, prepare, isAsked) => {
    const node = await nodeWithPod();
    prepare(node);
    node.metadata = [...node.ec2.values()].map((eni) =>
      eni.isPrimary ? { ...eni, ...shown } : eni,
    );
    const before = node.calls.length;
    await node.controller.adopt();
    expect(node.calls.slice(before)).toEqual(isAsked ? ['describeEnis eni-0'] : []);
    expect(prefixesOf(node)).toEqual([HELD, FREE]);
    expect(node.book.statistics(0)).toMatchObject({ drainingCount: 0, strandedCount: 0 });
  });
});

describe('a prefix', () => {
  test.each([
    ['that an operator assigned is taken over', [HELD, FREE, NEW], { added: [NEW] }],
    ['that an operator unassigned goes', [HELD], { removed: [FREE] }],
    ['that is gone under a pod strands it', [FREE], { stranded: [HELD] }],
  ] as const)('%s', async (_, prefixes, told) => {
    const node = await nodeWithPod();
    change(node, { prefixes });
    await node.controller.adopt();
    expect(prefixesOf(node)).toEqual(prefixes);
    const nothing = { added: [], removed: [], stranded: [] };
    expect(node.events.at(-1)).toEqual({
      kind: 'addresses-corrected',
      eniId: 'eni-0',
      ...nothing,
      ...told,
    });
    const isStranded = 'stranded' in told;
    expect(node.book.find(key)?.address).toBe(HELD_ADDRESS);
    expect(node.book.find(key)?.eni === undefined).toBe(isStranded);
  });

  test('that was to be given back goes when EC2 has taken it', async () => {
    const node = await nodeWithPod();
    node.book.drain('eni-0', [FREE]);
    change(node, { prefixes: [HELD] });
    await node.controller.adopt();
    expect(prefixesOf(node)).toEqual([HELD]);
  });

  test('that was moved to another ENI keeps its pods', async () => {
    const node = await nodeWithPod();
    const second = node.ec2.get('eni-1');
    if (second === undefined) throw new Error('no second ENI');
    change(node, { prefixes: [FREE] });
    node.ec2.set('eni-1', { ...second, prefixes: [HELD] });
    await node.controller.adopt();
    expect(prefixesOf(node, 'eni-1')).toEqual([HELD]);
    expect(node.book.find(key)).toMatchObject({ address: HELD_ADDRESS, eni: { eniId: 'eni-1' } });
  });

  test('that became a single address leaves that to its pod', async () => {
    const node = await nodeWithPod();
    change(node, { prefixes: [FREE], secondaryAddresses: [HELD_ADDRESS] });
    await node.controller.adopt();
    expect(node.book.find(key)?.eni).toMatchObject({ eniId: 'eni-0' });
  });
});
