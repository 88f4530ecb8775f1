import { type IpAddress, ipBytes, ipFamily, ipText } from '../ip.ts';
import { macBytes, macText } from '../mac-address.ts';
import { familyName, familyNumber } from './family.ts';
import { type NeighbourMessage, NUD_NOARP, NUD_PERMANENT } from './neighbour-message.ts';

/** A permanent neighbour entry. */
export interface Neighbour {
  readonly address: IpAddress;
  readonly mac: string;
  readonly linkName: string;
}

/** An entry that the kernel learned, or is about to, and may be told to forget. */
export interface LearnedNeighbour {
  readonly address: IpAddress;
  readonly linkIndex: number;
}

export const neighbourMessage = (neighbour: Neighbour, linkIndex: number): NeighbourMessage => ({
  ...neighbourSelection(neighbour.address, linkIndex),
  state: NUD_PERMANENT,
  macBytes: macBytes(neighbour.mac),
});

/** Names an entry, whatever its state and hardware address. */
export const neighbourSelection = (address: IpAddress, linkIndex: number): NeighbourMessage => ({
  family: familyNumber(ipFamily(address)),
  linkIndex,
  state: 0,
  flags: 0,
  type: 0,
  address: ipBytes(address),
  otherAttributes: [],
});

/** Undefined for an entry of another family, or one that is not permanent. */
export function neighbourFromMessage(
  message: NeighbourMessage,
  linkName: string,
): Neighbour | undefined {
  const { family, state, address, macBytes: mac } = message;
  if (familyName(family) === undefined || (state & NUD_PERMANENT) === 0) return undefined;
  if (address === undefined || mac === undefined) return undefined;
  return { address: ipText(address), mac: macText(mac), linkName };
}

/** Undefined for an entry that somebody made, or that needs no learning, as those of groups. */
export function learnedFromMessage(message: NeighbourMessage): LearnedNeighbour | undefined {
  const { family, state, address, linkIndex } = message;
  if (familyName(family) === undefined || (state & (NUD_PERMANENT | NUD_NOARP)) !== 0) {
    return undefined;
  }
  return address === undefined ? undefined : { address: ipText(address), linkIndex };
}

/** As `ip neigh` prints it. */
export const neighbourText = (neighbour: Neighbour): string =>
  `${neighbour.address} dev ${neighbour.linkName} lladdr ${neighbour.mac} PERMANENT`;
