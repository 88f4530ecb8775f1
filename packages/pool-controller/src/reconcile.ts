import type { AddressBook, EniId, EniSnapshot, Ipv4Address } from '@vpc-cni/ipam';
import type { ActionLedger } from './action-ledger.ts';
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

/**
 * Brings the address book in line with what is attached to the instance.
 *
 * Instance metadata is asked first. Wherever it disagrees with the book, EC2 has the last word,
 * because metadata may lag behind by minutes. ENIs that EC2 marks as not ours are left alone.
 *
 * @returns how many ENIs occupy a slot of the instance without being in the book.
 */
export async function reconcile(r: Reconciler): Promise<{ readonly foreignEniCount: number }> {
  const mark = r.ledger.mark();
  const known = knownEnis(r);
  const isQuiet = ({ eniId }: { readonly eniId: EniId }) =>
    r.ledger.isUntouchedSince(mark, { eniId, isKnown: known.has(eniId) });

  const observed = await r.metadata.readEnis({ signal: r.signal });
  const seen = new Set(observed.map(({ eniId }) => eniId));
  const strange = observed.filter((eni) => !known.has(eni.eniId) && isQuiet(eni));
  const suspicious = observed.filter((eni) => disagrees(known.get(eni.eniId), eni) && isQuiet(eni));
  const vanished = [...known.values()].filter((eni) => !seen.has(eni.eniId) && isQuiet(eni));

  await settleDoubts({ strange, suspicious, vanished }, isQuiet, r);
  const after = knownEnis(r);
  return {
    foreignEniCount: observed.filter((eni) => !after.has(eni.eniId) && isQuiet(eni)).length,
  };
}

async function settleDoubts(
  {
    strange,
    suspicious,
    vanished,
  }: {
    readonly strange: readonly ObservedEni[];
    readonly suspicious: readonly ObservedEni[];
    readonly vanished: readonly EniSnapshot[];
  },
  isQuiet: (eni: { readonly eniId: EniId }) => boolean,
  r: Reconciler,
): Promise<void> {
  const doubtful = [...strange, ...suspicious, ...vanished].map(({ eniId }) => eniId);
  if (doubtful.length === 0) return;
  const described = await r.enis.describeEnis(doubtful, { signal: r.signal });
  const truth = new Map(described.map((eni) => [eni.eniId, eni]));

  for (const eni of strange.filter(isQuiet)) await adopt(eni, truth.get(eni.eniId), r);
  for (const eni of suspicious.filter(isQuiet)) correct(truth.get(eni.eniId), r);
  for (const eni of vanished.filter(isQuiet)) {
    if (!truth.has(eni.eniId)) await lose(eni, r);
  }
}

const knownEnis = ({ book, clock }: Reconciler): ReadonlyMap<EniId, EniSnapshot> =>
  new Map(book.enis(clock.nowMs()).map((eni) => [eni.eniId, eni]));

function disagrees(known: EniSnapshot | undefined, observed: ObservedEni): boolean {
  if (known === undefined) return false;
  // No action is under way: what it was to give back may be gone or not.
  if (known.drainingCount > 0) return true;
  const held = new Set<string>(known.addresses.map(({ address }) => address));
  return (
    held.size !== observed.secondaryAddresses.length ||
    observed.secondaryAddresses.some((address) => !held.has(address))
  );
}

async function adopt(eni: ObservedEni, truth: EniTruth | undefined, r: Reconciler): Promise<void> {
  if (truth === undefined) return;
  if (!truth.isManaged && !eni.isPrimary) {
    r.onEvent({ kind: 'eni-left-alone', eniId: eni.eniId });
    return;
  }
  const { secondaryAddresses } = truth;
  await enterEni({ ...eni, secondaryAddresses }, { ...r, nowMs: r.clock.nowMs() });
  r.onEvent({ kind: 'eni-adopted', eniId: eni.eniId, addressCount: secondaryAddresses.length });
}

function correct(truth: EniTruth | undefined, r: Reconciler): void {
  // Looked up again: pods came and went while EC2 was asked.
  const known = truth && knownEnis(r).get(truth.eniId);
  if (truth === undefined || known === undefined) return;
  const { eniId } = truth;
  const assigned = new Set<Ipv4Address>(truth.secondaryAddresses);
  const held = new Map(known.addresses.map(({ address, state }) => [address, state]));
  const added = [...assigned].filter((address) => !held.has(address));
  const kept = [...assigned].filter((address) => held.get(address) === 'draining');
  if (kept.length > 0) r.book.undrain(eniId, kept);
  const gone = [...held.keys()].filter((address) => !assigned.has(address));
  if (added.length + gone.length === 0) return;
  const lost = gone.filter((address) => held.get(address) === 'reserved');
  const removed = gone.filter((address) => held.get(address) !== 'reserved');
  for (const address of added) r.book.addAddress(eniId, address);
  for (const address of removed) r.book.removeAddress(eniId, address);
  r.onEvent({ kind: 'addresses-corrected', eniId, added, removed, lost });
}

/**
 * An ENI that pods still use stays in the book, so that their addresses are not given to others; and
 * its free ones are put out of reach.
 */
async function lose({ eniId }: EniSnapshot, r: Reconciler): Promise<void> {
  const { reservedCount = 0, freeAddresses = [] } = knownEnis(r).get(eniId) ?? {};
  if (reservedCount > 0) {
    r.book.drain(eniId, freeAddresses);
  } else {
    r.book.removeEni(eniId);
    await r.host.tearDownEni(eniId);
  }
  r.onEvent({ kind: 'eni-lost', eniId, reservedCount });
}
