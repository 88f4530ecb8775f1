import type { MetadataReader } from './metadata-reader.ts';
import {
  type EniId,
  type InstanceId,
  type Ipv4Address,
  type Ipv6Address,
  parseEniId,
  parseInstanceId,
  parseIpv4Address,
  parseIpv6Address,
  parseMac,
  parseSubnetId,
  parseText,
  parseVpcId,
  type SubnetId,
  type VpcId,
} from './metadata-text.ts';
import type { RequestOptions } from './read-options.ts';

/** What stays the same as long as the instance runs. */
export interface InstanceFacts {
  readonly instanceId: InstanceId;
  readonly instanceType: string;
  readonly availabilityZone: string;
  readonly region: string;
  /** Lower case, colons. */
  readonly primaryMac: string;
  readonly primaryEniId: EniId;
  readonly primaryAddress: Ipv4Address;
  /** Absent without IPv6. */
  readonly primaryIpv6Address?: Ipv6Address;
  /** The name in the VPC's private DNS, for instance `ip-10-0-0-4.eu-central-1.compute.internal`. */
  readonly localHostname?: string;
  /** Subnet of the primary ENI. */
  readonly subnetId: SubnetId;
  readonly vpcId: VpcId;
}

export async function readInstanceFacts(
  reader: MetadataReader,
  options: RequestOptions,
): Promise<InstanceFacts> {
  const primaryMac = await readPrimaryMac(reader, options);
  const ofPrimary = (field: string) => macPath(primaryMac, field);
  const [
    instanceId,
    instanceType,
    availabilityZone,
    region,
    primaryEniId,
    primaryAddress,
    primaryIpv6Address,
    localHostname,
    subnetId,
    vpcId,
  ] = await Promise.all([
    reader.read('meta-data/instance-id', parseInstanceId, options),
    reader.read('meta-data/instance-type', parseText, options),
    reader.read('meta-data/placement/availability-zone', parseText, options),
    reader.read('dynamic/instance-identity/document', parseRegion, options),
    reader.read(ofPrimary('interface-id'), parseEniId, options),
    reader.read('meta-data/local-ipv4', parseIpv4Address, options),
    reader.readIfPresent('meta-data/ipv6', parseIpv6Address, options),
    reader.readIfPresent('meta-data/local-hostname', parseText, options),
    reader.read(ofPrimary('subnet-id'), parseSubnetId, options),
    reader.read(ofPrimary('vpc-id'), parseVpcId, options),
  ]);
  return {
    instanceId,
    instanceType,
    availabilityZone,
    region,
    primaryMac,
    primaryEniId,
    primaryAddress,
    ...(primaryIpv6Address === undefined ? {} : { primaryIpv6Address }),
    ...(localHostname === undefined ? {} : { localHostname }),
    subnetId,
    vpcId,
  };
}

export const readPrimaryMac = (reader: MetadataReader, options: RequestOptions): Promise<string> =>
  reader.read('meta-data/mac', parseMac, options);

/** The path of one field of the ENI with this MAC, or of its directory. */
export const macPath = (mac: string, field = '') =>
  `meta-data/network/interfaces/macs/${mac}/${field}`;

/** The identity document is the one place that has named the region from the beginning. */
function parseRegion(text: string): string {
  const region: unknown = JSON.parse(text)?.region;
  if (typeof region !== 'string' || region === '') {
    throw new TypeError('expected a document that names the region');
  }
  return region;
}
