import type { AllocatorContext } from './allocator-context.ts';
import type { EniId, Ipv4Address } from './ec2-ids.ts';
import { isEniAllocatorError } from './eni-allocator-error.ts';
import type { CallOptions } from './ports.ts';

/**
 * Takes the addresses off the ENI. EC2 refuses the whole list when one address of it is not there any
 * more (after a lost answer, for one); then only what EC2 still shows is asked for.
 */
export async function unassignAddresses(
  { ec2 }: AllocatorContext,
  request: { readonly eniId: EniId; readonly addresses: readonly Ipv4Address[] },
  options: CallOptions,
): Promise<void> {
  const { eniId, addresses } = request;
  if (addresses.length === 0) {
    return;
  }
  try {
    await ec2.unassignAddresses(request, options);
  } catch (error) {
    if (!isEniAllocatorError(error) || error.code !== 'invalid-request') {
      throw error;
    }
    const [eni] = await ec2.describeEnis({ eniIds: [eniId] }, options);
    const remaining = addresses.filter((address) => eni?.secondaryAddresses.includes(address));
    if (eni === undefined || remaining.length === addresses.length) {
      throw error;
    }
    if (remaining.length > 0) {
      await ec2.unassignAddresses({ eniId, addresses: remaining }, options);
    }
  }
}
