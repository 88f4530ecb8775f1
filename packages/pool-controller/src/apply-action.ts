import type { AddressBook, Ec2Block, EniId, Ipv4Address, Ipv4Prefix } from '@vpc-cni/ipam';
import type { Action } from '@vpc-cni/warm-pool';
import { addBlock, removeBlock } from './blocks.ts';
import { enterEni } from './enter-eni.ts';
import { withFewerPrefixes } from './no-free-prefix.ts';
import type { Clock, EniPort, HostPort, PodBlockCount } from './ports.ts';

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
  const { enis, signal } = hands;
  switch (action.kind) {
    case 'create-eni':
      return createEni({ addressCount: action.addressCount }, hands);
    case 'create-eni-with-prefixes':
      return withFewerPrefixes(action.prefixCount, (prefixCount) =>
        createEni({ prefixCount }, hands),
      );
    case 'assign-addresses': {
      const eniId = action.eniId as EniId;
      return assign(eniId, hands, () => enis.assignAddresses(eniId, action.count, { signal }));
    }
    case 'assign-prefixes': {
      const eniId = action.eniId as EniId;
      return assign(eniId, hands, () =>
        withFewerPrefixes(action.prefixCount, (count) =>
          enis.assignPrefixes(eniId, count, { signal }),
        ),
      );
    }
    case 'unassign-addresses': {
      const eniId = action.eniId as EniId;
      const addresses = action.addresses as readonly Ipv4Address[];
      return unassign(eniId, addresses, hands, () =>
        enis.unassignAddresses(eniId, addresses, { signal }),
      );
    }
    case 'unassign-prefixes': {
      const eniId = action.eniId as EniId;
      const prefixes = action.prefixes as readonly Ipv4Prefix[];
      return unassign(eniId, prefixes, hands, () =>
        enis.unassignPrefixes(eniId, prefixes, { signal }),
      );
    }
    case 'delete-eni':
      return deleteEni(action.eniId as EniId, hands);
  }
}

async function createEni(wanted: PodBlockCount, hands: Hands): Promise<void> {
  const { book, host, clock, enis, signal } = hands;
  const eni = await enis.allocateEni(wanted, { signal });
  try {
    await enterEni(eni, { book, host, signal, nowMs: clock.nowMs() });
  } catch (error) {
    // An ENI that the host cannot use only costs addresses; the next plan asks for another.
    book.loseEni(eni.eniId);
    await enis.freeEni(eni.eniId, { signal }).catch(() => {});
    throw error;
  }
}

async function assign(
  eniId: EniId,
  { book }: Hands,
  askEc2: () => Promise<readonly Ec2Block[]>,
): Promise<void> {
  for (const block of await askEc2()) addBlock(book, eniId, block);
}

async function unassign(
  eniId: EniId,
  blocks: readonly Ec2Block[],
  { book }: Hands,
  askEc2: () => Promise<void>,
): Promise<void> {
  book.drain(eniId, blocks);
  await askEc2();
  for (const block of blocks) removeBlock(book, eniId, block);
}

async function deleteEni(eniId: EniId, hands: Hands): Promise<void> {
  const { book, enis, host, clock, signal } = hands;
  const eni = book.enis(clock.nowMs()).find((candidate) => candidate.eniId === eniId);
  if (eni === undefined) return;
  const prefixes = eni.prefixes.filter(({ isDraining }) => !isDraining);
  book.drain(eniId, [...eni.freeAddresses, ...prefixes.map(({ prefix }) => prefix)]);
  await enis.freeEni(eniId, { signal });
  book.removeEni(eniId);
  await host.tearDownEni(eniId);
}
