import { type Ipv4Address, ipv4Bytes, ipv4Text } from '../ipv4.ts';
import { macBytes, macText } from '../mac-address.ts';
import { AF_INET } from './family.ts';
import { type NeighbourMessage, NUD_PERMANENT } from './neighbour-message.ts';

/** A permanent IPv4 neighbour entry. */
export interface Neighbour {
  readonly address: Ipv4Address;
  readonly mac: string;
  readonly linkName: string;
}

export const neighbourMessage = (neighbour: Neighbour, linkIndex: number): NeighbourMessage => ({
  family: AF_INET,
  linkIndex,
  state: NUD_PERMANENT,
  flags: 0,
  type: 0,
  address: ipv4Bytes(neighbour.address),
  macBytes: macBytes(neighbour.mac),
  otherAttributes: [],
});

/** Undefined for an entry of another family, or one that is not permanent. */
export function neighbourFromMessage(
  message: NeighbourMessage,
  linkName: string,
): Neighbour | undefined {
  const { family, state, address, macBytes: mac } = message;
  if (family !== AF_INET || (state & NUD_PERMANENT) === 0) return undefined;
  if (address === undefined || mac === undefined) return undefined;
  return { address: ipv4Text(address), mac: macText(mac), linkName };
}

/** As `ip neigh` prints it. */
export const neighbourText = (neighbour: Neighbour): string =>
  `${neighbour.address} dev ${neighbour.linkName} lladdr ${neighbour.mac} PERMANENT`;
