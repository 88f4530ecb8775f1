import { isIPv6 } from 'node:net';

export type EniId = `eni-${string}`;
export type EniAttachmentId = `eni-attach-${string}`;
export type VpcId = `vpc-${string}`;
export type SubnetId = `subnet-${string}`;
export type InstanceId = `i-${string}`;
export type SecurityGroupId = `sg-${string}`;
export type Ipv4Address = `${number}.${number}.${number}.${number}`;
/** The 16 addresses of a block that EC2 assigns as one, by its first: `10.0.0.16/28`. */
export type Ipv4Prefix = `${Ipv4Address}/28`;

export type Ipv6Address = `${string}:${string}`;
/** A block of 2^48 addresses that EC2 assigns as one, by its first: `2001:db8:0:1:5::/80`. */
export type Ipv6Prefix = `${Ipv6Address}/80`;

/**
 * The text as an ENI id.
 *
 * @throws {TypeError} when it does not start with `eni-`.
 */
export const parseEniId = (text: string): EniId => parseId(text, 'eni-') as EniId;

/**
 * The text as the id of an ENI attachment.
 *
 * @throws {TypeError} when it does not start with `eni-attach-`.
 */
export const parseEniAttachmentId = (text: string): EniAttachmentId =>
  parseId(text, 'eni-attach-') as EniAttachmentId;

/**
 * The text as a VPC id.
 *
 * @throws {TypeError} when it does not start with `vpc-`.
 */
export const parseVpcId = (text: string): VpcId => parseId(text, 'vpc-') as VpcId;

/**
 * The text as a subnet id.
 *
 * @throws {TypeError} when it does not start with `subnet-`.
 */
export const parseSubnetId = (text: string): SubnetId => parseId(text, 'subnet-') as SubnetId;

/**
 * The text as an instance id.
 *
 * @throws {TypeError} when it does not start with `i-`.
 */
export const parseInstanceId = (text: string): InstanceId => parseId(text, 'i-') as InstanceId;

/**
 * The text as the id of a security group.
 *
 * @throws {TypeError} when it does not start with `sg-`.
 */
export const parseSecurityGroupId = (text: string): SecurityGroupId =>
  parseId(text, 'sg-') as SecurityGroupId;

/**
 * The text as an IPv4 address in dotted decimal.
 *
 * @throws {TypeError} when it is anything else, leading zeros included.
 */
export function parseIpv4Address(text: string): Ipv4Address {
  const octets = text.split('.');
  if (octets.length !== 4 || !octets.every((octet) => isOctet(octet))) {
    throw new TypeError(`expected an IPv4 address, received ${JSON.stringify(text)}`);
  }
  return text as Ipv4Address; // checked octet by octet above
}

/**
 * The text as an IPv4 prefix: the first address of an aligned block of 16, and `/28`.
 *
 * @throws {TypeError} when it is anything else.
 */
export function parseIpv4Prefix(text: string): Ipv4Prefix {
  const [address = '', length, ...rest] = text.split('/');
  const lastOctet = Number(parseIpv4Address(address).split('.')[3]);
  if (length !== '28' || rest.length > 0 || lastOctet % 16 !== 0) {
    throw new TypeError(
      `expected an IPv4 prefix like 10.0.0.16/28, received ${JSON.stringify(text)}`,
    );
  }
  return text as Ipv4Prefix; // checked part by part above
}

/**
 * The text as an IPv6 address; EC2 spells them as RFC 5952 has it.
 *
 * @throws {TypeError} when it is anything else.
 */
export function parseIpv6Address(text: string): Ipv6Address {
  if (!isIPv6(text) || text.includes('%')) {
    throw new TypeError(`expected an IPv6 address, received ${JSON.stringify(text)}`);
  }
  return text as Ipv6Address; // all of them have a colon
}

/**
 * The text as an IPv6 prefix: an address, and `/80`.
 *
 * @throws {TypeError} when it is anything else.
 */
export function parseIpv6Prefix(text: string): Ipv6Prefix {
  const [address = '', length, ...rest] = text.split('/');
  if (length !== '80' || rest.length > 0) {
    throw new TypeError(
      `expected an IPv6 prefix like 2001:db8:0:1:5::/80, received ${JSON.stringify(text)}`,
    );
  }
  return `${parseIpv6Address(address)}/80`;
}

const isOctet = (text: string) => /^(0|[1-9]\d{0,2})$/.test(text) && Number(text) <= 255;

function parseId(text: string, prefix: string): string {
  if (!text.startsWith(prefix) || text.length === prefix.length) {
    throw new TypeError(`expected an id like ${prefix}0a1b2c, received ${JSON.stringify(text)}`);
  }
  return text;
}
