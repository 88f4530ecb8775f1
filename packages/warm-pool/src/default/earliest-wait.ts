import type { Wait } from '../action.ts';
import type { Refusal } from '../refusal.ts';

/** The first instant at which a refusal may have become void. */
export function earliestWait(refusals: readonly Refusal[], nowMs: number): readonly Wait[] {
  let earliest: Wait | undefined;
  for (const refusal of refusals) {
    const wait = waitFor(refusal);
    if (
      wait !== undefined &&
      wait.untilMs > nowMs &&
      wait.untilMs < (earliest?.untilMs ?? Infinity)
    ) {
      earliest = wait;
    }
  }
  return earliest === undefined ? [] : [earliest];
}

function waitFor(refusal: Refusal): Wait | undefined {
  switch (refusal.reason) {
    case 'subnet-full':
    case 'throttled':
    case 'cooling':
    case 'eni-too-young':
    case 'recent-churn':
      return refusal.untilMs === undefined
        ? undefined
        : { kind: 'wait', untilMs: refusal.untilMs, reason: refusal.reason };
    default:
      return undefined;
  }
}
