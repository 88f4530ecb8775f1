import type { PoolNeed } from './need.ts';
import type { PoolFigures } from './pool-figures.ts';
import type { PoolState } from './pool-state.ts';
import type { WarmTargets } from './warm-targets.ts';

/** All that one plan is made from. */
export interface Situation {
  readonly state: PoolState;
  readonly targets: WarmTargets;
  readonly figures: PoolFigures;
  readonly need: PoolNeed;
  readonly nowMs: number;
}
