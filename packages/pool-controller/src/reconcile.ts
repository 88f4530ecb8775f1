import type { AddressBook, EniId, EniSnapshot, Ipv4Address } from '@vpc-cni/ipam';
import { enterEni } from './enter-eni.ts';
import type { PoolEvent } from './events.ts';
import type { Clock, EniPort, HostPort, MetadataPort, ObservedEni } from './ports.ts';

export interface Reconciler {
  readonly book: AddressBook;
  readonly metadata: MetadataPort;
  readonly enis: EniPort;
  readonly host: HostPort;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly onEvent: (event: PoolEvent) => void;
  /** ENIs that an action is working on; they are looked at next time. */
  readonly isBusy: (eniId: EniId) => boolean;
}

/**
 * Brings the address book in line with what is attached to the instance.
 *
 * Instance metadata is asked first. Wherever it disagrees with the book, EC2 has the last word,
 * because metadata may lag behind by minutes. ENIs that EC2 marks as not ours are left alone.
 */
export async function reconcile(r: Reconciler): Promise<void> {
  const observed = await r.metadata.readEnis({ signal: r.signal });
  const known = new Map(r.book.enis(r.clock.nowMs()).map((eni) => [eni.eniId, eni]));
  const strange = observed.filter((eni) => !known.has(eni.eniId));
  const suspicious = observed.filter((eni) => disagrees(known.get(eni.eniId), eni));
  const seen = new Set(observed.map(({ eniId }) => eniId));
  const vanished = [...known.values()].filter((eni) => !seen.has(eni.eniId));

  const doubtful = [...strange, ...suspicious, ...vanished]
    .map(({ eniId }) => eniId)
    .filter((eniId) => !r.isBusy(eniId));
  if (doubtful.length === 0) return;
  const described = await r.enis.describeEnis(doubtful, { signal: r.signal });
  const truth = new Map(described.map((eni) => [eni.eniId, eni]));

  for (const eni of strange) await adopt(eni, truth.get(eni.eniId), r);
  for (const eni of suspicious) correct(eni.eniId, truth.get(eni.eniId)?.secondaryAddresses, r);
  for (const eni of vanished) {
    if (!truth.has(eni.eniId) && !r.isBusy(eni.eniId)) lose(eni, r);
  }
}

type Truth = Awaited<ReturnType<EniPort['describeEnis']>>[number];

function disagrees(known: EniSnapshot | undefined, observed: ObservedEni): boolean {
  if (known === undefined) return false;
  const held = new Set<string>(known.addresses.map(({ address }) => address));
  return (
    held.size !== observed.secondaryAddresses.length ||
    observed.secondaryAddresses.some((address) => !held.has(address))
  );
}

async function adopt(eni: ObservedEni, truth: Truth | undefined, r: Reconciler): Promise<void> {
  if (truth === undefined || r.isBusy(eni.eniId)) return;
  if (!truth.isManaged && !eni.isPrimary) {
    r.onEvent({ kind: 'eni-left-alone', eniId: eni.eniId });
    return;
  }
  const { secondaryAddresses } = truth;
  await enterEni({ ...eni, secondaryAddresses }, { ...r, nowMs: r.clock.nowMs() });
  r.onEvent({ kind: 'eni-adopted', eniId: eni.eniId, addressCount: secondaryAddresses.length });
}

function correct(eniId: EniId, assigned: readonly Ipv4Address[] | undefined, r: Reconciler): void {
  // Looked up again: the book may have moved while EC2 was asked.
  const known = r.book.enis(r.clock.nowMs()).find((eni) => eni.eniId === eniId);
  if (assigned === undefined || known === undefined || r.isBusy(eniId)) return;
  const held = new Map(known.addresses.map(({ address, state }) => [address, state]));
  const added = assigned.filter((address) => !held.has(address));
  const gone = [...held.keys()].filter((address) => !assigned.includes(address));
  const lost = gone.filter((address) => held.get(address) === 'reserved');
  const removed = gone.filter((address) => held.get(address) !== 'reserved');
  if (added.length + gone.length === 0) return;
  for (const address of added) r.book.addAddress(eniId, address);
  for (const address of removed) r.book.removeAddress(eniId, address);
  r.onEvent({ kind: 'addresses-corrected', eniId, added, removed, lost });
}

function lose(eni: EniSnapshot, r: Reconciler): void {
  const reservedCount = eni.addresses.filter(({ state }) => state === 'reserved').length;
  if (reservedCount === 0) r.book.removeEni(eni.eniId);
  r.onEvent({ kind: 'eni-lost', eniId: eni.eniId, reservedCount });
}
