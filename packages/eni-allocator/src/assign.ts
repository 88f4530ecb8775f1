import type { AllocatorContext } from './allocator-context.ts';
import type { EniId, Ipv4Address, Ipv4Prefix, Ipv6Prefix } from './ec2-ids.ts';
import { isEniAllocatorError } from './eni-allocator-error.ts';
import { learnAddressLimit } from './learn-address-limit.ts';
import { type CallOptions, slotsHeldBy } from './ports.ts';

/** Adds addresses to the ENI. A full one teaches what an ENI of this instance takes. */
export const assignAddresses = (
  context: AllocatorContext,
  eniId: EniId,
  count: number,
  options: CallOptions,
): Promise<readonly Ipv4Address[]> =>
  learning(context, eniId, count, options, () =>
    context.ec2.assignAddresses({ eniId, count }, options),
  );

/** Adds prefixes to the ENI; each takes one slot, as an address does. */
export const assignPrefixes = (
  context: AllocatorContext,
  eniId: EniId,
  count: number,
  options: CallOptions,
): Promise<readonly Ipv4Prefix[]> =>
  learning(context, eniId, count, options, () =>
    context.ec2.assignPrefixes({ eniId, count }, options),
  );

/** Adds IPv6 prefixes to the ENI; they take no slot of its IPv4 addresses. */
export const assignIpv6Prefixes = (
  { ec2 }: AllocatorContext,
  eniId: EniId,
  count: number,
  options: CallOptions,
): Promise<readonly Ipv6Prefix[]> => ec2.assignIpv6Prefixes({ eniId, count }, options);

async function learning<T>(
  context: AllocatorContext,
  eniId: EniId,
  count: number,
  options: CallOptions,
  assign: () => Promise<T>,
): Promise<T> {
  const { ec2, limits } = context;
  try {
    return await assign();
  } catch (error) {
    const isFull = isEniAllocatorError(error) && error.code === 'address-limit-reached';
    if (isFull && limits.now() !== undefined) {
      // Whoever asked may have thought that it holds less. When EC2 does not say, nothing is learned.
      const [eni] = await ec2.describeEnis({ eniIds: [eniId] }, options).catch(() => []);
      if (eni !== undefined) {
        const held = slotsHeldBy(eni);
        limits.note({ limit: 'addresses-per-eni', held });
        await learnAddressLimit(context, held + count, options);
      }
    }
    throw error;
  }
}
