import { expect, test } from '@jest/globals';
import type { EniId, IpAddress } from '@vpc-cni/ipam';
import { stillDoubted, unremembered, without } from './late-blocks.ts';

const eni = (eniId: EniId, ...secondaryAddresses: IpAddress[]) => ({
  eniId,
  secondaryAddresses,
  prefixes: [],
});
const ONE = 'eni-1' as EniId;
const TWO = 'eni-2' as EniId;

test.each([
  { name: 'nothing without a memory', remembered: [], doubted: [] },
  {
    name: 'nothing that was there before',
    remembered: [eni(ONE, '10.0.0.7', '10.0.0.8', '10.0.0.9')],
    doubted: [],
  },
  {
    name: 'what the last process had not',
    remembered: [eni(ONE, '10.0.0.7')],
    doubted: ['10.0.0.8'],
  },
  {
    name: 'what it had on another ENI',
    remembered: [eni(ONE), eni(TWO, '10.0.0.8')],
    doubted: ['10.0.0.7', '10.0.0.8'],
  },
])('metadata is doubted about $name', ({ remembered, doubted }) => {
  expect([...unremembered([eni(ONE, '10.0.0.7', '10.0.0.8')], remembered)]).toEqual(doubted);
});

test('what it has left out and shows again is believed', () => {
  const doubted = new Set(['10.0.0.7', '10.0.0.8'] as const);
  const shown = [eni(ONE, '10.0.0.7', '10.0.0.9')];
  expect([...stillDoubted(doubted, shown)]).toEqual(['10.0.0.7']);
  expect(without(eni(ONE, '10.0.0.8', '10.0.0.9'), stillDoubted(doubted, shown))).toEqual(
    eni(ONE, '10.0.0.8', '10.0.0.9'),
  );
});
