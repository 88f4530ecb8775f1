import type { PoolState } from '../pool-state.ts';
import type { Card } from './card.ts';
import type { PoolFigures } from './figures.ts';
import type { PoolNeed } from './need.ts';
import type { Subnets } from './subnets.ts';

/** All that the plan of one network card is made from. */
export interface Situation {
  readonly card: Card;
  readonly figures: PoolFigures;
  readonly need: PoolNeed;
  readonly subnets: Subnets;
  readonly state: PoolState;
  readonly nowMs: number;
}
