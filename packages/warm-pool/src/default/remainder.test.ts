import { describe, expect, test } from '@jest/globals';
import {
  type EniFigures,
  eni,
  limitsOf,
  NOW_MS,
  prefixTargets,
  stateOf,
  targetsOf,
} from '../decisions.fixture.ts';
import type { InFlightAction, PoolState } from '../pool-state.ts';
import type { WarmTargets } from '../warm-targets.ts';
import { cardsOf } from './card.ts';
import { poolFigures } from './figures.ts';
import { type PoolNeed, poolNeed } from './need.ts';
import { meetsNeed, type Remainder, remainderOf, without } from './remainder.ts';

function startOf(state: PoolState, targets: WarmTargets) {
  const [card] = cardsOf(state, targets, limitsOf(9, 4));
  if (card === undefined) throw new Error('card 0 is always there');
  const figures = poolFigures(card);
  const need = poolNeed(figures, card, state, NOW_MS);
  return { card, need, start: remainderOf(card, figures) };
}

const figuresOf = ({ enis, ...figures }: Remainder) => ({
  ids: enis.map(({ eniId }) => eniId),
  ...figures,
});

const leaving = { kind: 'delete-eni', eniId: 'eni-3' } as const satisfies InFlightAction;

describe('what a card keeps', () => {
  test('is on ENIs that serve pods: not on those being deleted, nor on drained ones', () => {
    const enis = [
      eni({ id: 1, reserved: 2, free: 1, cooling: 1 }),
      eni({ id: 2, free: 3 }),
      eni({ id: 3, free: 2 }),
      eni({ id: 4, draining: 2 }),
    ];
    const { start } = startOf(stateOf(enis, { inFlight: [leaving] }), targetsOf(1, 2));
    expect(figuresOf(start)).toEqual({
      ids: ['eni-1', 'eni-2'],
      freeCount: 4,
      heldCount: 7,
      freePrefixCount: 0,
      leftoverCount: 0,
    });
  });

  const second: EniFigures = { id: 2, free: 2, cooling: 1, prefixPods: [0, 0, 5] };
  test.each([
    // In prefix mode the single addresses are leftovers, in address mode the two empty prefixes.
    { mode: 'prefix', targets: prefixTargets(1), before: 2, left: 0 },
    { mode: 'address', targets: targetsOf(1, 2), before: 32, left: 0 },
  ])('in $mode mode it is less by all that was on an ENI that goes', (one) => {
    const { card, start } = startOf(
      stateOf([eni({ id: 1, reserved: 4 }), eni(second)]),
      one.targets,
    );
    expect(figuresOf(start)).toEqual({
      ids: ['eni-1', 'eni-2'],
      freeCount: 2 + 16 + 16 + 11,
      heldCount: 4 + 2 + 1 + 48,
      freePrefixCount: 2,
      leftoverCount: one.before,
    });
    const [, gone] = start.enis;
    if (gone === undefined) throw new Error('two ENIs');
    expect(figuresOf(without(gone, start, card))).toEqual({
      ids: ['eni-1'],
      freeCount: 0,
      heldCount: 4 + 5, // its pods' addresses: an ENI with pods never goes
      freePrefixCount: 0,
      leftoverCount: one.left,
    });
  });
});

describe('what stays is enough', () => {
  const before: Remainder = {
    enis: [],
    freeCount: 50,
    heldCount: 60,
    freePrefixCount: 3,
    leftoverCount: 10,
  };
  const { need: anyNeed } = startOf(stateOf([eni({ id: 1 })]), targetsOf(1, 2));
  const need: PoolNeed = {
    ...anyNeed,
    wantedFreeCount: 20,
    floorCount: 30,
    wantedFreePrefixCount: 1,
  };
  const least: Remainder = {
    ...before,
    freeCount: 20,
    heldCount: 30,
    freePrefixCount: 1,
    leftoverCount: 0,
  };

  test.each<{ name: string; rest: Partial<Remainder>; had?: Partial<Remainder>; enough: boolean }>([
    { name: 'just what is wanted', rest: {}, enough: true },
    { name: 'a free address short', rest: { freeCount: 19 }, enough: false },
    { name: 'an address below the floor', rest: { heldCount: 29 }, enough: false },
    { name: 'no wholly free prefix', rest: { freePrefixCount: 0 }, enough: false },
    {
      name: 'none, where there was none',
      rest: { freePrefixCount: 0 },
      had: { freePrefixCount: 0 },
      enough: true,
    },
    { name: 'a leftover among the free ones', rest: { leftoverCount: 1 }, enough: false },
    {
      name: 'the same leftovers as before',
      rest: { leftoverCount: 10 },
      had: { freeCount: 20, heldCount: 30 },
      enough: true,
    },
    {
      name: 'a leftover below the floor',
      rest: { freeCount: 40, leftoverCount: 1 },
      enough: false,
    },
  ])('$name: $enough', ({ rest, had, enough }) => {
    expect(meetsNeed({ ...least, ...rest }, { ...before, ...had }, need)).toBe(enough);
  });
});
