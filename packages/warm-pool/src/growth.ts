import type { Action, Refusal } from './action.ts';
import type { PoolNeed } from './need.ts';
import { comingTo, isBusy, isLeaving } from './pool-figures.ts';
import type { PoolEni, PoolState } from './pool-state.ts';
import type { Situation } from './situation.ts';
import { hasIpTargets } from './warm-targets.ts';

/** Growth, and what of it cannot be had. */
export interface Growth {
  readonly actions: readonly Action[];
  readonly refusals: readonly Refusal[];
}

/**
 * Spreads the shortfall over the node: room on the ENIs there are, then new ENIs, several at once
 * when the need is that large.
 *
 * Address targets are met exactly. `WARM_ENI_TARGET` counts in ENIs, so each ENI that is touched is
 * filled, as in the reference implementation; only max-pods may leave one partly empty.
 */
export function planGrowth({ state, targets, figures, need }: Situation): Growth {
  const { addressesPerEni } = figures;
  const order = new Order(need, hasIpTargets(targets) ? 'exactly' : 'by-whole-enis');
  const actions: Action[] = [];
  const refusals: Refusal[] = [];

  for (const eni of [...state.enis].sort(primaryThenOldest)) {
    if (isLeaving(eni, state.inFlight)) {
      continue;
    }
    const room = addressesPerEni - eni.totalCount - comingTo(eni, state.inFlight);
    const count = order.take(room);
    if (count > 0 && isBusy(eni, state.inFlight)) {
      refusals.push({ reason: 'in-flight', missingCount: count, eniId: eni.eniId });
    } else if (count > 0) {
      actions.push({ kind: 'assign-addresses', eniId: eni.eniId, count, reason: need.reason });
    }
  }

  const roomOnComingEnis = order.take(
    figures.comingEniCount * addressesPerEni - addressesOfComingEnis(state),
  );
  if (roomOnComingEnis > 0) {
    refusals.push({ reason: 'in-flight', missingCount: roomOnComingEnis });
  }

  const slots = figures.eniLimit - figures.eniCount - figures.comingEniCount;
  for (let slot = 0; slot < slots && order.missingCount > 0; slot++) {
    const addressCount = order.take(addressesPerEni);
    if (addressCount === 0) {
      break; // an instance type whose ENIs have no address for pods
    }
    actions.push({ kind: 'create-eni', addressCount, reason: need.reason });
  }
  if (order.missingCount > 0) {
    refusals.push({
      reason: 'eni-limit',
      missingCount: order.missingCount,
      eniCount: figures.eniCount + figures.comingEniCount,
      eniLimit: figures.eniLimit,
    });
  }
  return { actions, refusals };
}

/** What is still to be had while it is being spread over the ENIs. */
class Order {
  #missingCount: number;
  #limit: number;
  readonly #rounding: 'exactly' | 'by-whole-enis';

  constructor(need: PoolNeed, rounding: 'exactly' | 'by-whole-enis') {
    this.#missingCount = need.shortfall;
    this.#limit = need.growthLimit;
    this.#rounding = rounding;
  }

  get missingCount(): number {
    return this.#missingCount;
  }

  /** How many of `room` places to use. */
  take(room: number): number {
    if (this.#missingCount === 0 || room <= 0) {
      return 0;
    }
    const wanted = this.#rounding === 'exactly' ? this.#missingCount : this.#limit;
    const count = Math.min(room, wanted);
    this.#missingCount = Math.max(0, this.#missingCount - count);
    this.#limit -= count;
    return count;
  }
}

const addressesOfComingEnis = (state: PoolState): number =>
  state.inFlight.reduce(
    (total, action) => total + (action.kind === 'create-eni' ? action.addressCount : 0),
    0,
  );

function primaryThenOldest(a: PoolEni, b: PoolEni): number {
  return (
    Number(b.isPrimary) - Number(a.isPrimary) ||
    a.attachedAtMs - b.attachedAtMs ||
    (a.eniId < b.eniId ? -1 : 1)
  );
}
