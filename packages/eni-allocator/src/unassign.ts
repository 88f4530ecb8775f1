import type { AllocatorContext } from './allocator-context.ts';
import type { EniId, Ipv4Address, Ipv4Prefix, Ipv6Prefix } from './ec2-ids.ts';
import { isEniAllocatorError } from './eni-allocator-error.ts';
import type { CallOptions, EniTruth } from './ports.ts';

/** Takes the addresses off the ENI; those that are not on it any more are no error. */
export const unassignAddresses = (
  { ec2 }: AllocatorContext,
  eniId: EniId,
  addresses: readonly Ipv4Address[],
  options: CallOptions,
): Promise<void> =>
  unassignHeld(addresses, {
    unassign: (some) => ec2.unassignAddresses({ eniId, addresses: some }, options),
    describe: async () => (await ec2.describeEnis({ eniIds: [eniId] }, options))[0],
    heldBy: (eni) => eni.secondaryAddresses,
  });

/** Takes the prefixes off the ENI; those that are not on it any more are no error. */
export const unassignPrefixes = (
  { ec2 }: AllocatorContext,
  eniId: EniId,
  prefixes: readonly Ipv4Prefix[],
  options: CallOptions,
): Promise<void> =>
  unassignHeld(prefixes, {
    unassign: (some) => ec2.unassignPrefixes({ eniId, prefixes: some }, options),
    describe: async () => (await ec2.describeEnis({ eniIds: [eniId] }, options))[0],
    heldBy: (eni) => eni.prefixes,
  });

/** Takes IPv6 prefixes off the ENI; those that are not on it any more are no error. */
export const unassignIpv6Prefixes = (
  { ec2 }: AllocatorContext,
  eniId: EniId,
  prefixes: readonly Ipv6Prefix[],
  options: CallOptions,
): Promise<void> =>
  unassignHeld(prefixes, {
    unassign: (some) => ec2.unassignIpv6Prefixes({ eniId, prefixes: some }, options),
    describe: async () => (await ec2.describeEnis({ eniIds: [eniId] }, options))[0],
    heldBy: (eni) => eni.ipv6Prefixes,
  });

/**
 * EC2 refuses the whole list when one item of it is not there any more (after a lost answer, for
 * one); then only what EC2 still shows is asked for.
 */
async function unassignHeld<T>(
  items: readonly T[],
  ports: {
    readonly unassign: (items: readonly T[]) => Promise<void>;
    readonly describe: () => Promise<EniTruth | undefined>;
    readonly heldBy: (eni: EniTruth) => readonly T[];
  },
): Promise<void> {
  if (items.length === 0) {
    return;
  }
  try {
    await ports.unassign(items);
  } catch (error) {
    if (!isEniAllocatorError(error) || error.code !== 'invalid-request') {
      throw error;
    }
    const eni = await ports.describe();
    if (eni === undefined) {
      throw error;
    }
    const held = new Set(ports.heldBy(eni));
    const remaining = items.filter((item) => held.has(item));
    if (remaining.length === items.length) {
      throw error;
    }
    if (remaining.length > 0) {
      await ports.unassign(remaining);
    }
  }
}
