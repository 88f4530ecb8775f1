import { expect, test } from '@jest/globals';
import { eni, limitsOf, NOW_MS, prefixTargets, stateOf, targetsOf } from '../decisions.fixture.ts';
import type { MaxPodsLimits } from '../max-pods.ts';
import type { PoolEni } from '../pool-state.ts';
import type { WarmTargets } from '../warm-targets.ts';
import { planUpstream } from './plan-upstream.ts';

const idle = eni({ id: 2 });
const excluded = eni({ id: 2, rest: { kind: 'excluded' } });

const cases: readonly {
  readonly first: string;
  readonly enis: readonly PoolEni[];
  readonly targets: WarmTargets;
  readonly limits?: MaxPodsLimits;
  readonly goes: boolean;
}[] = [
  {
    first: 'assign-addresses',
    enis: [eni({ id: 1, reserved: 1, free: 1 }), idle],
    targets: targetsOf(1, 2),
    goes: true,
  },
  {
    first: 'create-eni',
    enis: [eni({ id: 1, reserved: 9 }), excluded],
    targets: targetsOf(1, 2),
    goes: true,
  },
  {
    first: 'assign-prefixes',
    enis: [eni({ id: 1, prefixPods: [16] }), idle],
    targets: prefixTargets(0, 1),
    goes: true,
  },
  {
    first: 'create-eni-with-prefixes',
    enis: [eni({ id: 1, prefixPods: [16] }), excluded],
    targets: prefixTargets(0, 1),
    limits: limitsOf(1, 3),
    goes: true,
  },
  {
    first: 'unassign-addresses',
    enis: [eni({ id: 1, free: 2 }), eni({ id: 2, free: 2 })],
    targets: targetsOf(1, 2),
    goes: false,
  },
  {
    // Quirk, trap 5: its last cooling addresses have just gone.
    first: 'unassign-addresses',
    enis: [eni({ id: 1, reserved: 2 }), eni({ id: 2, cooling: 2 })],
    targets: targetsOf(1, 0, 2),
    goes: true,
  },
  {
    first: 'unassign-prefixes',
    enis: [eni({ id: 1, prefixPods: [0] }), eni({ id: 2, prefixPods: [0] })],
    targets: prefixTargets(0, 16),
    goes: false,
  },
];

// Reference, §5.1: a cycle changes the pool and then looks for a spare ENI in what it has become.
test.each(cases)('after $first, with targets $targets, the second ENI goes: $goes', (one) => {
  const { enis, targets, limits = limitsOf(9, 3), first, goes } = one;
  const { actions } = planUpstream(stateOf(enis), targets, limits, NOW_MS);
  const kinds = actions.map(({ kind }) => kind);
  expect(kinds).toEqual(goes ? [first, 'delete-eni'] : [first]);
});
