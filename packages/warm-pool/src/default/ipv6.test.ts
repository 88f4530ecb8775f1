import { describe, expect, test } from '@jest/globals';
import { eni, limitsOf, NOW_MS, stateOf, targetsOf } from '../decisions.fixture.ts';
import { plan } from './plan.ts';
import { check } from './plan-cases.fixture.ts';

const targets = { ...targetsOf(1), addressFamily: 'ipv6' } as const;
const reason = 'no-ipv6-prefix' as const;
const served = eni({ id: 1, prefixPods: [3] });

describe('with IPv6', () => {
  check([
    {
      name: 'an ENI without a prefix gets one',
      state: stateOf([eni({ id: 1 })]),
      targets,
      actions: [{ kind: 'assign-prefixes', eniId: 'eni-1', prefixCount: 1, reason }],
    },
    {
      name: 'one prefix is enough, however many pods wait, and whatever the warm targets say',
      state: stateOf([served], { waitingCount: 200, maxPods: 110 }),
      targets: { ...targets, warmIpTarget: 50, minimumIpTarget: 500 },
      actions: [],
    },
    {
      name: 'every ENI has one, and none goes',
      state: stateOf([served, eni({ id: 2, prefixPods: [0] }), eni({ id: 3 })]),
      targets,
      actions: [{ kind: 'assign-prefixes', eniId: 'eni-3', prefixCount: 1, reason }],
    },
    {
      name: 'trunk and excluded ENIs get none, and busy ones are left alone',
      state: stateOf(
        [
          served,
          eni({ id: 2, rest: { kind: 'trunk' } }),
          eni({ id: 3, reserved: 1, rest: { kind: 'excluded' } }),
          eni({ id: 4 }),
        ],
        { inFlight: [{ kind: 'assign-prefixes', eniId: 'eni-4', prefixCount: 1 }] },
      ),
      targets,
      actions: [],
    },
    {
      name: 'a card without an ENI for pods gets one',
      state: stateOf([served], { managedCardIndexes: [0, 1] }),
      targets,
      actions: [{ kind: 'create-eni-with-prefixes', prefixCount: 1, networkCardIndex: 1, reason }],
    },
    {
      name: 'an excluded primary ENI is replaced, in the emptiest subnet',
      state: stateOf([eni({ id: 1, rest: { kind: 'excluded' } })], {
        subnets: [
          { subnetId: 'subnet-a', freeCount: 5 },
          { subnetId: 'subnet-b', freeCount: 9 },
        ],
      }),
      targets,
      actions: [
        {
          kind: 'create-eni-with-prefixes',
          prefixCount: 1,
          networkCardIndex: 0,
          subnetId: 'subnet-b',
          reason,
        },
      ],
    },
    {
      name: 'that ENI is waited for',
      state: stateOf([eni({ id: 1, rest: { kind: 'excluded' } })], {
        inFlight: [{ kind: 'create-eni-with-prefixes', prefixCount: 1, networkCardIndex: 0 }],
      }),
      targets,
      actions: [],
    },
    {
      name: 'it needs a slot',
      state: stateOf([eni({ id: 1, rest: { kind: 'excluded' } })]),
      targets,
      limits: limitsOf(3, 1),
      actions: [],
      refusals: [{ reason: 'eni-limit', missingCount: 1, eniCount: 1, eniLimit: 1 }],
    },
    {
      name: 'it waits for a subnet that EC2 found full',
      state: stateOf([eni({ id: 1, rest: { kind: 'excluded' } })], {
        subnets: [{ subnetId: 'subnet-a', backoffUntilMs: NOW_MS + 5 }],
      }),
      targets,
      actions: [{ kind: 'wait', untilMs: NOW_MS + 5, reason: 'subnet-full' }],
      refusals: [{ reason: 'subnet-full', missingCount: 1, untilMs: NOW_MS + 5 }],
    },
    {
      name: 'each new ENI takes an address of its subnet',
      state: stateOf([served], {
        managedCardIndexes: [1, 2],
        subnets: [{ subnetId: 'subnet-a', freeCount: 3 }],
      }),
      targets,
      actions: [1, 2].map((networkCardIndex) => ({
        kind: 'create-eni-with-prefixes' as const,
        prefixCount: 1,
        networkCardIndex,
        subnetId: 'subnet-a',
        reason,
      })),
    },
    {
      name: 'it needs a subnet',
      state: stateOf([eni({ id: 1, rest: { kind: 'excluded' } })], {
        subnets: [{ subnetId: 'subnet-a', freeCount: 0 }],
      }),
      targets,
      actions: [],
      refusals: [{ reason: 'subnet-full', missingCount: 1 }],
    },
  ]);

  test('the figures count the addresses of a /80', () => {
    const { figures, refusals } = plan(
      stateOf([served], { waitingCount: 3, maxPods: 4 }),
      targets,
      limitsOf(3),
      NOW_MS,
    );
    expect(figures).toMatchObject({
      assignmentMode: 'prefix',
      totalCount: 2 ** 48,
      freeCount: 2 ** 48 - 3,
      wantedFreeCount: 1,
      wantedFreePrefixCount: 0,
      floorCount: 0,
      shortfall: 0,
    });
    expect(refusals).toEqual([]);
  });
});
