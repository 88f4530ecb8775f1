import { expect, test } from '@jest/globals';
import type { EniId, EniSnapshot, SubnetId } from '@vpc-cni/ipam';
import type { StartedAction } from './action-ledger.ts';
import { codedError } from './fake-node.ts';
import { createFragmentedSubnets, subnetWithoutPrefix } from './no-free-prefix.ts';

const eni = (eniId: EniId, subnetId: SubnetId, isPrimary: boolean): EniSnapshot => ({
  eniId,
  subnetId,
  isPrimary,
  deviceNumber: 0,
  networkCardIndex: 0,
  routeTableId: 254,
  primaryAddress: '10.0.0.1',
  attachedAtMs: 0,
  addresses: [],
  freeAddresses: [],
  totalCount: 0,
  freeCount: 0,
  reservedCount: 0,
  coolingCount: 0,
  drainingCount: 0,
  prefixes: [],
});

const enis = [eni('eni-1', 'subnet-b', false), eni('eni-0', 'subnet-a', true)];

const assign = (eniId: string): StartedAction => ({
  kind: 'assign-prefixes',
  eniId,
  prefixCount: 1,
  reason: 'pods-waiting',
});
const create: StartedAction = {
  kind: 'create-eni-with-prefixes',
  prefixCount: 1,
  networkCardIndex: 0,
  reason: 'pods-waiting',
};

test.each([
  ['an ENI is meant', 'no-free-prefix', assign('eni-1'), 'subnet-b'],
  ['a new ENI is meant', 'no-free-prefix', create, 'subnet-a'],
  ['the ENI is not known any more', 'no-free-prefix', assign('eni-7'), undefined],
  ['something else failed', 'subnet-exhausted', assign('eni-1'), undefined],
])('the subnet that has no prefix, when %s', (_, code, action, expected) => {
  expect(subnetWithoutPrefix(codedError(code), action, enis)).toBe(expected);
});

test('a fragmented subnet is known as such for two minutes, the others are not', () => {
  const fragmented = createFragmentedSubnets();
  fragmented.note('subnet-b', 1_000);
  const isFragmentedAt = (nowMs: number) =>
    fragmented.hints(enis, nowMs).map(({ subnetId, isFragmented }) => [subnetId, isFragmented]);
  expect(isFragmentedAt(120_999)).toEqual([
    ['subnet-b', true],
    ['subnet-a', false],
  ]);
  expect(isFragmentedAt(121_000)).toEqual([
    ['subnet-b', false],
    ['subnet-a', false],
  ]);
});

test('new ENIs go to the subnet of the primary one alone', () => {
  const hints = createFragmentedSubnets().hints([...enis, ...enis], 0);
  expect(hints.map(({ subnetId, acceptsNewEnis }) => [subnetId, acceptsNewEnis])).toEqual([
    ['subnet-b', false],
    ['subnet-a', true],
  ]);
});
