import { expect, test } from '@jest/globals';
import { managedCards } from './network-cards.ts';

const onCard = (networkCardIndex: number, ...kinds: ('managed' | 'unmanaged' | 'efa-only')[]) =>
  kinds.map((kind) => ({ networkCardIndex, kind }));

const primary = onCard(0, 'managed');

test.each([
  { name: 'that is empty', enis: [], isManaged: true },
  { name: 'with an ENI of the pool', enis: onCard(1, 'managed'), isManaged: true },
  { name: 'with an ENI of somebody else', enis: onCard(1, 'unmanaged'), isManaged: true },
  { name: 'for EFA alone', enis: onCard(1, 'efa-only'), isManaged: false },
  {
    name: 'with EFA and an ENI of the pool',
    enis: onCard(1, 'efa-only', 'managed'),
    isManaged: true,
  },
  {
    name: 'with EFA and an ENI of somebody else',
    enis: onCard(1, 'efa-only', 'unmanaged'),
    isManaged: false,
  },
])('a card $name is the pool’s: $isManaged', ({ enis, isManaged }) => {
  expect(managedCards([0, 1, 2], [...primary, ...enis])).toEqual(isManaged ? [0, 1, 2] : [0, 2]);
});

test('card 0 always is', () => {
  expect(managedCards([0], onCard(0, 'efa-only', 'unmanaged'))).toEqual([0]);
});
