import { canonicalCidr, canonicalIp } from './ip-text.ts';
import {
  decodeObjects,
  decodingError,
  type JsonObject,
  optionalObject,
  optionalText,
  present,
} from './json-object.ts';
import { listOf } from './result-110.ts';
import { type CniDns, decodeDns, encodeDns } from './result-dns.ts';
import { type CniRoute, decodeRoute, encodeRoute } from './result-route.ts';

// Result of CNI 0.1.0 and 0.2.0: at most one address per family, routes inside the family's object.

/** Labels of this family of results, oldest first. */
export const VERSIONS_020 = ['0.1.0', '0.2.0'] as const;

/** The address of one IP family, with its routes. */
export interface IpSlot020 {
  /** `address/prefix length`; host bits are kept. */
  readonly ip: string;
  readonly gateway?: string;
  readonly routes: readonly CniRoute[];
}

/** Result of CNI 0.1.0 and 0.2.0. */
export interface Result020 {
  readonly cniVersion: (typeof VERSIONS_020)[number];
  readonly ip4?: IpSlot020;
  readonly ip6?: IpSlot020;
  readonly dns?: CniDns;
}

/** Decodes the members; the label has been checked by the caller. */
export function decodeResult020(
  object: JsonObject,
  cniVersion: Result020['cniVersion'],
): Result020 {
  return present({
    cniVersion,
    ip4: decodeSlot(object, 'ip4'),
    ip6: decodeSlot(object, 'ip6'),
    dns: decodeDns(object),
  });
}

/** Members as printed: `dns` always, empty lists never. */
export function encodeResult020(result: Result020): JsonObject {
  return present({
    cniVersion: result.cniVersion,
    ip4: encodeSlot(result.ip4, 'ip4'),
    ip6: encodeSlot(result.ip6, 'ip6'),
    dns: encodeDns(result.dns),
  });
}

function decodeSlot(object: JsonObject, where: 'ip4' | 'ip6'): IpSlot020 | undefined {
  const slot = optionalObject(object, where, where);
  if (slot === undefined) return undefined;
  const ip = optionalText(slot, 'ip', `${where}.ip`);
  if (ip === undefined) throw decodingError(`${where}.ip`, 'an address', ip);
  const gateway = optionalText(slot, 'gateway', `${where}.gateway`);
  return present({
    ip: canonicalCidr(ip, `${where}.ip`),
    gateway: gateway ? canonicalIp(gateway, `${where}.gateway`) : undefined,
    routes: decodeObjects(slot, 'routes', `${where}.routes`, decodeRoute),
  });
}

function encodeSlot(slot: IpSlot020 | undefined, where: string): JsonObject | undefined {
  if (slot === undefined) return undefined;
  const { ip, gateway, routes } = slot;
  return present({
    ip: canonicalCidr(ip, `${where}.ip`),
    gateway: gateway ? canonicalIp(gateway, `${where}.gateway`) : undefined,
    routes: listOf(routes.map((route, index) => encodeRoute(route, `${where}.routes[${index}]`))),
  });
}
