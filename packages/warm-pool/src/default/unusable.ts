import type { DeleteEni } from '../action.ts';
import type { Refusal } from '../refusal.ts';
import { type CountedEni, isDeletable, youngestFirst } from './counted-eni.ts';
import { staysForNow } from './idle-enis.ts';
import type { Situation } from './situation.ts';
import { type Return, returnOf } from './surplus.ts';

/** What goes whatever the targets say, and what of it cannot go yet. */
export interface Unusable {
  readonly actions: readonly (DeleteEni | Return)[];
  readonly refusals: readonly Refusal[];
}

/**
 * Finds what a card holds and no pod can get: ENIs whose deletion has failed after their addresses
 * had been drained, and what is free on excluded ENIs. It only takes slots and addresses of others,
 * so it goes even while something else is wanted.
 */
export function planUnusable(situation: Situation): Unusable {
  const actions: (DeleteEni | Return)[] = [];
  const refusals: Refusal[] = [];
  const { enis } = situation.card;
  for (const eni of enis.filter(isUnusable).sort(youngestFirst)) {
    const isIdle = eni.reservedCount === 0 && isDeletable(eni.eni.isPrimary, eni.kind);
    const refusal = isIdle ? staysForNow(eni, situation) : undefined;
    if (refusal !== undefined) {
      refusals.push(refusal);
    } else if (isIdle) {
      const reason = eni.isDrained ? 'drained' : 'unusable';
      actions.push({ kind: 'delete-eni', eniId: eni.eniId, reason });
    } else {
      const action = returnOf(eni, 'address', Number.POSITIVE_INFINITY, 'unusable');
      const other = returnOf(eni, 'prefix', Number.POSITIVE_INFINITY, 'unusable');
      actions.push(...[action ?? other].filter((one) => one !== undefined));
    }
  }
  return { actions, refusals };
}

const isUnusable = ({ kind, isBusy, isDrained }: CountedEni): boolean =>
  isDrained || (kind === 'excluded' && !isBusy);
