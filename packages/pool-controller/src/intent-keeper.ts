import type { AddressBook, Ec2Block, Ec2Intent, EniId } from '@vpc-cni/ipam';
import type { CheckpointPort, Clock } from './ports.ts';

/**
 * EC2's reads may lag behind its writes by some seconds. What it says less than this after a change may
 * be about the time before the change.
 */
export const EC2_LAG_MS = 15_000;

type WithoutTime<T> = T extends Ec2Intent ? Omit<T, 'intentId' | 'atMs'> : never;

/** What EC2 is to be asked for. */
export type Wish = WithoutTime<Ec2Intent>;

/** What EC2's word on an ENI cannot be taken for, because it may be older than a change. */
export interface Caution {
  /** Something was changed, or may have been, so lately that what EC2 does not show may be there. */
  readonly isRecent: boolean;
  /** Only EC2 can tell what became of something that it was asked for. */
  readonly isUncertain: boolean;
  /** EC2 was asked lately to take this back: that it still shows it says nothing. */
  isPromised(block: Ec2Block): boolean;
}

/**
 * Keeps account of what EC2 has been asked for: durably before the call, and after it until EC2's reads
 * are sure to show what became of it. A restart inherits what is open, and so does not take
 * a stale answer for the truth, nor lose an ENI that was being created.
 *
 * ```
 *            begin                end               15 s later
 *   (durable) ──► under way ──┬──► answered  ─────────────────────────► forgotten
 *                             ├──► uncertain ───────► EC2 is asked ───► forgotten
 *                             └──► refused: nothing was done ─────────► forgotten
 * ```
 */
export interface IntentKeeper {
  newId(): string;
  /** Resolves once it is durable. @throws what the checkpoint throws; then nothing is noted. */
  begin(intentId: string, wish: Wish): Promise<void>;
  /** A later step of the same operation; durable with the next save. */
  amend(intentId: string, wish: Wish): void;
  end(intentId: string, outcome: 'answered' | 'refused' | 'uncertain'): void;
  /** Takes over what an earlier process left open: all of it is uncertain. */
  inherit(): void;
  /** @param askedAtMs when EC2 was asked. */
  cautionFor(eniId: EniId, askedAtMs: number): Caution;
  /** ENIs that EC2 must be asked about. */
  uncertainEnis(): readonly EniId[];
  /** EC2's word of `askedAtMs` on these ENIs has been taken over. */
  concludeEnis(eniIds: readonly EniId[], askedAtMs: number): void;
  /** Whether an ENI may be left that is attached nowhere, and EC2 would show it at `askedAtMs`. */
  mayHaveLeaked(askedAtMs: number): boolean;
  /** Such ENIs have been deleted, as EC2 showed them at `askedAtMs`. */
  concludeLeaks(askedAtMs: number): void;
  /** Forgets what was answered long enough ago. */
  forgetAnswered(nowMs: number): void;
  /** When EC2 will be sure to show what became of the first uncertain intent; may have passed. */
  readonly nextDueMs: number | undefined;
}

type Progress =
  | { readonly kind: 'under-way' }
  | { readonly kind: 'answered' | 'uncertain'; readonly atMs: number };

/** Those that may leave an ENI behind that is attached nowhere. */
const LEAKING: ReadonlySet<Ec2Intent['kind']> = new Set(['create-eni', 'attach-eni', 'delete-eni']);

export function createIntentKeeper(options: {
  readonly book: AddressBook;
  readonly checkpoint: CheckpointPort;
  readonly clock: Clock;
  readonly newId: () => string;
}): IntentKeeper {
  const { book, checkpoint, clock, newId } = options;
  const progress = new Map<string, Progress>();

  const forget = (intentId: string) => {
    book.endIntent(intentId);
    progress.delete(intentId);
  };
  const isDue = ({ intentId }: Ec2Intent, kind: Progress['kind'], nowMs: number) => {
    const state = progress.get(intentId);
    return state?.kind === kind && 'atMs' in state && state.atMs + EC2_LAG_MS <= nowMs;
  };
  const isUncertain = ({ intentId }: Ec2Intent) => progress.get(intentId)?.kind === 'uncertain';
  const on = (eniId: EniId) =>
    book.intents().filter((intent) => 'eniId' in intent && intent.eniId === eniId);

  return {
    newId,
    begin: async (intentId, wish) => {
      const intent = { ...wish, intentId, atMs: clock.nowMs() };
      book.beginIntent(intent);
      progress.set(intentId, { kind: 'under-way' });
      try {
        await checkpoint.save();
      } catch (error) {
        forget(intentId);
        throw error;
      }
    },
    amend: (intentId, wish) => book.beginIntent({ ...wish, intentId, atMs: clock.nowMs() }),
    end: (intentId, outcome) => {
      if (outcome === 'refused') forget(intentId);
      else progress.set(intentId, { kind: outcome, atMs: clock.nowMs() });
    },
    inherit: () => {
      for (const { intentId } of book.intents()) {
        if (!progress.has(intentId)) {
          progress.set(intentId, { kind: 'uncertain', atMs: clock.nowMs() });
        }
      }
    },
    cautionFor: (eniId, askedAtMs) => {
      const recent = on(eniId).filter(
        (intent) => !isDue(intent, 'answered', askedAtMs) && !isDue(intent, 'uncertain', askedAtMs),
      );
      return {
        isRecent: recent.length > 0,
        isUncertain: on(eniId).some(isUncertain),
        isPromised: (block) =>
          recent.some(
            (intent) =>
              intent.kind === 'delete-eni' ||
              (intent.kind === 'unassign' && intent.blocks.includes(block)),
          ),
      };
    },
    uncertainEnis: () => [
      ...new Set(
        book
          .intents()
          .filter(isUncertain)
          .flatMap((intent) => ('eniId' in intent ? intent.eniId : [])),
      ),
    ],
    concludeEnis: (eniIds, askedAtMs) => {
      for (const intent of eniIds.flatMap(on)) {
        if (!LEAKING.has(intent.kind) && isDue(intent, 'uncertain', askedAtMs))
          forget(intent.intentId);
      }
    },
    mayHaveLeaked: (askedAtMs) =>
      book
        .intents()
        .some((intent) => LEAKING.has(intent.kind) && isDue(intent, 'uncertain', askedAtMs)),
    concludeLeaks: (askedAtMs) => {
      for (const intent of book.intents()) {
        if (LEAKING.has(intent.kind) && isDue(intent, 'uncertain', askedAtMs))
          forget(intent.intentId);
      }
    },
    forgetAnswered: (nowMs) => {
      for (const intent of book.intents()) {
        if (isDue(intent, 'answered', nowMs)) forget(intent.intentId);
      }
    },
    get nextDueMs() {
      const dueAtMs = [...progress.values()].flatMap((state) =>
        state.kind === 'uncertain' ? state.atMs + EC2_LAG_MS : [],
      );
      return dueAtMs.length === 0 ? undefined : Math.min(...dueAtMs);
    },
  };
}
