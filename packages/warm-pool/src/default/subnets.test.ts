import { describe } from '@jest/globals';
import { eni, limitsOf, NOW_MS, prefixTargets, stateOf, targetsOf } from '../decisions.fixture.ts';
import { check } from './plan-cases.fixture.ts';

const a = { subnetId: 'subnet-a' } as const;
const b = { subnetId: 'subnet-b' } as const;
const untilMs = NOW_MS + 60_000;

describe('a subnet', () => {
  check([
    {
      name: 'gives no more than it has, to all its ENIs together',
      state: stateOf([eni({ id: 1, rest: a }), eni({ id: 2, reserved: 1, rest: a })], {
        subnets: [{ ...a, freeCount: 5 }],
      }),
      targets: targetsOf(1, 9),
      limits: limitsOf(4, 2),
      actions: [
        { kind: 'assign-addresses', eniId: 'eni-1', count: 4, reason: 'below-warm-ips' },
        { kind: 'assign-addresses', eniId: 'eni-2', count: 1, reason: 'below-warm-ips' },
      ],
      refusals: [
        { reason: 'subnet-full', missingCount: 2 },
        { reason: 'eni-limit', missingCount: 2, eniCount: 2, eniLimit: 2 },
      ],
    },
    {
      name: 'gives a new ENI its primary address first',
      state: stateOf([eni({ id: 1, reserved: 3, rest: a })], {
        subnets: [{ ...a, freeCount: 3 }],
      }),
      targets: targetsOf(1, 3),
      limits: limitsOf(3, 2),
      actions: [{ kind: 'create-eni', addressCount: 2, ...a, reason: 'below-warm-ips' }],
      refusals: [{ reason: 'subnet-full', missingCount: 1 }],
    },
    {
      name: 'gives each of several new ENIs its primary address',
      state: stateOf([eni({ id: 1, reserved: 3, rest: a })], {
        subnets: [{ ...a, freeCount: 6 }],
      }),
      targets: targetsOf(1, 5),
      actions: [
        { kind: 'create-eni', addressCount: 3, ...a, reason: 'below-warm-ips' },
        { kind: 'create-eni', addressCount: 1, ...a, reason: 'below-warm-ips' },
      ],
      refusals: [{ reason: 'subnet-full', missingCount: 1 }],
    },
    {
      name: 'gives no more prefixes than it has, to all its ENIs together',
      state: stateOf(
        [1, 2, 3].map((id) => eni({ id, reserved: 1, rest: a })),
        {
          subnets: [{ ...a, freeCount: 32 }],
        },
      ),
      targets: prefixTargets(3),
      limits: limitsOf(2, 3),
      actions: ['eni-1', 'eni-2'].map((eniId) => ({
        kind: 'assign-prefixes' as const,
        eniId,
        prefixCount: 1,
        reason: 'below-warm-prefixes' as const,
      })),
      refusals: [{ reason: 'subnet-full', missingCount: 16 }],
    },
    {
      name: 'with two addresses left is one for a new ENI',
      state: stateOf([eni({ id: 1, reserved: 3, rest: a })], {
        subnets: [{ ...a, freeCount: 2 }],
      }),
      targets: targetsOf(1, 1),
      actions: [{ kind: 'create-eni', addressCount: 1, ...a, reason: 'below-warm-ips' }],
    },
    {
      name: 'with one address left is none for a new ENI',
      state: stateOf([eni({ id: 1, reserved: 3, rest: a })], {
        subnets: [{ ...a, freeCount: 1 }],
      }),
      targets: targetsOf(1, 1),
      actions: [],
      refusals: [{ reason: 'subnet-full', missingCount: 1 }],
    },
    {
      name: 'with seventeen addresses left has a prefix for a new ENI',
      state: stateOf([eni({ id: 1, prefixPods: [16, 16, 16], rest: a })], {
        subnets: [{ ...a, freeCount: 17 }],
      }),
      targets: prefixTargets(1),
      actions: [
        {
          kind: 'create-eni-with-prefixes',
          prefixCount: 1,
          networkCardIndex: 0,
          ...a,
          reason: 'below-warm-prefixes',
        },
      ],
    },
    {
      name: 'that is emptier comes first, then the one whose name does',
      state: stateOf([eni({ id: 1, reserved: 3 })], {
        subnets: [
          { subnetId: 'subnet-c', freeCount: 8 },
          { ...b, freeCount: 8 },
          { ...a, freeCount: 7 },
        ],
      }),
      targets: targetsOf(1, 9),
      limits: limitsOf(3, 4),
      actions: [
        { kind: 'create-eni', addressCount: 3, ...b, reason: 'below-warm-ips' },
        {
          kind: 'create-eni',
          addressCount: 3,
          subnetId: 'subnet-c',
          reason: 'below-warm-ips',
        },
        { kind: 'create-eni', addressCount: 3, ...a, reason: 'below-warm-ips' },
      ],
    },
    {
      name: 'that is closed to new ENIs still feeds those it has',
      state: stateOf([eni({ id: 1, reserved: 2, rest: a })], {
        subnets: [{ ...a, acceptsNewEnis: false }, b],
      }),
      targets: targetsOf(1, 2),
      actions: [
        { kind: 'assign-addresses', eniId: 'eni-1', count: 1, reason: 'below-warm-ips' },
        { kind: 'create-eni', addressCount: 1, ...b, reason: 'below-warm-ips' },
      ],
    },
    {
      name: 'that EC2 found full is not asked before its time, another one is',
      state: stateOf([eni({ id: 1, rest: a })], {
        subnets: [{ ...a, backoffUntilMs: untilMs }, b],
      }),
      targets: targetsOf(1, 2),
      actions: [{ kind: 'create-eni', addressCount: 2, ...b, reason: 'below-warm-ips' }],
    },
    {
      name: 'that is the only one is waited for',
      state: stateOf([eni({ id: 1, rest: a })], {
        subnets: [
          { ...a, backoffUntilMs: untilMs },
          { ...b, backoffUntilMs: untilMs + 1 },
        ],
      }),
      targets: targetsOf(1, 2),
      actions: [{ kind: 'wait', untilMs, reason: 'subnet-full' }],
      refusals: [{ reason: 'subnet-full', missingCount: 2, untilMs }],
    },
    {
      name: 'is asked again at its instant',
      state: stateOf([eni({ id: 1, rest: a })], { subnets: [{ ...a, backoffUntilMs: NOW_MS }] }),
      targets: targetsOf(1, 2),
      actions: [{ kind: 'assign-addresses', eniId: 'eni-1', count: 2, reason: 'below-warm-ips' }],
    },
    {
      name: 'has less to give while actions are under way',
      state: stateOf([eni({ id: 1, rest: a }), eni({ id: 2, rest: a })], {
        subnets: [{ ...a, freeCount: 5 }],
        inFlight: [
          { kind: 'assign-addresses', eniId: 'eni-1', count: 2 },
          { kind: 'create-eni', addressCount: 1, ...a },
        ],
      }),
      targets: targetsOf(1, 7),
      limits: limitsOf(3, 3),
      actions: [{ kind: 'assign-addresses', eniId: 'eni-2', count: 1, reason: 'below-warm-ips' }],
      refusals: [
        { reason: 'in-flight', missingCount: 1, eniId: 'eni-1' },
        { reason: 'in-flight', missingCount: 2 },
      ],
    },
    {
      name: 'of which nothing is known has room',
      state: stateOf([eni({ id: 1, rest: a })], { subnets: [{ ...b, freeCount: 0 }] }),
      targets: targetsOf(1, 2),
      actions: [{ kind: 'assign-addresses', eniId: 'eni-1', count: 2, reason: 'below-warm-ips' }],
    },
  ]);
});
