import type { EniId } from '@vpc-cni/ipam';
import type { PoolEvent } from './events.ts';
import type { EniPort, EniSlot, EniTruth } from './ports.ts';
import { type Reconciler, reconcile } from './reconcile.ts';

/** Compares the address book with the instance, and knows when to do so next. */
export interface Observer {
  /** When the next comparison is due, Unix milliseconds. */
  readonly dueAtMs: number;
  /** Slots of ENIs that are not in the book. */
  readonly otherSlots: readonly EniSlot[];
  /** Brings the next comparison forward. */
  observeBy(atMs: number): void;
  /**
   * Rejects when instance metadata or EC2 could not be asked; the next comparison tries again.
   *
   * @param remembered see {@link Reconciler.remembered}.
   */
  observe(remembered?: readonly EniTruth[]): Promise<void>;
}

export type ObserverOptions = Omit<Reconciler, 'leftAlone' | 'isThorough' | 'remembered'> & {
  readonly enis: Pick<EniPort, 'describeEnis' | 'deleteLeakedEnis'>;
  readonly onEvent: (event: PoolEvent) => void;
  /** Time between two comparisons with instance metadata, ms. */
  readonly reconcileIntervalMs: number;
  /** Time between two comparisons of everything with EC2, ms. */
  readonly truthIntervalMs: number;
};

/** After an ENI could not be dealt with, the next comparison comes sooner. */
const RETRY_MS = 10_000;

export function createObserver(options: ObserverOptions): Observer {
  const { clock, intents, enis, signal, onEvent } = options;
  let dueAtMs = Number.NEGATIVE_INFINITY;
  let askEc2AtMs = Number.NEGATIVE_INFINITY;
  let leftAlone: ReadonlyMap<EniId, EniSlot> = new Map();
  let troubledSlots: readonly EniSlot[] = [];

  const observeBy = (atMs: number) => {
    dueAtMs = Math.min(dueAtMs, atMs);
  };

  /** What an earlier process, or a failure, may have left behind. */
  async function deleteLeaks(askedAtMs: number): Promise<void> {
    if (!intents.mayHaveLeaked(askedAtMs)) return;
    try {
      await enis.deleteLeakedEnis({ signal });
      intents.concludeLeaks(askedAtMs);
    } catch (error) {
      signal.throwIfAborted();
      onEvent({ kind: 'leaks-left', error });
    }
  }

  async function compare(
    askedAtMs: number,
    remembered: readonly EniTruth[] | undefined,
  ): Promise<boolean> {
    await deleteLeaks(askedAtMs);
    const isThorough = askedAtMs >= askEc2AtMs;
    const seen = await reconcile({ ...options, leftAlone, isThorough, remembered });
    ({ leftAlone, troubledSlots } = seen);
    if (isThorough && seen.isByEc2) askEc2AtMs = askedAtMs + options.truthIntervalMs;
    return seen.isComplete;
  }

  return {
    get dueAtMs() {
      return dueAtMs;
    },
    get otherSlots() {
      return [...leftAlone.values(), ...troubledSlots];
    },
    observeBy,
    observe: async (remembered) => {
      const askedAtMs = clock.nowMs();
      // Whatever asks for a comparison while this one is under way gets another.
      dueAtMs = askedAtMs + options.reconcileIntervalMs;
      const isComplete = await compare(askedAtMs, remembered).catch((error: unknown) => {
        observeBy(clock.nowMs() + RETRY_MS);
        throw error;
      });
      const { nextDueMs } = intents;
      const nowMs = clock.nowMs();
      if (!isComplete || (nextDueMs ?? nowMs + 1) <= nowMs) observeBy(nowMs + RETRY_MS);
      else if (nextDueMs !== undefined) observeBy(nextDueMs);
    },
  };
}
