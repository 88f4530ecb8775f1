import type { AddressBook, EniId, Ipv4Address } from '@vpc-cni/ipam';
import type { Action } from '@vpc-cni/warm-pool';
import { enterEni } from './enter-eni.ts';
import type { Clock, EniPort, HostPort } from './ports.ts';

export interface Hands {
  readonly book: AddressBook;
  readonly enis: EniPort;
  readonly host: HostPort;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

type AppliedAction = Exclude<Action, { readonly kind: 'wait' }>;

/**
 * Carries out one action of a plan: EC2 first, then the host, then the address book.
 *
 * What is given back is put out of reach (draining) before EC2 is asked. When EC2's answer is a failure
 * it stays there until a comparison with EC2 has shown what became of it.
 */
export function applyAction(action: AppliedAction, hands: Hands): Promise<void> {
  switch (action.kind) {
    case 'create-eni':
      return createEni(action.addressCount, hands);
    case 'assign-addresses':
      return assignAddresses(action.eniId as EniId, action.count, hands);
    case 'unassign-addresses':
      return unassignAddresses(
        action.eniId as EniId,
        action.addresses as readonly Ipv4Address[],
        hands,
      );
    case 'delete-eni':
      return deleteEni(action.eniId as EniId, hands);
    case 'create-eni-with-prefixes':
    case 'assign-prefixes':
    case 'unassign-prefixes':
      return Promise.reject(new Error(`${action.kind}: the controller plans no prefixes`));
  }
}

async function createEni(addressCount: number, hands: Hands): Promise<void> {
  const { book, host, clock, enis, signal } = hands;
  const eni = await enis.allocateEni(addressCount, { signal });
  try {
    await enterEni(eni, { book, host, signal, nowMs: clock.nowMs() });
  } catch (error) {
    // An ENI that the host cannot use only costs addresses; the next plan asks for another.
    book.loseEni(eni.eniId);
    await enis.freeEni(eni.eniId, { signal }).catch(() => {});
    throw error;
  }
}

async function assignAddresses(eniId: EniId, count: number, hands: Hands): Promise<void> {
  const { book, enis, signal } = hands;
  for (const address of await enis.assignAddresses(eniId, count, { signal })) {
    book.addAddress(eniId, address);
  }
}

async function unassignAddresses(
  eniId: EniId,
  addresses: readonly Ipv4Address[],
  hands: Hands,
): Promise<void> {
  const { book, enis, signal } = hands;
  book.drain(eniId, addresses);
  await enis.unassignAddresses(eniId, addresses, { signal });
  for (const address of addresses) book.removeAddress(eniId, address);
}

async function deleteEni(eniId: EniId, hands: Hands): Promise<void> {
  const { book, enis, host, clock, signal } = hands;
  const eni = book.enis(clock.nowMs()).find((candidate) => candidate.eniId === eniId);
  if (eni === undefined) return;
  book.drain(eniId, eni.freeAddresses);
  await enis.freeEni(eniId, { signal });
  book.removeEni(eniId);
  await host.tearDownEni(eniId);
}
