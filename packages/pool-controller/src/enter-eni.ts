import type { AddressBook, EniRole } from '@vpc-cni/ipam';
import { addBlock, assignedBlocks } from './blocks.ts';
import type { HostPort, ObservedEni } from './ports.ts';

interface Entry {
  readonly book: AddressBook;
  readonly host: HostPort;
  readonly signal: AbortSignal;
  readonly nowMs: number;
  readonly role: EniRole;
}

/** Wires an ENI on the host (the primary one is wired already) and enters it into the address book. */
export async function enterEni(eni: ObservedEni, entry: Entry): Promise<void> {
  const { signal, role } = entry;
  if (!eni.isPrimary) await entry.host.setUpEni(eni, { signal, role });
  entry.book.addEni({
    eniId: eni.eniId,
    deviceNumber: eni.deviceNumber,
    networkCardIndex: eni.networkCardIndex,
    isPrimary: eni.isPrimary,
    routeTableId: entry.host.routeTableId(eni),
    subnetId: eni.subnetId,
    primaryAddress: eni.primaryAddress,
    attachedAtMs: entry.nowMs,
    role,
  });
  for (const block of assignedBlocks(eni)) addBlock(entry.book, eni.eniId, block);
}
