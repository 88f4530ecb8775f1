import { describe, expect, test } from '@jest/globals';
import type { Action } from '../action.ts';
import {
  type EniFigures,
  eni,
  limitsOf,
  NOW_MS,
  prefixTargets,
  stateOf,
  targetsOf,
} from '../decisions.fixture.ts';
import type { PoolEni, PoolState } from '../pool-state.ts';
import { plan } from './plan.ts';
import { check } from './plan-cases.fixture.ts';

describe('growth', () => {
  check([
    {
      name: 'fills the primary ENI of a new node',
      state: stateOf([eni({ id: 1 })]),
      actions: [{ kind: 'assign-addresses', eniId: 'eni-1', count: 3, reason: 'below-warm-enis' }],
    },
    {
      name: 'creates an ENI with its addresses when those there are full',
      state: stateOf([eni({ id: 1, reserved: 1, free: 2 })]),
      actions: [{ kind: 'create-eni', addressCount: 3, reason: 'below-warm-enis' }],
    },
    {
      name: 'creates several ENIs at once for pods that wait',
      state: stateOf([eni({ id: 1, reserved: 3 })], { waitingCount: 2 }),
      actions: [
        { kind: 'create-eni', addressCount: 3, reason: 'pods-waiting' },
        { kind: 'create-eni', addressCount: 3, reason: 'pods-waiting' },
      ],
    },
    {
      name: 'asks for the exact number with address targets',
      state: stateOf([eni({ id: 1, reserved: 2 })]),
      targets: targetsOf(1, 2),
      actions: [
        { kind: 'assign-addresses', eniId: 'eni-1', count: 1, reason: 'below-warm-ips' },
        { kind: 'create-eni', addressCount: 1, reason: 'below-warm-ips' },
      ],
    },
    {
      name: 'names the floor when that is what is missing most',
      state: stateOf([eni({ id: 1 })]),
      targets: targetsOf(1, 1, 3),
      actions: [{ kind: 'assign-addresses', eniId: 'eni-1', count: 3, reason: 'below-minimum' }],
    },
    {
      name: 'serves pods that wait even where MINIMUM_IP_TARGET alone would stop at the floor',
      state: stateOf([eni({ id: 1, reserved: 2 })], { waitingCount: 1 }),
      targets: targetsOf(1, 0, 2),
      actions: [{ kind: 'assign-addresses', eniId: 'eni-1', count: 1, reason: 'pods-waiting' }],
    },
    {
      name: 'does not take cooling addresses for free ones',
      state: stateOf([eni({ id: 1, reserved: 1, cooling: 2 })]),
      targets: targetsOf(1, 2),
      actions: [{ kind: 'create-eni', addressCount: 2, reason: 'below-warm-ips' }],
    },
    {
      name: 'counts what is on its way',
      state: stateOf([eni({ id: 1, reserved: 3 })], {
        waitingCount: 1,
        inFlight: [{ kind: 'create-eni', addressCount: 3 }],
      }),
      targets: targetsOf(1, 2),
      actions: [],
    },
    {
      name: 'leaves room on busy and coming ENIs for the action after the one under way',
      state: stateOf([eni({ id: 1, reserved: 1 })], {
        waitingCount: 6,
        inFlight: [
          { kind: 'assign-addresses', eniId: 'eni-1', count: 1 },
          { kind: 'create-eni', addressCount: 1 },
        ],
      }),
      targets: targetsOf(1, 1),
      actions: [{ kind: 'create-eni', addressCount: 2, reason: 'pods-waiting' }],
      refusals: [
        { reason: 'in-flight', missingCount: 1, eniId: 'eni-1' },
        { reason: 'in-flight', missingCount: 2 },
      ],
    },
    {
      name: 'leaves room for prefixes to the action after the one under way',
      state: stateOf([eni({ id: 1, prefixPods: [16] })], {
        waitingCount: 60,
        inFlight: [
          { kind: 'assign-prefixes', eniId: 'eni-1', prefixCount: 1 },
          { kind: 'create-eni-with-prefixes', prefixCount: 2, networkCardIndex: 0 },
        ],
      }),
      targets: prefixTargets(0, 20),
      limits: limitsOf(3, 2),
      actions: [],
      refusals: [
        { reason: 'in-flight', missingCount: 16, eniId: 'eni-1' },
        { reason: 'in-flight', missingCount: 16 },
      ],
    },
    {
      name: 'fills whole ENIs up to max-pods and no further',
      state: stateOf([eni({ id: 1 }), eni({ id: 2 })], { waitingCount: 1, maxPods: 5 }),
      actions: [
        { kind: 'assign-addresses', eniId: 'eni-1', count: 3, reason: 'pods-waiting' },
        { kind: 'assign-addresses', eniId: 'eni-2', count: 2, reason: 'pods-waiting' },
      ],
    },
    {
      name: 'does not grow an ENI that is being deleted, which still takes a slot',
      state: stateOf([eni({ id: 1, reserved: 3 }), eni({ id: 2, draining: 1 })], {
        inFlight: [{ kind: 'delete-eni', eniId: 'eni-2' }],
      }),
      limits: limitsOf(3, 2),
      actions: [],
      refusals: [{ reason: 'eni-limit', missingCount: 3, eniCount: 2, eniLimit: 2 }],
    },
  ]);
});

describe('the order of ENIs', () => {
  const old = (id: number, ageMs: number, reserved = 0): PoolEni =>
    eni({ id, reserved, free: 1, rest: { attachedAtMs: NOW_MS - ageMs } });
  const growthOf = (enis: readonly PoolEni[]) =>
    plan(stateOf(enis), targetsOf(1, 500), limitsOf(3, 4), NOW_MS).actions.map((action) =>
      'eniId' in action ? action.eniId : action.kind,
    );

  test('is primary, oldest, then by name where ENIs are filled', () => {
    const enis = [old(4, 70_000), old(3, 90_000), old(2, 70_000), old(1, 0)];
    expect(growthOf(enis)).toEqual(['eni-1', 'eni-3', 'eni-2', 'eni-4']);
  });

  test('is youngest, then by name where ENIs are deleted', () => {
    const enis = [old(1, 0), old(2, 90_000), old(4, 70_000), old(3, 70_000)];
    const { actions } = plan(stateOf(enis), targetsOf(1, 2), limitsOf(3, 4), NOW_MS);
    expect(actions.map((action) => 'eniId' in action && action.eniId)).toEqual(['eni-3', 'eni-4']);
  });

  test('is emptiest, youngest, then by name where addresses go back, the primary one last', () => {
    const enis = [old(1, 0), old(2, 90_000, 1), old(5, 70_000, 1), old(4, 70_000, 1), old(3, 0, 2)];
    const { actions } = plan(stateOf(enis), targetsOf(1, 0, 5), limitsOf(3, 5), NOW_MS);
    expect(actions.map((action) => 'eniId' in action && action.eniId)).toEqual([
      'eni-4',
      'eni-5',
      'eni-2',
      'eni-3',
      'eni-1',
    ]);
  });
});

describe('limits', () => {
  check([
    {
      name: 'stops at the number of ENIs',
      state: stateOf([eni({ id: 1, reserved: 3 }), eni({ id: 2, reserved: 2, free: 1 })]),
      targets: { ...targetsOf(1), maxEnis: 2 },
      actions: [],
      refusals: [{ reason: 'eni-limit', missingCount: 2, eniCount: 2, eniLimit: 2 }],
    },
    {
      name: 'MAX_ENI does not raise the limit of the instance',
      state: stateOf([eni({ id: 1, reserved: 3 })]),
      targets: { ...targetsOf(1), maxEnis: 9 },
      limits: limitsOf(3, 1),
      actions: [],
      refusals: [{ reason: 'eni-limit', missingCount: 3, eniCount: 1, eniLimit: 1 }],
    },
    {
      name: 'never asks for more addresses than the node can run pods',
      state: stateOf([eni({ id: 1, reserved: 3 })], { maxPods: 5 }),
      actions: [{ kind: 'create-eni', addressCount: 2, reason: 'below-warm-enis' }],
      refusals: [{ reason: 'at-max-pods', missingCount: 1, maxPods: 5, ceilingCount: 5 }],
    },
    {
      name: 'lets cooling addresses raise that ceiling: a full node with churn keeps working',
      state: stateOf([eni({ id: 1, reserved: 1, cooling: 2 })], { maxPods: 3, waitingCount: 2 }),
      actions: [{ kind: 'create-eni', addressCount: 2, reason: 'pods-waiting' }],
      refusals: [{ reason: 'at-max-pods', missingCount: 3, maxPods: 3, ceilingCount: 5 }],
    },
    {
      name: 'has nothing to offer where ENIs have no addresses for pods',
      state: stateOf([eni({ id: 1 })]),
      limits: { maxEnis: 2, addressesPerEni: 1 },
      actions: [],
      refusals: [{ reason: 'eni-limit', missingCount: 1, eniCount: 1, eniLimit: 2 }],
    },
    {
      name: 'does not point pods to what is cooling when something is free or coming for them',
      state: stateOf([eni({ id: 1, reserved: 2, free: 1, cooling: 2 })], {
        waitingCount: 2,
        nextCooledAtMs: NOW_MS + 7_000,
        inFlight: [{ kind: 'assign-addresses', eniId: 'eni-1', count: 1 }],
      }),
      targets: targetsOf(0, 0, 1),
      limits: limitsOf(6, 1),
      actions: [],
    },
    {
      name: 'does not wait for an instant that has come',
      state: stateOf([eni({ id: 1, reserved: 2, cooling: 1 })], {
        waitingCount: 1,
        nextCooledAtMs: NOW_MS,
      }),
      targets: targetsOf(0, 0, 1),
      limits: limitsOf(3, 1),
      actions: [],
      refusals: [
        { reason: 'eni-limit', missingCount: 1, eniCount: 1, eniLimit: 1 },
        { reason: 'cooling', coolingCount: 1, untilMs: NOW_MS },
      ],
    },
    {
      name: 'points waiting pods to what is cooling when nothing else can come',
      state: stateOf([eni({ id: 1, reserved: 2, cooling: 1 })], {
        waitingCount: 1,
        nextCooledAtMs: NOW_MS + 7_000,
      }),
      limits: limitsOf(3, 1),
      actions: [{ kind: 'wait', untilMs: NOW_MS + 7_000, reason: 'cooling' }],
      refusals: [
        { reason: 'eni-limit', missingCount: 4, eniCount: 1, eniLimit: 1 },
        { reason: 'cooling', coolingCount: 1, untilMs: NOW_MS + 7_000 },
      ],
    },
  ]);
});

describe('back-off', () => {
  const starving = stateOf([eni({ id: 1, reserved: 3 })], { waitingCount: 1 });
  const wealthy = stateOf([eni({ id: 1, reserved: 1, free: 3 })]);
  const untilMs = NOW_MS + 60_000;
  check([
    {
      name: 'asks nothing of a full subnet until the time is over',
      state: { ...starving, subnetBackoffUntilMs: untilMs },
      actions: [{ kind: 'wait', untilMs, reason: 'subnet-full' }],
      refusals: [{ reason: 'subnet-full', missingCount: 6, untilMs }],
    },
    {
      name: 'still gives back to a full subnet',
      state: { ...wealthy, subnetBackoffUntilMs: untilMs },
      targets: targetsOf(1, 2),
      limits: limitsOf(9),
      actions: [
        {
          kind: 'unassign-addresses',
          eniId: 'eni-1',
          addresses: ['10.1.0.0'],
          reason: 'above-targets',
        },
      ],
    },
    {
      name: 'asks nothing at all while throttled',
      state: { ...wealthy, throttledUntilMs: untilMs },
      targets: targetsOf(1, 2),
      limits: limitsOf(9),
      actions: [{ kind: 'wait', untilMs, reason: 'throttled' }],
      refusals: [{ reason: 'throttled', missingCount: 0, surplusCount: 1, untilMs }],
    },
    {
      name: 'holds a single wish back as well as many',
      state: stateOf([eni({ id: 1 })], { subnetBackoffUntilMs: untilMs }),
      actions: [{ kind: 'wait', untilMs, reason: 'subnet-full' }],
      refusals: [{ reason: 'subnet-full', missingCount: 3, untilMs }],
    },
    {
      name: 'counts prefixes by their addresses',
      state: stateOf([eni({ id: 1, prefixPods: [0, 0, 0] })], { throttledUntilMs: untilMs }),
      targets: prefixTargets(1),
      actions: [{ kind: 'wait', untilMs, reason: 'throttled' }],
      refusals: [{ reason: 'throttled', missingCount: 0, surplusCount: 32, untilMs }],
    },
    ...(['throttledUntilMs', 'subnetBackoffUntilMs'] as const).map((member) => ({
      name: `points waiting pods to what cools meanwhile: ${member}`,
      state: stateOf([eni({ id: 1, reserved: 1, cooling: 1 })], {
        waitingCount: 1,
        nextCooledAtMs: NOW_MS + 5,
        [member]: untilMs,
      }),
      targets: targetsOf(1, 1),
      limits: limitsOf(9, 1),
      actions: [{ kind: 'wait', untilMs: NOW_MS + 5, reason: 'cooling' } as const],
      refusals: [
        member === 'throttledUntilMs'
          ? ({ reason: 'throttled', missingCount: 2, surplusCount: 0, untilMs } as const)
          : ({ reason: 'subnet-full', missingCount: 2, untilMs } as const),
        { reason: 'cooling', coolingCount: 1, untilMs: NOW_MS + 5 } as const,
      ],
    })),
    {
      name: 'leaves a cordoned node as it is',
      state: { ...wealthy, isSchedulable: false },
      targets: targetsOf(1, 2),
      limits: limitsOf(9),
      actions: [],
      refusals: [{ reason: 'not-schedulable', missingCount: 0, surplusCount: 1 }],
    },
    {
      name: 'does not grow a cordoned node either',
      state: { ...starving, isSchedulable: false, subnetBackoffUntilMs: untilMs },
      limits: limitsOf(3, 4),
      actions: [],
      refusals: [{ reason: 'not-schedulable', missingCount: 6, surplusCount: 0 }],
    },
    {
      name: 'looks after a cordoned node when told to',
      state: { ...starving, isSchedulable: false },
      targets: { ...targetsOf(0), managesNonSchedulable: true },
      actions: [{ kind: 'create-eni', addressCount: 3, reason: 'pods-waiting' }],
    },
    {
      name: 'leaves the pool as it is while the daemon shuts down',
      state: { ...starving, isTerminating: true, isSchedulable: false },
      targets: { ...targetsOf(0), managesNonSchedulable: true },
      actions: [],
      refusals: [{ reason: 'terminating', missingCount: 3, surplusCount: 0 }],
    },
    {
      name: 'says nothing of back-offs when nothing is wanted',
      state: { ...wealthy, throttledUntilMs: untilMs, subnetBackoffUntilMs: untilMs },
      targets: targetsOf(1, 3),
      limits: limitsOf(9),
      actions: [],
    },
    {
      name: 'is over at its instant',
      state: { ...starving, throttledUntilMs: NOW_MS, subnetBackoffUntilMs: NOW_MS },
      limits: limitsOf(3, 2),
      actions: [{ kind: 'create-eni', addressCount: 3, reason: 'pods-waiting' }],
      refusals: [{ reason: 'eni-limit', missingCount: 1, eniCount: 2, eniLimit: 2 }],
    },
  ]);
});

describe('giving back', () => {
  const busyPrimary = eni({ id: 1, reserved: 1, free: 8 });
  const deletion: Action = { kind: 'delete-eni', eniId: 'eni-2', reason: 'idle-eni' };
  const m5 = limitsOf(9, 3);
  const twoWarm = [eni({ id: 1, free: 9 }), eni({ id: 2, reserved: 1, free: 8 })];
  const border = (rest: Partial<PoolState>) =>
    stateOf([eni({ id: 1, reserved: 9 }), eni({ id: 2, free: 9 }), eni({ id: 3, free: 9 })], rest);
  const idle = (figures: Omit<EniFigures, 'id'> = {}) =>
    stateOf([...twoWarm, eni({ id: 3, free: 9, ...figures })]);
  check([
    {
      name: 'deletes an idle ENI that the rest can do without',
      state: idle(),
      limits: m5,
      actions: [{ ...deletion, eniId: 'eni-3' }],
    },
    {
      name: 'gives back no single addresses without address targets',
      state: stateOf([busyPrimary, eni({ id: 2, reserved: 1, free: 8 })]),
      limits: m5,
      actions: [],
    },
    {
      name: 'keeps an ENI that is younger than a minute',
      state: idle({ rest: { attachedAtMs: NOW_MS - 59_999 } }),
      limits: m5,
      actions: [{ kind: 'wait', untilMs: NOW_MS + 1, reason: 'eni-too-young' }],
      refusals: [{ reason: 'eni-too-young', eniId: 'eni-3', untilMs: NOW_MS + 1 }],
    },
    {
      name: 'keeps an ENI while an address of it cools',
      state: { ...idle({ free: 8, cooling: 1 }), nextCooledAtMs: NOW_MS + 5 },
      limits: m5,
      actions: [{ kind: 'wait', untilMs: NOW_MS + 5, reason: 'cooling' }],
      refusals: [{ reason: 'cooling', coolingCount: 1, eniId: 'eni-3', untilMs: NOW_MS + 5 }],
    },
    {
      name: 'keeps an ENI that the next few pods would bring back',
      state: border({ lastReleasedAtMs: NOW_MS - 599_999 }),
      limits: m5,
      actions: [{ kind: 'wait', untilMs: NOW_MS + 1, reason: 'recent-churn' }],
      refusals: ['eni-2', 'eni-3'].map((eniId) => ({
        reason: 'recent-churn',
        keptCount: 9,
        eniId,
        untilMs: NOW_MS + 1,
      })),
    },
    {
      name: 'deletes it when no pod has left for ten minutes',
      state: border({ lastReleasedAtMs: NOW_MS - 600_000 }),
      limits: m5,
      actions: [deletion],
    },
    {
      name: 'keeps an ENI that another action is busy with',
      state: {
        ...idle(),
        inFlight: [{ kind: 'unassign-addresses', eniId: 'eni-3', addresses: [] }],
      },
      limits: m5,
      actions: [],
    },
    {
      name: 'gives nothing back while something is on its way',
      state: { ...idle(), inFlight: [{ kind: 'assign-addresses', eniId: 'eni-2', count: 1 }] },
      limits: m5,
      actions: [],
    },
    {
      name: 'empties secondary ENIs before the primary one, longest idle address first',
      state: stateOf([eni({ id: 1, reserved: 1, free: 3 }), eni({ id: 2, reserved: 1, free: 2 })]),
      targets: targetsOf(1, 2),
      limits: m5,
      actions: [
        {
          kind: 'unassign-addresses',
          eniId: 'eni-2',
          addresses: ['10.2.0.0', '10.2.0.1'],
          reason: 'above-targets',
        },
        {
          kind: 'unassign-addresses',
          eniId: 'eni-1',
          addresses: ['10.1.0.0'],
          reason: 'above-targets',
        },
      ],
    },
    {
      name: 'gives nothing back while an ENI with one address is on its way',
      state: { ...idle(), inFlight: [{ kind: 'create-eni', addressCount: 1 }] },
      limits: limitsOf(9, 4),
      actions: [],
    },
    {
      name: 'counts cooling addresses as held where there is a floor',
      state: stateOf([eni({ id: 1, reserved: 3, free: 2, cooling: 1 })]),
      targets: targetsOf(1, 0, 5),
      limits: m5,
      actions: [
        {
          kind: 'unassign-addresses',
          eniId: 'eni-1',
          addresses: ['10.1.0.0'],
          reason: 'above-targets',
        },
      ],
    },
    {
      name: 'keeps an ENI whose cooling addresses make up the floor',
      state: stateOf([eni({ id: 1, reserved: 3 }), eni({ id: 2, cooling: 2 })]),
      targets: targetsOf(1, 0, 4),
      limits: m5,
      actions: [],
    },
    {
      name: 'gives back whole prefixes only',
      state: stateOf([eni({ id: 1, prefixPods: [1, 0, 0] }), eni({ id: 2, prefixPods: [1, 0] })]),
      targets: prefixTargets(0, 40),
      limits: m5,
      actions: [
        {
          kind: 'unassign-prefixes',
          eniId: 'eni-2',
          prefixes: ['10.2.2.16/28'],
          reason: 'above-targets',
        },
        {
          kind: 'unassign-prefixes',
          eniId: 'eni-1',
          prefixes: ['10.1.2.16/28'],
          reason: 'above-targets',
        },
      ],
    },
    {
      name: 'keeps the last wholly free prefix, though enough addresses are free beside it',
      state: stateOf([eni({ id: 1, prefixPods: [8, 0] }), eni({ id: 2, prefixPods: [8, 0] })]),
      targets: prefixTargets(1),
      limits: m5,
      actions: [
        {
          kind: 'unassign-prefixes',
          eniId: 'eni-2',
          prefixes: ['10.2.2.16/28'],
          reason: 'above-targets',
        },
      ],
    },
    {
      name: 'keeps the ENI with the last wholly free prefix',
      state: stateOf([
        eni({ id: 1, prefixPods: [8, 8] }),
        eni({ id: 2, prefixPods: [0] }),
        eni({ id: 3, prefixPods: [0] }),
      ]),
      targets: prefixTargets(1),
      limits: m5,
      actions: [deletion],
    },
    {
      name: 'keeps nothing that the node could not run a pod with',
      state: stateOf([eni({ id: 1, reserved: 3, free: 2 })], { maxPods: 3 }),
      targets: targetsOf(1, 2),
      limits: m5,
      actions: [
        {
          kind: 'unassign-addresses',
          eniId: 'eni-1',
          addresses: ['10.1.0.0', '10.1.0.1'],
          reason: 'above-targets',
        },
      ],
    },
    {
      name: 'keeps some surplus for two minutes after a pod has left',
      state: stateOf([eni({ id: 1, reserved: 3, free: 6 })], {
        lastReleasedAtMs: NOW_MS - 100_000,
      }),
      targets: targetsOf(1, 2),
      limits: m5,
      actions: [
        {
          kind: 'unassign-addresses',
          eniId: 'eni-1',
          addresses: ['10.1.0.0', '10.1.0.1'],
          reason: 'above-targets',
        },
        { kind: 'wait', untilMs: NOW_MS + 20_000, reason: 'recent-churn' },
      ],
      refusals: [{ reason: 'recent-churn', keptCount: 2, untilMs: NOW_MS + 20_000 }],
    },
    {
      name: 'waits until more can go than are cooling, to give them back in one call',
      state: stateOf([eni({ id: 1, reserved: 1, free: 8, cooling: 4 })], {
        nextCooledAtMs: NOW_MS + 5,
      }),
      targets: targetsOf(1, 1),
      limits: limitsOf(14, 3),
      actions: [{ kind: 'wait', untilMs: NOW_MS + 5, reason: 'recent-churn' }],
      refusals: [{ reason: 'recent-churn', keptCount: 7, untilMs: NOW_MS + 5 }],
    },
    {
      name: 'gives them back when as many can go as are cooling',
      state: stateOf([eni({ id: 1, reserved: 1, free: 7, cooling: 3 })]),
      targets: targetsOf(1, 1),
      limits: limitsOf(14, 3),
      actions: [
        {
          kind: 'unassign-addresses',
          eniId: 'eni-1',
          addresses: ['10.1.0.0', '10.1.0.1', '10.1.0.2'],
          reason: 'above-targets',
        },
      ],
      refusals: [{ reason: 'recent-churn', keptCount: 3 }],
    },
  ]);
});

describe('address targets, while pods arrive', () => {
  const arriving = { lastReservedAtMs: NOW_MS - 1_000 };
  const wait: Action = { kind: 'wait', untilMs: NOW_MS + 9_000, reason: 'recent-arrivals' };
  const assigned = (count: number, reason: 'below-warm-ips' | 'pods-waiting' | 'below-minimum') =>
    ({ kind: 'assign-addresses', eniId: 'eni-1', count, reason }) as const;
  const limits = limitsOf(14, 2);
  const postponed = (missingCount: number) =>
    ({ reason: 'recent-arrivals', missingCount, untilMs: NOW_MS + 9_000 }) as const;
  check([
    {
      name: 'grow once more than half of the target is used up',
      state: stateOf([eni({ id: 1, reserved: 3, free: 1 })], arriving),
      targets: targetsOf(1, 4),
      limits,
      actions: [assigned(3, 'below-warm-ips')],
    },
    {
      name: 'do not grow before',
      state: stateOf([eni({ id: 1, reserved: 2, free: 2 })], arriving),
      targets: targetsOf(1, 4),
      limits,
      actions: [wait],
      refusals: [postponed(2)],
    },
    {
      name: 'grow at the latest ten seconds after the last pod',
      state: stateOf([eni({ id: 1, reserved: 2, free: 2 })], { lastReservedAtMs: NOW_MS - 10_000 }),
      targets: targetsOf(1, 4),
      limits,
      actions: [assigned(2, 'below-warm-ips')],
    },
    {
      name: 'grow at once when a pod waits',
      state: stateOf([eni({ id: 1, reserved: 2, free: 2 })], { ...arriving, waitingCount: 1 }),
      targets: targetsOf(1, 4),
      limits,
      actions: [assigned(3, 'below-warm-ips')],
    },
    {
      name: 'grow at once to the minimum, and no further',
      state: stateOf([eni({ id: 1, reserved: 2, free: 3 })], arriving),
      targets: targetsOf(1, 5, 6),
      limits,
      actions: [assigned(1, 'below-minimum'), wait],
      refusals: [postponed(1)],
    },
    {
      name: 'postpone nothing that the node could not run a pod with',
      state: stateOf([eni({ id: 1, reserved: 2, free: 2 })], { ...arriving, maxPods: 5 }),
      targets: targetsOf(1, 4),
      limits,
      actions: [wait],
      refusals: [
        { reason: 'at-max-pods', missingCount: 1, maxPods: 5, ceilingCount: 5 },
        postponed(1),
      ],
    },
    {
      name: 'WARM_ENI_TARGET does not wait: an ENI is a batch',
      state: stateOf([eni({ id: 1, reserved: 5, free: 9 })], arriving),
      targets: targetsOf(1),
      limits,
      actions: [{ kind: 'create-eni', addressCount: 14, reason: 'below-warm-enis' }],
    },
  ]);
});

describe('an idle ENI, while pods leave', () => {
  const churn = { lastReleasedAtMs: NOW_MS - 300_000 };
  const untilMs = NOW_MS + 300_000;
  const deletion: Action = { kind: 'delete-eni', eniId: 'eni-2', reason: 'idle-eni' };
  const kept = { reason: 'recent-churn', keptCount: 1, eniId: 'eni-2', untilMs } as const;
  const wait: Action = { kind: 'wait', untilMs, reason: 'recent-churn' };
  const idle = eni({ id: 2, free: 1 });
  // Nine slots: with WARM_ENI_TARGET the margin is two pods.
  const limits = limitsOf(9, 2);
  const prefixed = (isFragmented: boolean) =>
    stateOf(
      [
        eni({ id: 1, reserved: 6, prefixPods: [16], rest: { subnetId: 'subnet-1' } }),
        eni({ id: 2, rest: { subnetId: 'subnet-1' } }),
      ],
      { ...churn, subnets: [{ subnetId: 'subnet-1', isFragmented }] },
    );
  check([
    {
      name: 'goes when the others have just the room for two pods more',
      state: stateOf([eni({ id: 1, reserved: 6, free: 1 }), idle], churn),
      targets: targetsOf(0),
      limits,
      actions: [deletion],
    },
    {
      name: 'stays when they have room for one',
      state: stateOf([eni({ id: 1, reserved: 7, free: 1 }), idle], churn),
      targets: targetsOf(0),
      limits,
      actions: [wait],
      refusals: [kept],
    },
    {
      name: 'stays when cooling addresses take that room',
      state: stateOf([eni({ id: 1, reserved: 6, free: 1, cooling: 1 }), idle], churn),
      targets: targetsOf(0),
      limits,
      actions: [wait],
      refusals: [kept],
    },
    {
      name: 'goes with address targets when the others have room for twice the pods',
      state: stateOf([eni({ id: 1, reserved: 4, free: 1 }), idle], churn),
      targets: targetsOf(1, 1),
      limits,
      actions: [deletion],
    },
    {
      name: 'stays when they have not, and gives back what is too much',
      state: stateOf([eni({ id: 1, reserved: 5, free: 1 }), idle], churn),
      targets: targetsOf(1, 1),
      limits,
      actions: [
        {
          kind: 'unassign-addresses',
          eniId: 'eni-2',
          addresses: ['10.2.0.0'],
          reason: 'above-targets',
        },
        wait,
      ],
      refusals: [kept],
    },
    {
      name: 'goes when the others have room for as many pods more as an ENI has addresses',
      state: stateOf(
        [
          eni({ id: 1, reserved: 3, free: 1 }),
          idle,
          eni({ id: 3, reserved: 2 }),
          eni({ id: 4, reserved: 1 }),
        ],
        churn,
      ),
      targets: targetsOf(1, 1),
      limits: limitsOf(4, 4),
      actions: [deletion],
    },
    {
      name: 'goes when a prefix on the others makes the room',
      state: prefixed(false),
      targets: prefixTargets(0, 0, 1),
      limits,
      actions: [deletion],
    },
    {
      name: 'stays when there is no prefix for that',
      state: prefixed(true),
      targets: prefixTargets(0, 0, 1),
      limits,
      actions: [wait],
      refusals: [{ ...kept, keptCount: 0 }],
    },
  ]);
});

test('a plan carries the figures it was made from', () => {
  const state = stateOf(
    [eni({ id: 1, reserved: 1, free: 1, cooling: 1 }), eni({ id: 2, draining: 2 })],
    { waitingCount: 2, inFlight: [{ kind: 'create-eni', addressCount: 1 }], maxPods: 11 },
  );
  expect(plan(state, targetsOf(1), limitsOf(3, 3), NOW_MS).figures).toEqual({
    networkCardIndex: 0,
    assignmentMode: 'address',
    eniCount: 2,
    comingEniCount: 1,
    eniLimit: 3,
    addressesPerEni: 3,
    totalCount: 5,
    reservedCount: 1,
    coolingCount: 1,
    drainingCount: 2,
    freeCount: 1,
    comingCount: 1,
    waitingCount: 2,
    prefixCount: 0,
    freePrefixCount: 0,
    leftoverCount: 0,
    wantedFreeCount: 5,
    wantedFreePrefixCount: 0,
    floorCount: 0,
    shortfall: 3,
    postponedCount: 0,
    ownKindShortfall: 3,
    beyondCeilingCount: 0,
    growthLimit: 8,
    ceilingCount: 12,
    reason: 'below-warm-enis',
  });
});

test('the figures of prefixes count their addresses', () => {
  const leaving = { prefix: '10.9.0.0/28', reservedCount: 0, coolingCount: 0, isDraining: true };
  const cooling = { prefix: '10.9.0.16/28', reservedCount: 1, coolingCount: 2 };
  const other = eni({ id: 2, rest: { prefixes: [leaving, cooling] } });
  const state = stateOf([eni({ id: 1, reserved: 1, free: 2, prefixPods: [0, 3] }), other], {
    inFlight: [
      { kind: 'create-eni-with-prefixes', prefixCount: 2, networkCardIndex: 0 },
      { kind: 'assign-addresses', eniId: 'eni-1', count: 3 },
    ],
  });
  expect(plan(state, prefixTargets(5), limitsOf(9, 3), NOW_MS).figures).toMatchObject({
    addressesPerEni: 144,
    totalCount: 67,
    reservedCount: 5,
    coolingCount: 2,
    drainingCount: 16,
    freeCount: 44,
    comingEniCount: 1,
    comingCount: 35,
    prefixCount: 4,
    freePrefixCount: 3,
    leftoverCount: 5,
    wantedFreeCount: 80,
    wantedFreePrefixCount: 5,
    floorCount: 0,
    shortfall: 1,
    ownKindShortfall: 6,
    growthLimit: 421,
    ceilingCount: 502,
    reason: 'below-warm-prefixes',
  });
});

test('prefixes are wanted only as far as the node can run pods', () => {
  const state = stateOf([eni({ id: 1, prefixPods: [0] })], { maxPods: 20 });
  expect(plan(state, prefixTargets(3), limitsOf(9, 3), NOW_MS).figures).toMatchObject({
    wantedFreeCount: 20,
    wantedFreePrefixCount: 2,
    shortfall: 4,
    beyondCeilingCount: 28,
  });
});

describe('bad input', () => {
  const state = stateOf([eni({ id: 1 })]);
  const junk = [Number.NaN, -1, Number.POSITIVE_INFINITY];

  test.each(junk)('targets of %d count as not set', (value) => {
    const targets = {
      warmEniTarget: value,
      warmIpTarget: value,
      minimumIpTarget: value,
      warmPrefixTarget: value,
      maxEnis: value,
    };
    for (const assignmentMode of ['address', 'prefix'] as const) {
      expect(plan(state, { ...targets, assignmentMode }, limitsOf(3), NOW_MS)).toEqual(
        plan(state, { ...targetsOf(1), assignmentMode }, limitsOf(3), NOW_MS),
      );
    }
  });

  test('targets are cut to whole numbers', () => {
    expect(plan(state, targetsOf(1, 2.9), limitsOf(3), NOW_MS).figures.shortfall).toBe(2);
  });

  test.each(junk)('max-pods of %d means that nothing grows', (maxPods) => {
    const { actions } = plan({ ...state, maxPods }, targetsOf(1), limitsOf(3), NOW_MS);
    expect(actions).toEqual([]);
  });

  test.each(junk)('%d waiting pods are none', (waitingCount) => {
    const { figures } = plan({ ...state, waitingCount }, targetsOf(1, 1), limitsOf(3), NOW_MS);
    expect(figures).toMatchObject({ waitingCount: 0, shortfall: 1 });
  });

  test.each([
    { maxEnis: Number.NaN, addressesPerEni: 4 },
    { maxEnis: -1, addressesPerEni: 4 },
    { maxEnis: 1.5, addressesPerEni: 4 },
    { maxEnis: 3, addressesPerEni: 0 },
    { maxEnis: 3, addressesPerEni: '4' as unknown as number },
  ])('limits of $maxEnis ENIs and $addressesPerEni addresses are an error', (limits) => {
    expect(() => plan(state, targetsOf(1), limits, NOW_MS)).toThrow(
      expect.objectContaining({ code: 'invalid-limits' }),
    );
  });

  test('an instance without a slot for another ENI is none', () => {
    const { refusals } = plan(state, targetsOf(1), { maxEnis: 0, addressesPerEni: 1 }, NOW_MS);
    expect(refusals).toEqual([{ reason: 'eni-limit', missingCount: 1, eniCount: 1, eniLimit: 0 }]);
  });

  test('more reserved addresses than there are do not make free ones', () => {
    const strange = stateOf([{ ...eni({ id: 1 }), reservedCount: 5 }]);
    expect(plan(strange, targetsOf(1), limitsOf(3), NOW_MS).figures.freeCount).toBe(0);
  });
});
