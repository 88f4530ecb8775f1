import { isIPv6 } from 'node:net';

export type EniId = `eni-${string}`;
export type SubnetId = `subnet-${string}`;
export type VpcId = `vpc-${string}`;
export type InstanceId = `i-${string}`;
export type SecurityGroupId = `sg-${string}`;
export type Ipv4Address = `${number}.${number}.${number}.${number}`;
export type Ipv4Cidr = `${Ipv4Address}/${number}`;
/** As the service spells it. */
export type Ipv6Address = `${string}:${string}`;
export type Ipv6Cidr = `${Ipv6Address}/${number}`;

/** Turns one answer into a value, or throws a `TypeError` that says what was expected. */
export type Parse<T> = (text: string) => T;

/** @internal */
export const parseText: Parse<string> = (text) => {
  const trimmed = text.trim();
  // An error page of something that is not the metadata service would start like this.
  if (trimmed === '' || trimmed.startsWith('<')) {
    throw new TypeError('expected one word');
  }
  return trimmed;
};

/** @internal */
export const parseInteger: Parse<number> = (text) => {
  const trimmed = text.trim();
  if (!/^\d{1,9}$/.test(trimmed)) {
    throw new TypeError('expected an integer');
  }
  return Number(trimmed);
};

/** @internal */
export const parseMac: Parse<string> = (text) => {
  const mac = text.trim().toLowerCase();
  if (!/^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/.test(mac)) {
    throw new TypeError('expected a MAC address');
  }
  return mac;
};

/** @internal */
export const parseIpv4Address: Parse<Ipv4Address> = (text) => {
  const trimmed = text.trim();
  const octets = trimmed.split('.');
  if (octets.length !== 4 || !octets.every(isOctet)) {
    throw new TypeError('expected an IPv4 address');
  }
  return trimmed as Ipv4Address; // checked octet by octet above
};

/** @internal */
export const parseIpv4Cidr: Parse<Ipv4Cidr> = (text) => {
  const trimmed = text.trim();
  const [address = '', length = '', ...rest] = trimmed.split('/');
  if (rest.length > 0 || !/^\d{1,2}$/.test(length) || Number(length) > 32) {
    throw new TypeError('expected an IPv4 CIDR');
  }
  parseIpv4Address(address);
  return trimmed as Ipv4Cidr; // both halves checked above
};

/** @internal */
export const parseIpv6Address: Parse<Ipv6Address> = (text) => {
  const trimmed = text.trim();
  if (!isIPv6(trimmed)) {
    throw new TypeError('expected an IPv6 address');
  }
  return trimmed as Ipv6Address; // every IPv6 address has a colon
};

/** @internal */
export const parseIpv6Cidr: Parse<Ipv6Cidr> = (text) => {
  const trimmed = text.trim();
  const [address = '', length = '', ...rest] = trimmed.split('/');
  if (rest.length > 0 || !isIPv6(address) || !/^\d{1,3}$/.test(length) || Number(length) > 128) {
    throw new TypeError('expected an IPv6 CIDR');
  }
  return trimmed as Ipv6Cidr; // both halves checked above
};

/** @internal */
export const parseEniId = parseId('eni-') as Parse<EniId>;
/** @internal */
export const parseSubnetId = parseId('subnet-') as Parse<SubnetId>;
/** @internal */
export const parseVpcId = parseId('vpc-') as Parse<VpcId>;
/** @internal */
export const parseInstanceId = parseId('i-') as Parse<InstanceId>;
/** @internal */
export const parseSecurityGroupId = parseId('sg-') as Parse<SecurityGroupId>;

/**
 * A list of words separated by white space. Directories end in a slash, which is not part of the name.
 *
 * @internal
 */
export const parseList =
  <T>(parse: Parse<T>): Parse<readonly T[]> =>
  (text) =>
    text
      .split(/\s+/)
      .filter((word) => word !== '')
      .map((word) => parse(word.replace(/\/$/, '')));

/** @internal */
export const parseNonEmptyList =
  <T>(parse: Parse<T>): Parse<readonly T[]> =>
  (text) => {
    const list = parseList(parse)(text);
    if (list.length === 0) {
      throw new TypeError('expected at least one word');
    }
    return list;
  };

function parseId(prefix: string): Parse<string> {
  return (text) => {
    const trimmed = text.trim();
    if (!trimmed.startsWith(prefix) || !/^[a-z0-9-]+$/.test(trimmed.slice(prefix.length))) {
      throw new TypeError(`expected an id like ${prefix}0a1b2c`);
    }
    return trimmed;
  };
}

function isOctet(text: string): boolean {
  return /^(0|[1-9]\d{0,2})$/.test(text) && Number(text) <= 255;
}
