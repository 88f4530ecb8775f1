import { type IpAddress, type IpFamily, ipBytes, ipFamily, ipText, parseIpAddress } from '../ip.ts';
import { prefixBytes } from '../netlink/ip-prefix.ts';
import { egressCidr, isEgressAddress } from './egress-cidrs.ts';

/** In front of a range's addresses for pods are its network's and its gateway's. */
const FIRST = 2;
/** How many it has; the last one is broadcast in IPv4, a pod's in IPv6. */
const COUNT: Readonly<Record<IpFamily, number>> = { ipv4: 1021, ipv6: 1022 };

/**
 * The addresses for pods of a family's egress range, each once, in the order in which `host-local` of the CNI project tries
 * them: from the one after the last reserved, and round. So an address rests as long as it can.
 *
 * @param last anything that is no such address begins at the first.
 */
export function* egressAddressesAfter(last: string, family: IpFamily): Generator<IpAddress> {
  const place = placeOf(last, family);
  for (let step = 1; step <= COUNT[family]; step += 1) {
    yield addressAt((place + step) % COUNT[family], family);
  }
}

/** Network bytes and place share the last sixteen bits. */
function addressAt(place: number, family: IpFamily): IpAddress {
  const bytes = Uint8Array.from(prefixBytes(egressCidr(family)).bytes);
  const view = new DataView(bytes.buffer, bytes.length - 2);
  view.setUint16(0, view.getUint16(0) + FIRST + place);
  return ipText(bytes);
}

function placeOf(text: string, family: IpFamily): number {
  const address = parsed(text);
  if (address === undefined || ipFamily(address) !== family || !isEgressAddress(address)) return -1;
  const [low, network] = [ipBytes(address), prefixBytes(egressCidr(family)).bytes].map((bytes) =>
    bytes.slice(-2).reduce((sum, byte) => sum * 256 + byte, 0),
  ) as [number, number];
  return Math.max(low - network - FIRST, -1);
}

function parsed(text: string): IpAddress | undefined {
  try {
    return parseIpAddress(text);
  } catch {
    return undefined;
  }
}
