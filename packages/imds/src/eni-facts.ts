import { isImdsError } from './imds-error.ts';
import { macPath } from './instance-facts.ts';
import type { MetadataReader } from './metadata-reader.ts';
import {
  type EniId,
  type Ipv4Address,
  type Ipv4Cidr,
  parseEniId,
  parseInteger,
  parseIpv4Address,
  parseIpv4Cidr,
  parseList,
  parseMac,
  parseSubnetId,
  parseText,
  type SubnetId,
} from './metadata-text.ts';
import type { ReadOptions } from './read-options.ts';

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
  /** The ENI the instance started with. */
  readonly isPrimary: boolean;
}

const MACS_PATH = 'meta-data/network/interfaces/macs/';

/**
 * All ENIs with an IPv4 address, by network card and device number. One after the other, because the
 * service limits how many packets an instance may send it.
 */
export async function readEniFacts(
  reader: MetadataReader,
  primaryMac: string,
  options: ReadOptions,
): Promise<readonly EniFacts[]> {
  const macs = await reader.read(MACS_PATH, parseList(parseMac), options);
  const enis: EniFacts[] = [];
  for (const mac of macs) {
    const eni = await readUnlessVanished(reader, mac, primaryMac, options);
    if (eni !== undefined) {
      enis.push(eni);
    }
  }
  return enis.sort(bySlot);
}

const bySlot = (a: EniFacts, b: EniFacts) =>
  a.networkCardIndex - b.networkCardIndex ||
  a.deviceNumber - b.deviceNumber ||
  (a.eniId < b.eniId ? -1 : 1);

/**
 * An ENI may be detached between the list and its fields. Then, and only then, its directory is gone;
 * a field that is missing from a directory that is there is an error, because an ENI left out of the
 * list loses its pods.
 */
async function readUnlessVanished(
  reader: MetadataReader,
  mac: string,
  primaryMac: string,
  options: ReadOptions,
): Promise<EniFacts | undefined> {
  try {
    return await readEni(reader, mac, primaryMac, options);
  } catch (error) {
    if (isImdsError(error) && error.code === 'not-found') {
      const directory = await reader.readIfPresent(macPath(mac), parseText, options);
      if (directory === undefined) {
        return undefined;
      }
    }
    throw error;
  }
}

async function readEni(
  reader: MetadataReader,
  mac: string,
  primaryMac: string,
  options: ReadOptions,
): Promise<EniFacts | undefined> {
  const path = (field: string) => macPath(mac, field);
  const addresses = parseList(parseIpv4Address);
  const [eniId, deviceNumber, networkCardIndex, [primaryAddress, ...secondaryAddresses] = []] =
    await Promise.all([
      reader.read(path('interface-id'), parseEniId, options),
      reader.read(path('device-number'), parseInteger, options),
      reader.readIfPresent(path('network-card'), parseInteger, options),
      reader.readIfPresent(path('local-ipv4s'), addresses, options),
    ]);
  if (primaryAddress === undefined) {
    // An efa-only ENI, an IPv6-only one, or one so new that its addresses are not shown yet.
    return undefined;
  }
  const [subnetId, subnetCidr, prefixes = []] = await Promise.all([
    reader.read(path('subnet-id'), parseSubnetId, options),
    reader.read(path('subnet-ipv4-cidr-block'), parseIpv4Cidr, options),
    reader.readIfPresent(path('ipv4-prefix'), parseList(parseIpv4Cidr), options),
  ]);
  const isPrimary = mac === primaryMac;
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
    prefixes,
    isPrimary,
  };
}
