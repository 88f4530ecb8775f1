import { Ec2Error, invalidValue } from './ec2-error.ts';
import type { EniRecord } from './eni.ts';
import { type AssignRequest, wantedOf } from './eni-addresses.ts';
import type { SubnetRecord } from './network.ts';
import { canonicalIpv6, type SubnetIpv6Addresses } from './subnet-ipv6-addresses.ts';

/** IPv6 addresses and /80 prefixes of one ENI. */
export interface AssignedIpv6 {
  readonly addresses: readonly string[];
  readonly prefixes: readonly string[];
}

/** Assigns IPv6 addresses or /80 prefixes to an ENI. */
export function assignIpv6(
  eni: EniRecord,
  subnet: SubnetRecord,
  request: AssignRequest,
  slotLimit: number,
): AssignedIpv6 {
  const pool = subnet.ipv6Addresses;
  if (pool === undefined) {
    throw invalidValue(`The subnet '${subnet.subnetId}' does not have an IPv6 CIDR block.`);
  }
  const wanted = wantedOf(request, 'ipv6AddressCount');
  if (eni.ipv6Addresses.length + eni.ipv6Prefixes.length + wanted.count > slotLimit) {
    throw new Ec2Error(
      'PrivateIpAddressLimitExceeded',
      'Number of IPv6 addresses will exceed limit.',
    );
  }
  const isPrefix = wanted.kind === 'prefixes' || wanted.kind === 'prefix-count';
  const taken: string[] = [];
  for (const text of wanted.list ?? new Array<undefined>(wanted.count).fill(undefined)) {
    const one = isPrefix ? takePrefix(pool, text) : takeAddress(pool, text);
    if (one === undefined) {
      releaseIpv6(
        subnet,
        isPrefix ? { addresses: [], prefixes: taken } : { addresses: taken, prefixes: [] },
      );
      throw text === undefined
        ? new Ec2Error(
            'InsufficientCidrBlocks',
            'The specified subnet does not have enough free cidr blocks to satisfy the request.',
          )
        : invalidValue(`The address ${text} is not available in subnet ${subnet.subnetId}.`);
    }
    taken.push(one);
  }
  const given = isPrefix ? { addresses: [], prefixes: taken } : { addresses: taken, prefixes: [] };
  addIpv6ToEni(eni, given);
  return given;
}

/** Adds to an ENI's lists what the subnet holds for it; the reverse of {@link unassignIpv6}. */
export function addIpv6ToEni(eni: EniRecord, given: AssignedIpv6): void {
  eni.ipv6Addresses = [...eni.ipv6Addresses, ...given.addresses];
  eni.ipv6Prefixes = [...eni.ipv6Prefixes, ...given.prefixes];
}

/** Takes IPv6 addresses and prefixes off an ENI; see {@link unassignAddresses}. */
export function unassignIpv6(eni: EniRecord, request: AssignedIpv6): AssignedIpv6 {
  const addresses = request.addresses.map((text) => canonicalIpv6(text) ?? text);
  const isHeld =
    addresses.every((address) => eni.ipv6Addresses.includes(address)) &&
    request.prefixes.every((prefix) => eni.ipv6Prefixes.includes(prefix));
  if (!isHeld) {
    throw invalidValue(
      `Some of the specified addresses are not assigned to interface ${eni.eniId}`,
    );
  }
  eni.ipv6Addresses = eni.ipv6Addresses.filter((held) => !addresses.includes(held));
  eni.ipv6Prefixes = eni.ipv6Prefixes.filter((held) => !request.prefixes.includes(held));
  return { addresses, prefixes: request.prefixes };
}

/** Makes what an ENI has let go of available to others. */
export function releaseIpv6(subnet: SubnetRecord, given: AssignedIpv6): void {
  for (const address of given.addresses) {
    subnet.ipv6Addresses?.releaseAddress(address);
  }
  for (const prefix of given.prefixes) {
    subnet.ipv6Addresses?.releasePrefix(prefix);
  }
}

const takeAddress = (pool: SubnetIpv6Addresses, text: string | undefined) =>
  text === undefined ? pool.takeAddress() : pool.takeGivenAddress(text);

const takePrefix = (pool: SubnetIpv6Addresses, text: string | undefined) =>
  text === undefined ? pool.takePrefix() : pool.takeGivenPrefix(text);
