import { describe, expect, test } from '@jest/globals';
import { eni, limitsOf, NOW_MS, prefixTargets, stateOf, targetsOf } from '../decisions.fixture.ts';
import type { WarmTargets } from '../warm-targets.ts';
import { plan } from './plan.ts';
import { check } from './plan-cases.fixture.ts';

const YOUNG = { attachedAtMs: NOW_MS - 59_999 };
const customNetworking: WarmTargets = { ...targetsOf(1), customNetworking: true };
const m5Large = limitsOf(9, 3);

describe('an unmanaged ENI', () => {
  const unmanaged = eni({ id: 2, free: 5, rest: { kind: 'unmanaged' } });
  check([
    {
      name: 'takes a slot, and is neither grown nor counted nor deleted',
      state: stateOf([eni({ id: 1, reserved: 3 }), unmanaged], { waitingCount: 4 }),
      actions: [{ kind: 'create-eni', addressCount: 3, reason: 'pods-waiting' }],
      refusals: [{ reason: 'eni-limit', missingCount: 4, eniCount: 3, eniLimit: 3 }],
    },
    {
      name: 'stays when nothing is needed',
      state: stateOf([eni({ id: 1, free: 3 }), unmanaged]),
      actions: [],
    },
  ]);
});

describe('an excluded ENI', () => {
  const excluded = { kind: 'excluded' } as const;
  check([
    {
      name: 'has no address that counts as free, and is not grown',
      state: stateOf([eni({ id: 1, reserved: 3 }), eni({ id: 2, reserved: 1, rest: excluded })]),
      actions: [{ kind: 'create-eni', addressCount: 3, reason: 'below-warm-enis' }],
    },
    {
      name: 'gives back what is free, whatever the targets say, and keeps its pods',
      state: stateOf([
        eni({ id: 1, reserved: 3 }),
        eni({ id: 2, reserved: 1, free: 2, rest: excluded }),
      ]),
      limits: limitsOf(3, 2),
      actions: [
        {
          kind: 'unassign-addresses',
          eniId: 'eni-2',
          addresses: ['10.2.0.0', '10.2.0.1'],
          reason: 'unusable',
        },
      ],
      refusals: [{ reason: 'eni-limit', missingCount: 3, eniCount: 2, eniLimit: 2 }],
    },
    {
      name: 'gives back its empty prefixes',
      state: stateOf([eni({ id: 1, free: 3 }), eni({ id: 2, prefixPods: [1, 0], rest: excluded })]),
      actions: [
        {
          kind: 'unassign-prefixes',
          eniId: 'eni-2',
          prefixes: ['10.2.2.16/28'],
          reason: 'unusable',
        },
      ],
    },
    {
      name: 'is deleted when it serves nobody',
      state: stateOf([eni({ id: 1, free: 3 }), eni({ id: 2, free: 1, rest: excluded })]),
      actions: [{ kind: 'delete-eni', eniId: 'eni-2', reason: 'unusable' }],
    },
    {
      name: 'stays while an address of it cools',
      state: stateOf([
        eni({ id: 1, free: 3 }),
        eni({ id: 2, free: 1, cooling: 1, rest: excluded }),
      ]),
      actions: [],
      refusals: [{ reason: 'cooling', coolingCount: 1, eniId: 'eni-2' }],
    },
    {
      name: 'stays while it is young',
      state: stateOf([eni({ id: 1, free: 3 }), eni({ id: 2, rest: { ...excluded, ...YOUNG } })]),
      actions: [{ kind: 'wait', untilMs: NOW_MS + 1, reason: 'eni-too-young' }],
      refusals: [{ reason: 'eni-too-young', eniId: 'eni-2', untilMs: NOW_MS + 1 }],
    },
    {
      name: 'stays when it is the primary one, but for what is free',
      state: stateOf([eni({ id: 1, free: 1, rest: excluded }), eni({ id: 2, free: 3 })]),
      actions: [
        { kind: 'unassign-addresses', eniId: 'eni-1', addresses: ['10.1.0.0'], reason: 'unusable' },
      ],
    },
  ]);

  // Reference behaviour, "Room, caps, exclusion", rows 100–102: WE=2, L=10.
  test.each([
    { row: 100, secondaries: 0, isLow: true },
    { row: 101, secondaries: 1, isLow: true },
    { row: 102, secondaries: 2, isLow: false },
  ])('row $row: $secondaries others are too few is $isLow', ({ secondaries, isLow }) => {
    const enis = [2, 3].slice(0, secondaries).map((id) => eni({ id, free: 10 }));
    const state = stateOf([eni({ id: 1, rest: excluded }), ...enis]);
    expect(plan(state, targetsOf(2), limitsOf(10), NOW_MS).actions.length > 0).toBe(isLow);
  });
});

describe('a trunk ENI', () => {
  const trunk = { kind: 'trunk' } as const;
  const withTrunk: WarmTargets = { ...targetsOf(1), securityGroupsForPods: true };
  check([
    {
      name: 'serves pods, and is neither grown nor deleted',
      state: stateOf([eni({ id: 1, reserved: 3 }), eni({ id: 2, free: 1, rest: trunk })]),
      limits: limitsOf(3, 2),
      actions: [],
      refusals: [{ reason: 'eni-limit', missingCount: 2, eniCount: 2, eniLimit: 2 }],
    },
    {
      name: 'stays when its addresses are not needed, which go',
      state: stateOf([eni({ id: 1, free: 2 }), eni({ id: 2, free: 1, rest: trunk })]),
      targets: targetsOf(1, 2),
      actions: [
        {
          kind: 'unassign-addresses',
          eniId: 'eni-2',
          addresses: ['10.2.0.0'],
          reason: 'above-targets',
        },
      ],
    },
    {
      name: 'has a slot kept for it (row 93)',
      state: stateOf([eni({ id: 1, reserved: 9 }), eni({ id: 2, reserved: 6, free: 3 })]),
      targets: withTrunk,
      limits: m5Large,
      actions: [],
      refusals: [{ reason: 'eni-limit', missingCount: 6, eniCount: 3, eniLimit: 3 }],
    },
    {
      name: 'has no slot kept for it once it is there',
      state: stateOf([eni({ id: 1, reserved: 9 }), eni({ id: 2, rest: trunk })]),
      targets: withTrunk,
      limits: m5Large,
      actions: [{ kind: 'create-eni', addressCount: 9, reason: 'below-warm-enis' }],
    },
    {
      name: 'has no slot kept for it where the instance type cannot have one (row 94)',
      state: stateOf([eni({ id: 1, reserved: 9 }), eni({ id: 2, reserved: 6, free: 3 })]),
      targets: withTrunk,
      limits: { ...m5Large, maxBranchEnis: 0 },
      actions: [{ kind: 'create-eni', addressCount: 9, reason: 'below-warm-enis' }],
    },
  ]);
});

describe('an EFA ENI', () => {
  const efa = { kind: 'efa' } as const;
  check([
    {
      name: 'is grown',
      state: stateOf([eni({ id: 1, reserved: 3 }), eni({ id: 2, rest: efa })]),
      actions: [{ kind: 'assign-addresses', eniId: 'eni-2', count: 3, reason: 'below-warm-enis' }],
    },
    {
      name: 'is never deleted',
      state: stateOf([eni({ id: 1, free: 3 }), eni({ id: 2, free: 3, rest: efa })]),
      actions: [],
    },
  ]);
});

describe('with custom networking the primary ENI', () => {
  check([
    {
      name: 'serves nobody (row 97)',
      state: stateOf([eni({ id: 1 })]),
      targets: customNetworking,
      limits: m5Large,
      actions: [{ kind: 'create-eni', addressCount: 9, reason: 'below-warm-enis' }],
    },
    {
      name: 'leaves the rest to the others (row 98)',
      state: stateOf([eni({ id: 1 }), eni({ id: 2, reserved: 1, free: 8 })]),
      targets: customNetworking,
      limits: m5Large,
      actions: [{ kind: 'create-eni', addressCount: 9, reason: 'below-warm-enis' }],
    },
    {
      name: 'is all there is with MAX_ENI=1 (row 99)',
      state: stateOf([eni({ id: 1 })]),
      targets: { ...customNetworking, maxEnis: 1 },
      limits: m5Large,
      actions: [],
      refusals: [{ reason: 'eni-limit', missingCount: 9, eniCount: 1, eniLimit: 1 }],
    },
    {
      name: 'keeps the pods it had, and gives the rest back',
      state: stateOf([eni({ id: 1, reserved: 1, free: 1 }), eni({ id: 2, free: 9 })]),
      targets: customNetworking,
      limits: m5Large,
      actions: [
        { kind: 'unassign-addresses', eniId: 'eni-1', addresses: ['10.1.0.0'], reason: 'unusable' },
      ],
    },
  ]);
});

describe('an ENI all of whose addresses are draining', () => {
  const drained = eni({ id: 2, draining: 3 });
  const deletion = { kind: 'delete-eni', eniId: 'eni-2', reason: 'drained' } as const;
  check([
    {
      name: 'is deleted again: an earlier attempt has failed',
      state: stateOf([eni({ id: 1, free: 3 }), drained]),
      actions: [deletion],
    },
    {
      name: 'is deleted even while more is wanted, and not grown',
      state: stateOf([
        eni({ id: 1, reserved: 3 }),
        { ...drained, totalCount: 2, drainingCount: 2 },
      ]),
      limits: limitsOf(3, 2),
      actions: [deletion],
      refusals: [{ reason: 'eni-limit', missingCount: 3, eniCount: 2, eniLimit: 2 }],
    },
    {
      name: 'is deleted with its prefixes',
      state: stateOf([
        eni({ id: 1, prefixPods: [0] }),
        eni({
          id: 2,
          rest: {
            prefixes: [{ prefix: 'p', reservedCount: 0, coolingCount: 0, isDraining: true }],
          },
        }),
      ]),
      targets: prefixTargets(1),
      actions: [deletion],
    },
    {
      name: 'is left alone while an action is busy with it',
      state: stateOf([eni({ id: 1, free: 3 }), drained], {
        inFlight: [{ kind: 'delete-eni', eniId: 'eni-2' }],
      }),
      actions: [],
    },
    {
      name: 'is left alone while one address is not draining',
      state: stateOf([eni({ id: 1, free: 3 }), { ...drained, totalCount: 4, reservedCount: 1 }]),
      limits: limitsOf(4, 2),
      targets: targetsOf(1, 3),
      actions: [],
    },
    {
      name: 'is left alone when it is the primary one',
      state: stateOf([eni({ id: 1, draining: 3 }), eni({ id: 2, free: 3 })]),
      actions: [],
    },
    {
      name: 'is deleted even on an excluded subnet, or a trunk-less node, once it is old enough',
      state: stateOf([eni({ id: 1, free: 3 }), { ...drained, ...YOUNG }]),
      actions: [{ kind: 'wait', untilMs: NOW_MS + 1, reason: 'eni-too-young' }],
      refusals: [{ reason: 'eni-too-young', eniId: 'eni-2', untilMs: NOW_MS + 1 }],
    },
  ]);
});
