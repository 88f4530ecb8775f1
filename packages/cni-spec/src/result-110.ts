import { canonicalCidr, canonicalIp } from './ip-text.ts';
import {
  decodeObjects,
  decodingError,
  type JsonObject,
  optionalInteger,
  optionalText,
  present,
} from './json-object.ts';
import { type CniDns, decodeDns, encodeDns } from './result-dns.ts';
import { type CniRoute, decodeRoute, encodeRoute } from './result-route.ts';

// Result of CNI 1.0.0 and 1.1.0 (specification 1.1.0, section 5, "ADD Success").
// One codec reads and writes the keys of 1.1.0 under both labels, as the reference implementation does.

/** Labels of this family of results, oldest first. */
export const VERSIONS_110 = ['1.0.0', '1.1.0'] as const;

/** An interface of a result. Texts are opaque: real plugins put numbers into `mac` and `sandbox`. */
export interface CniInterface {
  readonly name: string;
  readonly mac?: string;
  readonly mtu?: number;
  /** Path of the network namespace; absent for an interface on the host. */
  readonly sandbox?: string;
  readonly socketPath?: string;
  readonly pciID?: string;
}

/** An address of a result. */
export interface CniIp {
  /** `address/prefix length`; host bits are kept. */
  readonly address: string;
  readonly gateway?: string;
  /** Index into `interfaces`, from 0; one that points nowhere means "unknown interface". */
  readonly interface?: number;
}

/** Result of CNI 1.0.0 and 1.1.0. Absent lists read as empty. */
export interface Result110 {
  readonly cniVersion: (typeof VERSIONS_110)[number];
  readonly interfaces: readonly CniInterface[];
  readonly ips: readonly CniIp[];
  readonly routes: readonly CniRoute[];
  readonly dns?: CniDns;
}

/**
 * The result that handlers work with: the newest shape. The label may be left out and then counts as
 * 1.1.0; it is the configuration's version that decides what is printed.
 */
export type CniResult = Omit<Result110, 'cniVersion'> & Partial<Pick<Result110, 'cniVersion'>>;

/** Decodes the members; the label has been checked by the caller. */
export function decodeResult110(
  object: JsonObject,
  cniVersion: Result110['cniVersion'],
): Result110 {
  return present({
    cniVersion,
    interfaces: decodeObjects(object, 'interfaces', 'interfaces', decodeInterface),
    ips: decodeObjects(object, 'ips', 'ips', decodeAddress),
    routes: decodeObjects(object, 'routes', 'routes', decodeRoute),
    dns: decodeDns(object),
  });
}

/** Members as printed: empty lists and an empty `dns` are left out. */
export function encodeResult110(result: Result110): JsonObject {
  const dns = encodeDns(result.dns);
  return present({
    cniVersion: result.cniVersion,
    interfaces: listOf(result.interfaces.map(encodeInterface)),
    ips: listOf(result.ips.map((ip, index) => encodeAddress(ip, `ips[${index}]`))),
    routes: listOf(result.routes.map((route, index) => encodeRoute(route, `routes[${index}]`))),
    dns: Object.keys(dns).length > 0 ? dns : undefined,
  });
}

/** A list as printed: `undefined` when empty. */
export const listOf = <T>(list: readonly T[]): readonly T[] | undefined =>
  list.length > 0 ? list : undefined;

/** Shared with the family before, whose addresses have a `version` beside these members. */
export function decodeAddress(object: JsonObject, where: string): CniIp {
  const address = optionalText(object, 'address', `${where}.address`);
  if (address === undefined) throw decodingError(`${where}.address`, 'an address', address);
  const gateway = optionalText(object, 'gateway', `${where}.gateway`);
  const index = optionalInteger(object, 'interface', `${where}.interface`);
  return encodeAddress(present({ address, gateway, interface: index }), where);
}

export function encodeAddress(ip: CniIp, where: string): CniIp {
  return present({
    address: canonicalCidr(ip.address, `${where}.address`),
    gateway: ip.gateway ? canonicalIp(ip.gateway, `${where}.gateway`) : undefined,
    interface: ip.interface,
  });
}

function decodeInterface(object: JsonObject, where: string): CniInterface {
  const text = (key: string) => optionalText(object, key, `${where}.${key}`);
  const mtu = optionalInteger(object, 'mtu', `${where}.mtu`);
  return encodeInterface(
    present({
      name: text('name') ?? '',
      mac: text('mac'),
      mtu,
      sandbox: text('sandbox'),
      socketPath: text('socketPath'),
      pciID: text('pciID'),
    }),
  );
}

function encodeInterface(link: CniInterface): CniInterface {
  return present({
    name: link.name,
    mac: link.mac || undefined,
    mtu: link.mtu || undefined,
    sandbox: link.sandbox || undefined,
    socketPath: link.socketPath || undefined,
    pciID: link.pciID || undefined,
  });
}
