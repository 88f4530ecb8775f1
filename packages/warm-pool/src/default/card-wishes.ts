import type { Work } from '../action.ts';
import type { Refusal } from '../refusal.ts';
import type { Card } from './card.ts';
import { planGrowth } from './growth.ts';
import { planIdleEnis } from './idle-enis.ts';
import { planIpv6 } from './ipv6.ts';
import { makeRoom } from './make-room.ts';
import type { PoolNeed } from './need.ts';
import { remainderOf } from './remainder.ts';
import type { Situation } from './situation.ts';
import { planSurplus } from './surplus.ts';
import { planUnusable } from './unusable.ts';

/** What one card wants, before anybody asks whether EC2 may be bothered now. */
export interface CardWishes {
  readonly growth: readonly Work[];
  readonly shrinkage: readonly Work[];
  readonly refusals: readonly Refusal[];
}

/** Beyond what no pod can use, nothing is given back while anything is wanted or on its way. */
export function wishesOf(situation: Situation): CardWishes {
  const { card, figures, need, subnets } = situation;
  const grown = planGrowth(card, need, subnets);
  const growth =
    grown.actions.length > 0 ? grown.actions : makeRoom(situation, grown.placelessCount);
  const unusable = planUnusable(situation);
  const refusals = [...grown.refusals, ...unusable.refusals];
  if (growth.length > 0 || !isSettled(card, need)) {
    return { growth, shrinkage: unusable.actions, refusals };
  }
  const idle = planIdleEnis(remainderOf(card, figures), situation);
  const surplus = planSurplus(idle.remainder, situation);
  return {
    growth,
    shrinkage: [...unusable.actions, ...idle.actions, ...surplus.actions],
    refusals: [...refusals, ...idle.refusals, ...surplus.refusals],
  };
}

export function ipv6Wishes({ card, subnets }: Situation): CardWishes {
  const { actions, refusals } = planIpv6(card, subnets);
  return { growth: actions, shrinkage: [], refusals };
}

const isSettled = ({ coming, waitingCount }: Card, { shortfall }: PoolNeed): boolean =>
  shortfall === 0 &&
  waitingCount === 0 &&
  coming.eniCount + coming.singleCount + coming.prefixCount === 0;
