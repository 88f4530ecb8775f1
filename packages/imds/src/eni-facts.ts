import { isImdsError } from './imds-error.ts';
import { macPath } from './instance-facts.ts';
import type { MetadataReader } from './metadata-reader.ts';
import {
  type EniId,
  type Ipv4Address,
  type Ipv4Cidr,
  type Ipv6Address,
  type Ipv6Cidr,
  parseEniId,
  parseInteger,
  parseIpv4Address,
  parseIpv4Cidr,
  parseIpv6Address,
  parseIpv6Cidr,
  parseList,
  parseMac,
  parseNonEmptyList,
  parseSubnetId,
  type SubnetId,
} from './metadata-text.ts';
import type { RequestOptions } from './read-options.ts';

/** One ENI as the instance's metadata shows it; seconds to minutes behind EC2. */
export interface EniFacts {
  readonly eniId: EniId;
  /** Lower case, colons. */
  readonly mac: string;
  readonly deviceNumber: number;
  readonly networkCardIndex: number;
  readonly subnetId: SubnetId;
  readonly subnetCidr: Ipv4Cidr;
  readonly primaryAddress: Ipv4Address;
  readonly secondaryAddresses: readonly Ipv4Address[];
  /** Delegated /28 prefixes. */
  readonly prefixes: readonly Ipv4Cidr[];
  readonly ipv6Addresses: readonly Ipv6Address[];
  /** Delegated /80 prefixes. */
  readonly ipv6Prefixes: readonly Ipv6Cidr[];
  /** Absent in a subnet without IPv6. */
  readonly subnetIpv6Cidr?: Ipv6Cidr;
  /** The ENI the instance started with. */
  readonly isPrimary: boolean;
}

/** Reads the list of ENIs, again and again. */
export type EniLister = (
  primaryMac: string,
  options: RequestOptions,
) => Promise<readonly EniFacts[]>;

const MACS_PATH = 'meta-data/network/interfaces/macs/';

/**
 * Makes a reader of all ENIs with an IPv4 address, by network card and device number.
 *
 * It remembers which ENIs it has seen complete. One that lacks a field is left out as long as it never
 * was complete: it is being attached. One that was, and any in the first list, makes the list fail,
 * because an ENI left out of a list loses its pods.
 */
export function createEniLister(reader: MetadataReader): EniLister {
  let seenComplete: ReadonlySet<string> | undefined;
  return async (primaryMac, options) => {
    const macs = await reader.read(MACS_PATH, parseList(parseMac), options);
    const enis: EniFacts[] = [];
    // One after the other, because the service limits how many packets an instance may send it.
    for (const mac of macs) {
      const wasComplete = seenComplete?.has(mac);
      const eni = await readEni(reader, { mac, primaryMac, wasComplete }, options);
      if (eni !== undefined) {
        enis.push(eni);
      }
    }
    seenComplete = new Set(enis.map(({ mac }) => mac));
    return enis.sort(bySlot);
  };
}

const bySlot = (a: EniFacts, b: EniFacts) =>
  a.networkCardIndex - b.networkCardIndex ||
  a.deviceNumber - b.deviceNumber ||
  (a.eniId < b.eniId ? -1 : 1);

interface WantedEni {
  readonly mac: string;
  readonly primaryMac: string;
  /** Whether the list before had it; `undefined` in the first one. */
  readonly wasComplete: boolean | undefined;
}

/** The ENI; `undefined` when it has no IPv4 address, is being attached, or has gone meanwhile. */
async function readEni(
  reader: MetadataReader,
  wanted: WantedEni,
  options: RequestOptions,
): Promise<EniFacts | undefined> {
  const { mac, wasComplete } = wanted;
  const readNames = () => reader.readIfPresent(macPath(mac), parseNames, options);
  const names = await readNames();
  if (names === undefined) {
    return undefined;
  }
  try {
    return await readFields(reader, wanted, names, options);
  } catch (error) {
    const isMissing = isImdsError(error) && error.code === 'not-found';
    if (isMissing && (wasComplete === false || (await readNames()) === undefined)) {
      return undefined;
    }
    throw error;
  }
}

/** The names of the fields that an ENI has. */
const parseNames = parseList((name) => name);

async function readFields(
  reader: MetadataReader,
  { mac, primaryMac, wasComplete }: WantedEni,
  names: readonly string[],
  options: RequestOptions,
): Promise<EniFacts | undefined> {
  const path = (field: string) => macPath(mac, field);
  // What the directory does not list is not asked for.
  const optional = async <T>(field: string, parse: (text: string) => T) =>
    names.includes(field) ? reader.readIfPresent(path(field), parse, options) : undefined;

  const addresses = wasComplete
    ? await reader.read(path('local-ipv4s'), parseNonEmptyList(parseIpv4Address), options)
    : await optional('local-ipv4s', parseList(parseIpv4Address));
  const [primaryAddress, ...secondaryAddresses] = addresses ?? [];
  if (primaryAddress === undefined) {
    // An efa-only ENI, an IPv6-only one, or one so new that its addresses are not shown yet.
    return undefined;
  }
  const [eniId, deviceNumber, subnetId, subnetCidr] = await Promise.all([
    reader.read(path('interface-id'), parseEniId, options),
    reader.read(path('device-number'), parseInteger, options),
    reader.read(path('subnet-id'), parseSubnetId, options),
    reader.read(path('subnet-ipv4-cidr-block'), parseIpv4Cidr, options),
  ]);
  const [networkCardIndex, prefixes, ipv6Addresses, ipv6Prefixes, subnetIpv6Cidrs] =
    await Promise.all([
      optional('network-card', parseInteger),
      optional('ipv4-prefix', parseList(parseIpv4Cidr)),
      optional('ipv6s', parseList(parseIpv6Address)),
      optional('ipv6-prefix', parseList(parseIpv6Cidr)),
      optional('subnet-ipv6-cidr-blocks', parseList(parseIpv6Cidr)),
    ]);
  const isPrimary = mac === primaryMac;
  const [subnetIpv6Cidr] = subnetIpv6Cidrs ?? [];
  return {
    eniId,
    mac,
    // Metadata has been seen to give the primary ENI another number; EC2 never does.
    deviceNumber: isPrimary ? 0 : deviceNumber,
    networkCardIndex: networkCardIndex ?? 0,
    subnetId,
    subnetCidr,
    primaryAddress,
    secondaryAddresses,
    prefixes: prefixes ?? [],
    ipv6Addresses: ipv6Addresses ?? [],
    ipv6Prefixes: ipv6Prefixes ?? [],
    ...(subnetIpv6Cidr === undefined ? {} : { subnetIpv6Cidr }),
    isPrimary,
  };
}
