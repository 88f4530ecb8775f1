import { describe, expect, test } from '@jest/globals';
import { eni, limitsOf, NOW_MS, prefixTargets, stateOf, targetsOf } from '../decisions.fixture.ts';
import type { PlanLimits } from '../plan-limits.ts';
import { plan } from './plan.ts';
import { check } from './plan-cases.fixture.ts';

const onCard = (networkCardIndex: number) => ({ networkCardIndex });
const full = eni({ id: 1, free: 3 });

describe('a network card above 0', () => {
  check([
    {
      name: 'gets an ENI with one address, whatever the targets say',
      state: stateOf([full], { managedCardIndexes: [0, 2] }),
      actions: [
        { kind: 'create-eni', addressCount: 1, networkCardIndex: 2, reason: 'below-warm-ips' },
      ],
    },
    {
      name: 'gets an ENI with one prefix in prefix mode',
      state: stateOf([eni({ id: 1, prefixPods: [0] })], { managedCardIndexes: [1] }),
      targets: prefixTargets(1),
      actions: [
        {
          kind: 'create-eni-with-prefixes',
          prefixCount: 1,
          networkCardIndex: 1,
          reason: 'below-warm-ips',
        },
      ],
    },
    {
      // Row 110: the reference gives the one empty prefix back and asks for it again, for ever.
      name: 'keeps its one empty prefix',
      state: stateOf([
        eni({ id: 1, prefixPods: [0] }),
        eni({ id: 2, prefixPods: [0], rest: onCard(1) }),
      ]),
      targets: prefixTargets(1),
      actions: [],
    },
    {
      name: 'keeps one address free beside its pods',
      state: stateOf([full, eni({ id: 2, reserved: 2, rest: onCard(1) })]),
      actions: [{ kind: 'assign-addresses', eniId: 'eni-2', count: 1, reason: 'below-warm-ips' }],
    },
    {
      name: 'gives back more than one free address',
      state: stateOf([full, eni({ id: 2, free: 3, rest: onCard(1) })]),
      actions: [
        {
          kind: 'unassign-addresses',
          eniId: 'eni-2',
          addresses: ['10.2.0.0', '10.2.0.1'],
          reason: 'above-targets',
        },
      ],
    },
    {
      name: 'serves the pods that wait for it',
      state: stateOf([full, eni({ id: 2, reserved: 1, rest: onCard(1) })], {
        waitingByCard: { 1: 1 },
      }),
      actions: [{ kind: 'assign-addresses', eniId: 'eni-2', count: 2, reason: 'pods-waiting' }],
    },
    {
      name: 'counts what is on its way to it, and not what goes elsewhere',
      state: stateOf([full], {
        managedCardIndexes: [1, 2],
        inFlight: [{ kind: 'create-eni', addressCount: 1, networkCardIndex: 1 }],
      }),
      actions: [
        { kind: 'create-eni', addressCount: 1, networkCardIndex: 2, reason: 'below-warm-ips' },
      ],
    },
    {
      name: 'does not exist where all its ENIs are unmanaged',
      state: stateOf([full, eni({ id: 2, rest: { ...onCard(1), kind: 'unmanaged' } })]),
      actions: [],
    },
    {
      name: 'does not take slots of card 0',
      state: stateOf([eni({ id: 1, reserved: 3 }), eni({ id: 2, free: 1, rest: onCard(1) })]),
      limits: limitsOf(3, 2),
      actions: [{ kind: 'create-eni', addressCount: 3, reason: 'below-warm-enis' }],
    },
  ]);

  // p5.48xlarge: two ENIs on card 0, one on some of the others.
  const limits: PlanLimits = {
    maxEnis: 2,
    addressesPerEni: 50,
    networkCards: [
      { networkCardIndex: 0, maxEnis: 2 },
      { networkCardIndex: 1, maxEnis: 1 },
    ],
  };

  test('has its own limit of ENIs where that is known', () => {
    const { cards } = plan(
      stateOf([full], { managedCardIndexes: [1, 2] }),
      targetsOf(1),
      limits,
      NOW_MS,
    );
    expect(cards.map(({ networkCardIndex, eniLimit }) => [networkCardIndex, eniLimit])).toEqual([
      [0, 2],
      [1, 1],
      [2, 2],
    ]);
  });

  test('is capped by MAX_ENI', () => {
    const targets = { ...targetsOf(1), maxEnis: 1 };
    const { cards } = plan(stateOf([full], { managedCardIndexes: [2] }), targets, limits, NOW_MS);
    expect(cards.map(({ eniLimit }) => eniLimit)).toEqual([1, 1]);
  });

  test('has refusals of its own', () => {
    const state = stateOf([full, eni({ id: 2, reserved: 49, rest: onCard(1) })]);
    const { refusals, refusalsByCard } = plan(state, targetsOf(1), limits, NOW_MS);
    const limit = { reason: 'eni-limit', missingCount: 1, eniCount: 1, eniLimit: 1 };
    expect(refusalsByCard[1]).toEqual([limit]);
    expect(refusalsByCard[0]).toEqual(refusals.filter(({ reason }) => reason !== 'eni-limit'));
  });
});
