import type { AddressBook, Ec2Block, EniId, IpAddress, IpPrefix } from '@vpc-cni/ipam';
import type { StartedAction } from './action-ledger.ts';
import { addBlock, removeBlock } from './blocks.ts';
import { enterEni } from './enter-eni.ts';
import { withFewerPrefixes } from './fewer-prefixes.ts';
import type { IntentKeeper, Wish } from './intent-keeper.ts';
import type { Clock, EniPort, EniSlot, HostPort, ObservedEni, PodBlockCount } from './ports.ts';
import { withIntent } from './with-intent.ts';

export interface Hands {
  readonly book: AddressBook;
  readonly enis: EniPort;
  readonly host: HostPort;
  readonly clock: Clock;
  readonly intents: IntentKeeper;
  /** Slots of ENIs that are not in the book. */
  readonly otherSlots: readonly EniSlot[];
  readonly signal: AbortSignal;
}

/**
 * Carries out one action of a plan: EC2 first, then the host, then the address book. What EC2 is asked
 * for is durable before it is asked.
 *
 * What is given back is put out of reach (draining) before EC2 is asked. When EC2's answer is a failure
 * it stays there until a comparison with EC2 has shown what became of it.
 */
export function applyAction(action: StartedAction, hands: Hands): Promise<void> {
  const { enis, signal } = hands;
  switch (action.kind) {
    case 'create-eni':
      return createEni({ addressCount: action.addressCount }, action, hands);
    case 'create-eni-with-prefixes':
      return withFewerPrefixes(action.prefixCount, (prefixCount) =>
        createEni({ prefixCount }, action, hands),
      );
    case 'assign-addresses': {
      const eniId = action.eniId as EniId; // all ids of a plan are the book's own
      const { kind, count } = action;
      return assign({ kind, eniId, count }, hands, () =>
        enis.assignAddresses(eniId, count, { signal }),
      );
    }
    case 'assign-prefixes': {
      const eniId = action.eniId as EniId;
      const { kind, prefixCount } = action;
      return assign({ kind, eniId, count: prefixCount }, hands, () =>
        withFewerPrefixes(prefixCount, (count) => enis.assignPrefixes(eniId, count, { signal })),
      );
    }
    case 'unassign-addresses': {
      const eniId = action.eniId as EniId;
      const addresses = action.addresses as readonly IpAddress[];
      return unassign(eniId, addresses, hands, () =>
        enis.unassignAddresses(eniId, addresses, { signal }),
      );
    }
    case 'unassign-prefixes': {
      const eniId = action.eniId as EniId;
      const prefixes = action.prefixes as readonly IpPrefix[];
      return unassign(eniId, prefixes, hands, () =>
        enis.unassignPrefixes(eniId, prefixes, { signal }),
      );
    }
    case 'delete-eni':
      return deleteEni(action.eniId as EniId, hands);
  }
}

async function createEni(
  wanted: PodBlockCount,
  { networkCardIndex = 0 }: { readonly networkCardIndex?: number },
  hands: Hands,
): Promise<void> {
  const { book, host, clock, enis, intents, signal } = hands;
  const eni = await withIntent(
    intents,
    (clientToken) => ({ kind: 'create-eni', clientToken, networkCardIndex }),
    async (clientToken) => {
      const usedSlots = [...book.enis(clock.nowMs()), ...hands.otherSlots].map(slotOf);
      const request = { ...wanted, networkCardIndex, clientToken, usedSlots };
      const created = await enis.allocateEni(request, { signal });
      intents.amend(clientToken, { kind: 'attach-eni', eniId: created.eniId, ...slotOf(created) });
      return created;
    },
  );
  try {
    await enterEni(eni, { book, host, signal, nowMs: clock.nowMs(), role: 'ordinary' });
  } catch (error) {
    await discard(eni, hands);
    throw error;
  }
}

const slotOf = ({ deviceNumber, networkCardIndex }: EniSlot): EniSlot => ({
  deviceNumber,
  networkCardIndex,
});

/** An ENI that the host cannot use only costs addresses; the next plan asks for another. */
async function discard({ eniId }: ObservedEni, { book, enis, intents, signal }: Hands) {
  book.loseEni(eniId);
  await withIntent(
    intents,
    () => ({ kind: 'delete-eni', eniId }),
    () => enis.freeEni(eniId, { signal }),
  ).catch(() => {}); // the caller has an error of its own to throw; the open intent remembers this one
}

async function assign(
  wish: Extract<Wish, { readonly kind: 'assign-addresses' | 'assign-prefixes' }>,
  { book, intents }: Hands,
  askEc2: () => Promise<readonly Ec2Block[]>,
): Promise<void> {
  const blocks = await withIntent(intents, () => wish, askEc2);
  for (const block of blocks) addBlock(book, wish.eniId, block);
}

async function unassign(
  eniId: EniId,
  blocks: readonly Ec2Block[],
  { book, intents }: Hands,
  askEc2: () => Promise<void>,
): Promise<void> {
  book.drain(eniId, blocks);
  await withIntent(intents, () => ({ kind: 'unassign', eniId, blocks }), askEc2);
  for (const block of blocks) removeBlock(book, eniId, block);
}

async function deleteEni(eniId: EniId, hands: Hands): Promise<void> {
  const { book, enis, host, clock, intents, signal } = hands;
  const eni = book.enis(clock.nowMs()).find((candidate) => candidate.eniId === eniId);
  if (eni === undefined) return;
  const prefixes = eni.prefixes.filter(({ isDraining }) => !isDraining);
  book.drain(eniId, [...eni.freeAddresses, ...prefixes.map(({ prefix }) => prefix)]);
  await withIntent(
    intents,
    () => ({ kind: 'delete-eni', eniId }),
    () => enis.freeEni(eniId, { signal }),
  );
  book.removeEni(eniId);
  await host.tearDownEni(eniId);
}
