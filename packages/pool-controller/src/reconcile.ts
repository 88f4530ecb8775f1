import type { AddressBook, Ec2Block, EniId, EniRole, EniSnapshot } from '@vpc-cni/ipam';
import type { ActionLedger } from './action-ledger.ts';
import { correctionOf, isNeeded, takeAway, takeOver } from './correction.ts';
import { describeOrRemember } from './describe-or-remember.ts';
import { doubtful, isSameSlot } from './doubt.ts';
import { enterEni } from './enter-eni.ts';
import type { PoolEvent } from './events.ts';
import type { Caution, IntentKeeper } from './intent-keeper.ts';
import type {
  Clock,
  EniPort,
  EniSlot,
  EniTruth,
  HostPort,
  MetadataPort,
  ObservedEni,
} from './ports.ts';

export interface Reconciler {
  readonly book: AddressBook;
  readonly metadata: MetadataPort;
  readonly enis: EniPort;
  readonly host: HostPort;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly onEvent: (event: PoolEvent) => void;
  /** What an action changes meanwhile is left for the next time. */
  readonly ledger: ActionLedger;
  readonly intents: IntentKeeper;
  readonly servesFromPrimary: boolean;
  /** ENIs that are not the pool's, as far as they were known before. */
  readonly leftAlone: ReadonlyMap<EniId, EniSlot>;
  /** Ask EC2 about every ENI, whatever metadata says. */
  readonly isThorough: boolean;
  /** ENIs of an earlier process, for a start while EC2 does not answer. Default: none. */
  readonly remembered?: readonly EniTruth[] | undefined;
}

/** What a comparison has found out. */
export interface Reconciled {
  /** False when EC2 did not answer, and an earlier process's memory had to do. */
  readonly isByEc2: boolean;
  /** ENIs that are not the pool's; EC2 need not be asked about them again. */
  readonly leftAlone: ReadonlyMap<EniId, EniSlot>;
  /** Slots of ENIs that are the pool's and could not be taken over. */
  readonly troubledSlots: readonly EniSlot[];
  /** False when an ENI could not be dealt with, because it made trouble or an action was changing it. */
  readonly isComplete: boolean;
}

/** An ENI in doubt: what metadata shows of it, and what EC2 says if it is attached to this instance. */
interface Doubt {
  readonly eniId: EniId;
  readonly observed: ObservedEni | undefined;
  readonly truth: EniTruth | undefined;
  readonly caution: Caution;
}

/**
 * Brings the address book and the host in line with what is attached to the instance.
 *
 * Instance metadata is asked first. Wherever it disagrees with the book, EC2 has the last word,
 * because metadata may lag behind by minutes; of what was changed lately, EC2 may not know yet either.
 * ENIs that EC2 marks as not ours are left alone. An ENI that makes trouble is told in an event and does
 * not keep the others from their due.
 */
export async function reconcile(r: Reconciler): Promise<Reconciled> {
  const mark = r.ledger.mark();
  const askedAtMs = r.clock.nowMs();
  const atFirst = knownEnis(r);
  const isQuiet = ({ eniId }: { readonly eniId: EniId }) =>
    r.ledger.isUntouchedSince(mark, { eniId, isKnown: atFirst.has(eniId) });

  const observed = await r.metadata.readEnis({ signal: r.signal });
  const eniIds = toAsk(observed, atFirst, askedAtMs, r);
  const { truths, isByEc2 } = await describeOrRemember(eniIds, observed, r);
  const asked = eniIds.map((eniId) => ({
    eniId,
    observed: observed.find((eni) => eni.eniId === eniId),
    truth: truths.find((eni) => eni.eniId === eniId),
    caution: r.intents.cautionFor(eniId, askedAtMs),
  }));
  const doubts = asked.filter(isQuiet);
  // Nothing is waited for until the book is right: an action that began would overtake EC2's word.
  const lost = loseEnis(doubts, r);
  const isCorrected = correctAddresses(doubts, askedAtMs, r);
  const known = knownEnis(r);
  const newcomers = doubts.filter(({ eniId, truth }) => truth !== undefined && !known.has(eniId));
  const settled = observed.filter((eni) => known.has(eni.eniId) && isQuiet(eni));
  const areWired = await Promise.all([
    ...lost.map((eniId) => attempt(eniId, () => r.host.tearDownEni(eniId), r)),
    ...newcomers.map((doubt) => attempt(doubt.eniId, () => adopt(doubt, r), r)),
    ...settled.map((eni) =>
      attempt(eni.eniId, () => repair(eni, known.get(eni.eniId)?.role, r), r),
    ),
  ]);
  const atLast = knownEnis(r);
  const leftAlone = stillLeftAlone(observed, asked, r);
  return {
    isByEc2,
    leftAlone,
    troubledSlots: newcomers
      .filter(({ eniId }) => !atLast.has(eniId) && !leftAlone.has(eniId))
      .flatMap(({ truth }) => truth ?? []),
    isComplete:
      isByEc2 &&
      isCorrected &&
      areWired.every((isDone) => isDone) &&
      asked.every(isQuiet) &&
      // It cannot be gone: EC2 does not show it yet.
      observed.every(({ eniId, isPrimary }) => !isPrimary || atLast.has(eniId)),
  };
}

const knownEnis = ({ book, clock }: Reconciler): ReadonlyMap<EniId, EniSnapshot> =>
  new Map(book.enis(clock.nowMs()).map((eni) => [eni.eniId, eni]));

/** After a change with a known outcome metadata lags behind; that is no reason to doubt. */
function toAsk(
  observed: readonly ObservedEni[],
  known: ReadonlyMap<EniId, EniSnapshot>,
  nowMs: number,
  { intents, leftAlone, isThorough }: Reconciler,
): readonly EniId[] {
  const doubted = isThorough
    ? [...observed.map(({ eniId }) => eniId), ...known.keys()]
    : doubtful(observed, { known, leftAlone });
  const isWorthAsking = (eniId: EniId) => {
    const { isRecent, isUncertain } = intents.cautionFor(eniId, nowMs);
    return !isRecent || isUncertain;
  };
  return [...new Set([...doubted.filter(isWorthAsking), ...intents.uncertainEnis()])];
}

/** @returns whether it succeeded; the event tells the failure. */
async function attempt(
  eniId: EniId,
  work: () => Promise<void>,
  { signal, onEvent }: Reconciler,
): Promise<boolean> {
  try {
    await work();
    return true;
  } catch (error) {
    signal.throwIfAborted();
    onEvent({ kind: 'eni-failed', eniId, error });
    return false;
  }
}

/** Pods of a lost ENI are stranded: should it come back, they have their addresses again. */
function loseEnis(doubts: readonly Doubt[], r: Reconciler): readonly EniId[] {
  const known = knownEnis(r);
  const isLost = ({ eniId, truth, caution }: Doubt) => {
    const eni = known.get(eniId);
    if (eni === undefined || caution.isRecent) return false;
    return truth === undefined || !isSameSlot(eni, truth);
  };
  return doubts.filter(isLost).map(({ eniId }) => {
    const strandedCount = r.book.loseEni(eniId).length;
    r.onEvent({ kind: 'eni-lost', eniId, strandedCount });
    return eniId;
  });
}

/** @returns false when an ENI's addresses could not be corrected; an event told which. */
function correctAddresses(doubts: readonly Doubt[], askedAtMs: number, r: Reconciler): boolean {
  const known = knownEnis(r);
  const corrections = doubts.flatMap(({ eniId, truth, caution }) => {
    const eni = known.get(eniId);
    if (eni === undefined || truth === undefined) return [];
    r.book.setEniRole(eniId, roleOf(eni, truth, r));
    return [correctionOf(eni, truth, caution)];
  });
  for (const correction of corrections) takeAway(correction, r.book);
  // Before anything is taken back: what an open intent promises to EC2 would be drained again.
  r.intents.concludeEnis(
    doubts.map(({ eniId }) => eniId),
    askedAtMs,
  );
  let isDone = true;
  for (const correction of corrections) {
    const { kept, ...difference } = correction;
    try {
      takeOver(correction, r.book);
      if (isNeeded(correction)) r.onEvent({ kind: 'addresses-corrected', ...difference });
    } catch (error) {
      isDone = false;
      r.onEvent({ kind: 'eni-failed', eniId: correction.eniId, error });
    }
  }
  return isDone;
}

async function adopt({ eniId, observed, truth, caution }: Doubt, r: Reconciler): Promise<void> {
  if (observed === undefined || truth === undefined) return;
  if (!truth.isManaged && !observed.isPrimary) {
    if (!r.leftAlone.has(eniId)) r.onEvent({ kind: 'eni-left-alone', eniId });
    return;
  }
  const { deviceNumber, networkCardIndex } = truth;
  const isOurs = (block: Ec2Block) => !caution.isPromised(block);
  const secondaryAddresses = truth.secondaryAddresses.filter(isOurs);
  const prefixes = truth.prefixes.filter(isOurs);
  const eni = { ...observed, secondaryAddresses, prefixes, deviceNumber, networkCardIndex };
  await enterEni(eni, { ...r, nowMs: r.clock.nowMs(), role: roleOf(observed, truth, r) });
  r.onEvent({
    kind: 'eni-adopted',
    eniId,
    addressCount: secondaryAddresses.length,
    prefixCount: prefixes.length,
  });
}

/** With custom networking the primary ENI serves no pods. */
const roleOf = (
  { isPrimary }: { readonly isPrimary: boolean },
  { role = 'ordinary' }: EniTruth,
  { servesFromPrimary }: Reconciler,
): EniRole => (isPrimary && !servesFromPrimary ? 'excluded' : role);

/** Restores what somebody changed of a known ENI's link, routes and rule. */
async function repair(
  eni: ObservedEni,
  role: EniRole = 'ordinary',
  { host, signal }: Reconciler,
): Promise<void> {
  if (!eni.isPrimary) await host.setUpEni(eni, { signal, role });
}

/** What is attached and not the pool's, by EC2's latest word on each. */
function stillLeftAlone(
  observed: readonly ObservedEni[],
  asked: readonly Doubt[],
  r: Reconciler,
): ReadonlyMap<EniId, EniSlot> {
  const { leftAlone } = r;
  const known = knownEnis(r);
  const judged = new Map(asked.map(({ eniId, truth }) => [eniId, truth]));
  return new Map(
    observed.flatMap(({ eniId, deviceNumber, networkCardIndex }): [EniId, EniSlot][] => {
      const isForeign = judged.has(eniId)
        ? judged.get(eniId)?.isManaged === false
        : leftAlone.has(eniId);
      const slot = { deviceNumber, networkCardIndex };
      return isForeign && !known.has(eniId) ? [[eniId, slot]] : [];
    }),
  );
}
