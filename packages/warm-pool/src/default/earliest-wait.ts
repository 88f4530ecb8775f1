import type { Wait } from '../action.ts';
import type { Refusal } from '../refusal.ts';

/** An instant, where it is known. */
export const until = (untilMs: number | undefined): { readonly untilMs?: number } =>
  untilMs === undefined ? {} : { untilMs };

/** The first instant at which a refusal may have become void. */
export function earliestWait(refusals: readonly Refusal[], nowMs: number): readonly Wait[] {
  let earliest: Wait | undefined;
  for (const refusal of refusals) {
    if (!('untilMs' in refusal) || refusal.untilMs === undefined) {
      continue;
    }
    const { reason, untilMs } = refusal;
    if (untilMs > nowMs && untilMs < (earliest?.untilMs ?? Infinity)) {
      earliest = { kind: 'wait', untilMs, reason };
    }
  }
  return earliest === undefined ? [] : [earliest];
}
