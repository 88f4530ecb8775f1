import type { AddressBook, EniId, EniSnapshot } from '@vpc-cni/ipam';
import type { ActionLedger } from './action-ledger.ts';
import { correctionOf, isNeeded, takeAway, takeOver } from './correction.ts';
import { doubtful, hasMoved } from './doubt.ts';
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
  /** ENIs that occupy a slot of the instance without being in the book. */
  readonly foreignEniCount: number;
  /** False when an ENI could not be dealt with; an event told which. */
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
  const doubts = (await askEc2(doubtful(observed, atFirst), observed, r)).filter(isQuiet);
  const areCorrected = [await loseEnis(doubts, r), correctAddresses(doubts, r)];

  const known = knownEnis(r);
  const newcomers = doubts.filter(({ eniId, truth }) => truth !== undefined && !known.has(eniId));
  const settled = observed.filter((eni) => known.has(eni.eniId) && isQuiet(eni));
  const areWired = await Promise.all([
    ...newcomers.map((doubt) => attempt(doubt.eniId, () => adopt(doubt, r), r)),
    ...settled.map((eni) => attempt(eni.eniId, () => repair(eni, r), r)),
  ]);

  const atLast = knownEnis(r);
  const foreign = newcomers.filter((eni) => !atLast.has(eni.eniId) && isQuiet(eni));
  return {
    foreignEniCount: foreign.length,
    isComplete: [...areCorrected, ...areWired].every((isDone) => isDone),
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
    truth: described.find((eni) => eni.eniId === eniId && eni.isAttached),
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
async function loseEnis(doubts: readonly Doubt[], r: Reconciler): Promise<boolean> {
  const known = knownEnis(r);
  const isLost = ({ eniId, observed, truth }: Doubt) => {
    const eni = known.get(eniId);
    if (eni === undefined) return false;
    return truth === undefined || (observed !== undefined && hasMoved(eni, observed));
  };
  const outcomes = doubts.filter(isLost).map(({ eniId }) => {
    const strandedCount = r.book.loseEni(eniId).length;
    r.onEvent({ kind: 'eni-lost', eniId, strandedCount });
    return attempt(eniId, () => r.host.tearDownEni(eniId), r);
  });
  return (await Promise.all(outcomes)).every((isDone) => isDone);
}

function correctAddresses(doubts: readonly Doubt[], r: Reconciler): Promise<boolean> {
  const known = knownEnis(r);
  const corrections = doubts.flatMap(({ eniId, truth }) => {
    const eni = known.get(eniId);
    return eni === undefined || truth === undefined ? [] : [correctionOf(eni, truth)];
  });
  for (const correction of corrections) takeAway(correction, r.book);
  const outcomes = corrections.map((correction) =>
    attempt(
      correction.eniId,
      async () => {
        takeOver(correction, r.book);
        const { kept, ...difference } = correction;
        if (isNeeded(correction)) r.onEvent({ kind: 'addresses-corrected', ...difference });
      },
      r,
    ),
  );
  return Promise.all(outcomes).then((areDone) => areDone.every((isDone) => isDone));
}

async function adopt({ eniId, observed, truth }: Doubt, r: Reconciler): Promise<void> {
  if (observed === undefined || truth === undefined) return;
  if (!truth.isManaged && !observed.isPrimary) {
    r.onEvent({ kind: 'eni-left-alone', eniId });
    return;
  }
  const { secondaryAddresses } = truth;
  await enterEni({ ...observed, secondaryAddresses }, { ...r, nowMs: r.clock.nowMs() });
  r.onEvent({ kind: 'eni-adopted', eniId, addressCount: secondaryAddresses.length });
}

/** Restores what somebody changed of a known ENI's link, routes and rule. */
async function repair(eni: ObservedEni, { host, signal }: Reconciler): Promise<void> {
  if (!eni.isPrimary) await host.setUpEni(eni, { signal });
}
