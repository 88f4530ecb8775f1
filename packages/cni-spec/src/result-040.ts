import { decodeObjects, type JsonObject, optionalText, present } from './json-object.ts';
import {
  type CniInterface,
  type CniIp,
  decodeAddress,
  encodeAddress,
  listOf,
} from './result-110.ts';
import { type CniDns, decodeDns, encodeDns } from './result-dns.ts';
import { type CniRoute, decodeRoute, encodeRoute } from './result-route.ts';

// Result of CNI 0.3.0, 0.3.1 and 0.4.0: one shape. The 0.3.0 text called `ips` `ip`; no implementation did.

/** Labels of this family of results, oldest first. */
export const VERSIONS_040 = ['0.3.0', '0.3.1', '0.4.0'] as const;

/** An interface of a result of this family. */
export type Interface040 = Pick<CniInterface, 'name' | 'mac' | 'sandbox'>;

/** An address of a result of this family. */
export interface Ip040 extends CniIp {
  /** `4` or `6` by the specification. Any text in practice; empty when a plugin left it out. */
  readonly version: string;
}

/** Result of CNI 0.3.0, 0.3.1 and 0.4.0. Absent lists read as empty. */
export interface Result040 {
  readonly cniVersion: (typeof VERSIONS_040)[number];
  readonly interfaces: readonly Interface040[];
  readonly ips: readonly Ip040[];
  readonly routes: readonly CniRoute[];
  readonly dns?: CniDns;
}

/** Decodes the members; the label has been checked by the caller. */
export function decodeResult040(
  object: JsonObject,
  cniVersion: Result040['cniVersion'],
): Result040 {
  return present({
    cniVersion,
    interfaces: decodeObjects(object, 'interfaces', 'interfaces', decodeInterface),
    ips: decodeObjects(object, 'ips', 'ips', decodeAddress040),
    routes: decodeObjects(object, 'routes', 'routes', decodeRoute),
    dns: decodeDns(object),
  });
}

/** Members as printed: `dns` and `ips[].version` always, empty lists never. */
export function encodeResult040(result: Result040): JsonObject {
  return present({
    cniVersion: result.cniVersion,
    interfaces: listOf(result.interfaces.map(encodeInterface)),
    ips: listOf(
      result.ips.map(({ version, ...ip }, index) => ({
        version,
        ...encodeAddress(ip, `ips[${index}]`),
      })),
    ),
    routes: listOf(result.routes.map((route, index) => encodeRoute(route, `routes[${index}]`))),
    dns: encodeDns(result.dns),
  });
}

function decodeAddress040(object: JsonObject, where: string): Ip040 {
  const version = optionalText(object, 'version', `${where}.version`) ?? '';
  return { version, ...decodeAddress(object, where) };
}

function decodeInterface(object: JsonObject, where: string): Interface040 {
  const text = (key: string) => optionalText(object, key, `${where}.${key}`);
  return encodeInterface(
    present({ name: text('name') ?? '', mac: text('mac'), sandbox: text('sandbox') }),
  );
}

function encodeInterface(link: Interface040): Interface040 {
  return present({
    name: link.name,
    mac: link.mac || undefined,
    sandbox: link.sandbox || undefined,
  });
}
