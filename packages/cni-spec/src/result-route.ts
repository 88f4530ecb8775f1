import { canonicalCidr, canonicalIp } from './ip-text.ts';
import {
  decodingError,
  type JsonObject,
  optionalInteger,
  optionalText,
  present,
} from './json-object.ts';

/** A route of a result. One codec for all versions, as in the reference implementation. */
export interface CniRoute {
  /** Destination, `address/prefix length`; host bits are kept. */
  readonly dst: string;
  readonly gw?: string;
  /** 0 is the same as absent for `mtu`, `advmss` and `priority`. */
  readonly mtu?: number;
  readonly advmss?: number;
  readonly priority?: number;
  /** 0 and absence differ for `table` and `scope`. */
  readonly table?: number;
  /** 0 global, 253 link, 254 host. */
  readonly scope?: number;
}

export function decodeRoute(object: JsonObject, where: string): CniRoute {
  const dst = optionalText(object, 'dst', `${where}.dst`);
  if (dst === undefined) throw decodingError(`${where}.dst`, 'a destination', dst);
  const gw = optionalText(object, 'gw', `${where}.gw`);
  const integer = (key: string) => optionalInteger(object, key, `${where}.${key}`);
  const route = {
    dst,
    gw,
    mtu: integer('mtu'),
    advmss: integer('advmss'),
    priority: integer('priority'),
    table: integer('table'),
    scope: integer('scope'),
  };
  return encodeRoute(present(route), where);
}

/** The same route in canonical texts, without the members that say nothing. */
export function encodeRoute(route: CniRoute, where: string): CniRoute {
  return present({
    dst: canonicalCidr(route.dst, `${where}.dst`),
    gw: route.gw ? canonicalIp(route.gw, `${where}.gw`) : undefined,
    mtu: route.mtu || undefined,
    advmss: route.advmss || undefined,
    priority: route.priority || undefined,
    table: route.table,
    scope: route.scope,
  });
}
