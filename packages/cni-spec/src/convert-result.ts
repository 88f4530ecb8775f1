import { CNI_ERROR, CniError } from './cni-error.ts';
import { canonicalCidr, familyOfText } from './ip-text.ts';
import { present } from './json-object.ts';
import type { IpSlot020, Result020 } from './result-020.ts';
import type { Ip040, Result040 } from './result-040.ts';
import type { CniResult, Result110 } from './result-110.ts';
import {
  type AnyResult,
  isResult020,
  isResult040,
  isVersion020,
  isVersion040,
  isVersion110,
  type ResultOf,
  unknownVersion,
} from './result-family.ts';
import type { CniRoute } from './result-route.ts';
import { ABSENT_VERSION, CURRENT_VERSION, isKnownVersion } from './version.ts';

/**
 * Converts a result to another version of the specification.
 *
 * Conversion to an older version loses what that version cannot say, silently, exactly as the
 * reference implementation does; the README has the table. Work with the newest shape and convert
 * when printing. The same label gives the result back as it is.
 *
 * @param target the empty text means 0.1.0.
 * @throws {CniError} 1 when one of the versions is unknown, or the target is 0.1.0 or 0.2.0 and no address would be left;
 *   6 when an address that has to be looked at is malformed.
 */
export function convertResult<const V extends string>(
  result: AnyResult | CniResult,
  target: V,
): ResultOf<V> {
  return convert(labelled(result), target === '' ? ABSENT_VERSION : target) as ResultOf<V>; // by label
}

/** The result with its label; one without counts as the newest. */
export const labelled = (result: AnyResult | CniResult): AnyResult =>
  result.cniVersion === undefined
    ? { ...result, cniVersion: CURRENT_VERSION }
    : (result as AnyResult); // nothing but a missing label tells CniResult from Result110

function convert(result: AnyResult, target: string): AnyResult {
  if (!isKnownVersion(result.cniVersion)) throw unknownVersion(result.cniVersion);
  if (result.cniVersion === target) return result;
  if (isVersion110(target)) return { ...to110(result), cniVersion: target };
  if (isVersion040(target)) return { ...to040(result), cniVersion: target };
  if (isVersion020(target)) return { ...to020(result), cniVersion: target };
  throw unknownVersion(target);
}

function to110(result: AnyResult): Result110 {
  if (isResult020(result) || isResult040(result)) return up110(to040(result));
  return result;
}

function to040(result: AnyResult): Result040 {
  if (isResult020(result)) return up040(result);
  return isResult040(result) ? result : down040(result);
}

function to020(result: AnyResult): Result020 {
  return isResult020(result) ? result : down020(to040(result));
}

/** The slot, not the address, decides on `version`. */
function up040({ ip4, ip6, dns }: Result020): Result040 {
  const ipOf = (slot: IpSlot020 | undefined, version: string): readonly Ip040[] =>
    slot === undefined ? [] : [present({ version, address: slot.ip, gateway: slot.gateway })];
  return present({
    cniVersion: '0.4.0' as const,
    interfaces: [],
    ips: [...ipOf(ip4, '4'), ...ipOf(ip6, '6')],
    routes: [...(ip4?.routes ?? []), ...(ip6?.routes ?? [])],
    dns,
  });
}

function up110({ interfaces, ips, routes, dns }: Result040): Result110 {
  const withoutVersion = ips.map(({ version: _, ...ip }) => ip);
  return present({ cniVersion: '1.1.0' as const, interfaces, ips: withoutVersion, routes, dns });
}

/** Interfaces lose what 1.1.0 brought; routes keep it, because one route codec serves all versions. */
function down040({ interfaces, ips, routes, dns }: Result110): Result040 {
  return present({
    cniVersion: '0.4.0' as const,
    interfaces: interfaces.map(({ name, mac, sandbox }) => present({ name, mac, sandbox })),
    ips: ips.map((ip, index) => ({
      version: String(familyOfText(canonicalCidr(ip.address, `ips[${index}].address`))),
      ...ip,
    })),
    routes,
    dns,
  });
}

/** `ips[].version` is trusted, whatever the address; routes without a slot of their family vanish. */
function down020({ ips, routes, dns }: Result040): Result020 {
  const slotOf = (family: 4 | 6): IpSlot020 | undefined => {
    const ip = ips.find(({ version }) => version === String(family));
    const ownRoutes = routes.flatMap((route, index) => routeOf020(route, index, family));
    return ip && present({ ip: ip.address, gateway: ip.gateway, routes: ownRoutes });
  };
  const ip4 = slotOf(4);
  const ip6 = slotOf(6);
  if (ip4 === undefined && ip6 === undefined) {
    throw new CniError(
      CNI_ERROR.incompatibleVersion,
      'the result cannot be expressed in CNI 0.2.0',
      `none of its ${ips.length} addresses is marked as version 4 or 6`,
    );
  }
  return present({ cniVersion: '0.2.0' as const, ip4, ip6, dns });
}

function routeOf020(route: CniRoute, index: number, family: 4 | 6): readonly CniRoute[] {
  const isOfFamily = familyOfText(canonicalCidr(route.dst, `routes[${index}].dst`)) === family;
  return isOfFamily ? [present({ dst: route.dst, gw: route.gw })] : [];
}
