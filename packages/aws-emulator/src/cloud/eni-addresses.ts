import { Ec2Error, invalidValue, missing } from './ec2-error.ts';
import { type EniRecord, usedSlots } from './eni.ts';
import { type Ipv4Address, type Ipv4Cidr, type Ipv4Range, ipv4Number, ipv4Range } from './ipv4.ts';
import type { SubnetRecord } from './network.ts';
import { PREFIX_SIZE, type Refusal } from './subnet-addresses.ts';

/** Addresses or prefixes of one family to assign: exactly one of the four. */
export interface AssignRequest {
  readonly addresses?: readonly string[] | undefined;
  readonly addressCount?: number | undefined;
  readonly prefixes?: readonly string[] | undefined;
  readonly prefixCount?: number | undefined;
}

/** What an assignment gave. */
export interface Assigned {
  readonly addresses: readonly Ipv4Address[];
  readonly prefixes: readonly Ipv4Cidr[];
}

/**
 * Assigns IPv4 addresses or prefixes to an ENI: all that were asked for, or none.
 *
 * @param slotLimit how many slots the ENI may use, its primary address included.
 * @throws {Ec2Error} `PrivateIpAddressLimitExceeded`, `InsufficientFreeAddressesInSubnet`,
 *   `InsufficientCidrBlocks`, `InvalidIPAddress.InUse`, `InvalidParameterValue`,
 *   `InvalidParameterCombination`, `MissingParameter`.
 */
export function assignAddresses(
  eni: EniRecord,
  subnet: SubnetRecord,
  request: AssignRequest,
  slotLimit: number,
): Assigned {
  const wanted = wantedOf(request, 'secondaryPrivateIpAddressCount');
  if (usedSlots(eni) + wanted.count > slotLimit) {
    throw new Ec2Error(
      'PrivateIpAddressLimitExceeded',
      'Number of private addresses will exceed limit.',
    );
  }
  const given = { addresses: [] as readonly Ipv4Address[], prefixes: [] as readonly Ipv4Cidr[] };
  switch (wanted.kind) {
    case 'address-count':
      given.addresses = freeAddresses(eni, subnet, wanted.count);
      break;
    case 'addresses':
      given.addresses = theseAddresses(eni, subnet, wanted.list);
      break;
    case 'prefix-count':
      given.prefixes = freePrefixes(eni, subnet, wanted.count);
      break;
    case 'prefixes':
      given.prefixes = thesePrefixes(eni, subnet, wanted.list);
      break;
  }
  addToEni(eni, given);
  return given;
}

/**
 * Takes addresses and prefixes off an ENI. The subnet still holds them until
 * {@link releaseToSubnet}, so that nobody else gets them while packets may still arrive.
 */
export function unassignAddresses(
  eni: EniRecord,
  request: { readonly addresses: readonly string[]; readonly prefixes: readonly string[] },
): Assigned {
  const addresses = eni.secondaryAddresses.filter((held) => request.addresses.includes(held));
  const prefixes = eni.prefixes.filter((held) => request.prefixes.includes(held));
  if (request.addresses.includes(eni.primaryAddress)) {
    throw invalidValue(
      `The primary private IP address ${eni.primaryAddress} of ${eni.eniId} cannot be unassigned.`,
    );
  }
  const isComplete =
    addresses.length === new Set(request.addresses).size &&
    prefixes.length === new Set(request.prefixes).size;
  if (!isComplete) {
    throw invalidValue(
      `Some of the specified addresses are not assigned to interface ${eni.eniId}`,
    );
  }
  eni.secondaryAddresses = eni.secondaryAddresses.filter((held) => !addresses.includes(held));
  eni.prefixes = eni.prefixes.filter((held) => !prefixes.includes(held));
  return { addresses, prefixes };
}

/** Adds to an ENI's lists what the subnet holds for it; the reverse of {@link unassignAddresses}. */
export function addToEni(eni: EniRecord, given: Assigned): void {
  eni.secondaryAddresses = [...eni.secondaryAddresses, ...given.addresses];
  eni.prefixes = [...eni.prefixes, ...given.prefixes];
}

/** Makes what an ENI has let go of available to others. */
export function releaseToSubnet(subnet: SubnetRecord, given: Assigned): void {
  for (const address of given.addresses) {
    subnet.addresses.release({ base: ipv4Number(address) ?? 0, size: 1 });
  }
  for (const prefix of given.prefixes) {
    subnet.addresses.release(ipv4Range(prefix) ?? { base: 0, size: 0 });
  }
}

/** EC2's words for an address that cannot be had. */
export function addressRefused(address: string, refusal: Refusal): Ec2Error {
  switch (refusal) {
    case 'outside':
      return invalidValue("Address does not fall within the subnet's address range");
    case 'reserved':
      return invalidValue(`Address ${address} is in subnet's reserved address range`);
    case 'in-use':
      return new Ec2Error('InvalidIPAddress.InUse', `Address ${address} is in use.`);
  }
}

/** An assignment request that has proved to ask for one thing. */
export type Wanted =
  | {
      readonly kind: 'address-count' | 'prefix-count';
      readonly count: number;
      readonly list?: never;
    }
  | {
      readonly kind: 'addresses' | 'prefixes';
      readonly count: number;
      readonly list: readonly string[];
    };

/** Checks that a request asks for one thing, and says which. */
export function wantedOf(request: AssignRequest, countParameter: string): Wanted {
  const { addresses, addressCount, prefixes, prefixCount } = request;
  const wanted: Wanted[] = [];
  if (addressCount !== undefined) {
    wanted.push({ kind: 'address-count', count: addressCount });
  }
  if (prefixCount !== undefined) {
    wanted.push({ kind: 'prefix-count', count: prefixCount });
  }
  if (addresses !== undefined && addresses.length > 0) {
    wanted.push({
      kind: 'addresses',
      count: new Set(addresses).size,
      list: [...new Set(addresses)],
    });
  }
  if (prefixes !== undefined && prefixes.length > 0) {
    wanted.push({ kind: 'prefixes', count: new Set(prefixes).size, list: [...new Set(prefixes)] });
  }
  const [first, second] = wanted;
  if (first === undefined) {
    throw missing(countParameter);
  }
  if (second !== undefined) {
    throw new Ec2Error(
      'InvalidParameterCombination',
      `The request must contain only one of: a count of addresses, a count of prefixes, a list of addresses, a list of prefixes.`,
    );
  }
  if (!Number.isInteger(first.count) || first.count < 1) {
    throw invalidValue(
      `Value (${first.count}) for parameter ${countParameter} is invalid. Value must be greater than 0.`,
    );
  }
  return first;
}

function freeAddresses(eni: EniRecord, subnet: SubnetRecord, count: number) {
  const taken = subnet.addresses.takeAddresses(count, eni.eniId);
  if (taken === undefined) {
    throw new Ec2Error(
      'InsufficientFreeAddressesInSubnet',
      'The specified subnet does not have enough free addresses to satisfy the request.',
    );
  }
  return taken;
}

// Two codes on purpose: EC2 answers InvalidParameterValue when the subnet has fewer free addresses
// than asked for, and InsufficientCidrBlocks when it is merely fragmented (cilium/cilium#31016).
function freePrefixes(eni: EniRecord, subnet: SubnetRecord, count: number) {
  if (subnet.addresses.freeCount < count * PREFIX_SIZE) {
    throw invalidValue("There aren't sufficient free Ipv4 addresses or prefixes");
  }
  const taken = subnet.addresses.takePrefixes(count, eni.eniId);
  if (taken === undefined) {
    throw new Ec2Error(
      'InsufficientCidrBlocks',
      'The specified subnet does not have enough free cidr blocks to satisfy the request.',
    );
  }
  return taken;
}

function theseAddresses(eni: EniRecord, subnet: SubnetRecord, list: readonly string[]) {
  const values = list.map((text) => {
    const value = ipv4Number(text);
    if (value === undefined) {
      throw invalidValue(`invalid value for parameter address: ${text}`);
    }
    const refusal = subnet.addresses.refusalOf(value);
    if (refusal !== undefined) {
      throw addressRefused(text, refusal);
    }
    return value;
  });
  return values.map((value) => subnet.addresses.takeAddress(value, eni.eniId));
}

function thesePrefixes(eni: EniRecord, subnet: SubnetRecord, list: readonly string[]) {
  const ranges = list.map((text): Ipv4Range => {
    const range = ipv4Range(text);
    if (range === undefined || range.size !== PREFIX_SIZE) {
      throw invalidValue(
        `Value (${text}) for parameter ipv4Prefix is invalid. It must be a /28 prefix.`,
      );
    }
    const refusal = subnet.addresses.prefixRefusalOf(range);
    if (refusal !== undefined) {
      throw addressRefused(text, refusal);
    }
    return range;
  });
  return ranges.map((range) => subnet.addresses.takePrefix(range, eni.eniId));
}
