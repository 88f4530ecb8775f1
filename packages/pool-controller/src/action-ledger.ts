import type { EniId } from '@vpc-cni/ipam';
import type { Action } from '@vpc-cni/warm-pool';

/** Actions that change something. */
export type StartedAction = Exclude<Action, { readonly kind: 'wait' }>;

/** A moment in the order of beginnings and ends; what was learnt before it may be stale after it. */
export type LedgerMark = number;

/** Which actions are under way, and which ENIs have changed since a given moment. */
export interface ActionLedger {
  readonly inFlight: readonly StartedAction[];
  begin(action: StartedAction): void;
  end(action: StartedAction): void;
  mark(): LedgerMark;
  /**
   * True when no action concerned the ENI since the mark. An ENI that the pool does not know may be
   * one that an action is creating.
   */
  isUntouchedSince(
    mark: LedgerMark,
    eni: { readonly eniId: EniId; readonly isKnown: boolean },
  ): boolean;
}

/** Stands for every ENI that is being created. */
const NEW_ENI = 'new';

const subjectOf = (action: StartedAction): string => ('eniId' in action ? action.eniId : NEW_ENI);

export function createActionLedger(): ActionLedger {
  const inFlight = new Set<StartedAction>();
  const touchedAt = new Map<string, LedgerMark>();
  let now: LedgerMark = 0;

  const touch = (action: StartedAction) => {
    now += 1;
    touchedAt.set(subjectOf(action), now);
  };
  const isUntouched = (subject: string, mark: LedgerMark) =>
    (touchedAt.get(subject) ?? 0) <= mark &&
    [...inFlight].every((action) => subjectOf(action) !== subject);

  return {
    get inFlight() {
      return [...inFlight];
    },
    begin: (action) => {
      inFlight.add(action);
      touch(action);
    },
    end: (action) => {
      inFlight.delete(action);
      touch(action);
    },
    mark: () => now,
    isUntouchedSince: (mark, { eniId, isKnown }) =>
      isUntouched(eniId, mark) && (isKnown || isUntouched(NEW_ENI, mark)),
  };
}
