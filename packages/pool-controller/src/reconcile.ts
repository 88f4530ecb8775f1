import type { AddressBook, EniId, EniSnapshot } from '@vpc-cni/ipam';
import type { ActionLedger } from './action-ledger.ts';
import { correctionOf, isNeeded, takeAway, takeOver } from './correction.ts';
import { doubtful, isSameSlot } from './doubt.ts';
import { enterEni } from './enter-eni.ts';
import type { PoolEvent } from './events.ts';
import type { Clock, EniPort, EniTruth, HostPort, MetadataPort, ObservedEni } from './ports.ts';

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
}

/** What a comparison has found out. */
export interface Reconciled {
  /**
   * ENIs that occupy a slot of the instance without being in the book; `undefined` while one of ours is
   * being created, which looks the same.
   */
  readonly foreignEniCount: number | undefined;
  /** False when an ENI could not be dealt with, because it made trouble or an action was changing it. */
  readonly isComplete: boolean;
}

/** An ENI in doubt: what metadata shows of it, and what EC2 says if it is attached to this instance. */
interface Doubt {
  readonly eniId: EniId;
  readonly observed: ObservedEni | undefined;
  readonly truth: EniTruth | undefined;
}

/**
 * Brings the address book and the host in line with what is attached to the instance.
 *
 * Instance metadata is asked first. Wherever it disagrees with the book, EC2 has the last word,
 * because metadata may lag behind by minutes. ENIs that EC2 marks as not ours are left alone. An ENI
 * that makes trouble is told in an event and does not keep the others from their due.
 */
export async function reconcile(r: Reconciler): Promise<Reconciled> {
  const mark = r.ledger.mark();
  const atFirst = knownEnis(r);
  const isQuiet = ({ eniId }: { readonly eniId: EniId }) =>
    r.ledger.isUntouchedSince(mark, { eniId, isKnown: atFirst.has(eniId) });

  const observed = await r.metadata.readEnis({ signal: r.signal });
  const asked = await askEc2(doubtful(observed, atFirst), observed, r);
  const doubts = asked.filter(isQuiet);
  // Nothing is waited for until the book is right: an action that began would overtake EC2's word.
  const lost = loseEnis(doubts, r);
  const isCorrected = correctAddresses(doubts, r);
  const known = knownEnis(r);
  const newcomers = doubts.filter(({ eniId, truth }) => truth !== undefined && !known.has(eniId));
  const settled = observed.filter((eni) => known.has(eni.eniId) && isQuiet(eni));
  const areWired = await Promise.all([
    ...lost.map((eniId) => attempt(eniId, () => r.host.tearDownEni(eniId), r)),
    ...newcomers.map((doubt) => attempt(doubt.eniId, () => adopt(doubt, r), r)),
    ...settled.map((eni) => attempt(eni.eniId, () => repair(eni, r), r)),
  ]);

  const atLast = knownEnis(r);
  const isCreating = asked.some((doubt) => !atFirst.has(doubt.eniId) && !isQuiet(doubt));
  const foreign = newcomers.filter(({ eniId }) => !atLast.has(eniId));
  return {
    foreignEniCount: isCreating ? undefined : foreign.length,
    isComplete: isCorrected && areWired.every((isDone) => isDone) && asked.every(isQuiet),
  };
}

const knownEnis = ({ book, clock }: Reconciler): ReadonlyMap<EniId, EniSnapshot> =>
  new Map(book.enis(clock.nowMs()).map((eni) => [eni.eniId, eni]));

async function askEc2(
  eniIds: readonly EniId[],
  observed: readonly ObservedEni[],
  { enis, signal }: Reconciler,
): Promise<readonly Doubt[]> {
  if (eniIds.length === 0) return [];
  const described = await enis.describeEnis(eniIds, { signal });
  return eniIds.map((eniId) => ({
    eniId,
    observed: observed.find((eni) => eni.eniId === eniId),
    truth: described.find((eni) => eni.eniId === eniId),
  }));
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
  const isLost = ({ eniId, truth }: Doubt) => {
    const eni = known.get(eniId);
    return eni !== undefined && (truth === undefined || !isSameSlot(eni, truth));
  };
  return doubts.filter(isLost).map(({ eniId }) => {
    const strandedCount = r.book.loseEni(eniId).length;
    r.onEvent({ kind: 'eni-lost', eniId, strandedCount });
    return eniId;
  });
}

/** @returns false when an ENI's addresses could not be corrected; an event told which. */
function correctAddresses(doubts: readonly Doubt[], r: Reconciler): boolean {
  const known = knownEnis(r);
  const corrections = doubts.flatMap(({ eniId, truth }) => {
    const eni = known.get(eniId);
    return eni === undefined || truth === undefined ? [] : [correctionOf(eni, truth)];
  });
  for (const correction of corrections) takeAway(correction, r.book);
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

async function adopt({ eniId, observed, truth }: Doubt, r: Reconciler): Promise<void> {
  if (observed === undefined || truth === undefined) return;
  if (!truth.isManaged && !observed.isPrimary) {
    r.onEvent({ kind: 'eni-left-alone', eniId });
    return;
  }
  const { secondaryAddresses, prefixes, deviceNumber, networkCardIndex } = truth;
  const eni = { ...observed, secondaryAddresses, prefixes, deviceNumber, networkCardIndex };
  await enterEni(eni, { ...r, nowMs: r.clock.nowMs() });
  r.onEvent({
    kind: 'eni-adopted',
    eniId,
    addressCount: secondaryAddresses.length,
    prefixCount: prefixes.length,
  });
}

/** Restores what somebody changed of a known ENI's link, routes and rule. */
async function repair(eni: ObservedEni, { host, signal }: Reconciler): Promise<void> {
  if (!eni.isPrimary) await host.setUpEni(eni, { signal });
}
