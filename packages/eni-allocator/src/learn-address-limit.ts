import type { AllocatorContext } from './allocator-context.ts';
import type { CallOptions } from './ports.ts';

/**
 * EC2 refused to let an ENI of this instance hold so many addresses, its primary one included, and did
 * not say how many it may hold. So it is asked; only where it does not tell, or tells what it has just
 * refused, are refusals all there is to learn from.
 */
export async function learnAddressLimit(
  { limits, limitsOfType }: AllocatorContext,
  refused: number,
  options: CallOptions,
): Promise<void> {
  if (limits.now() === undefined) {
    return;
  }
  const told = (await limitsOfType(options))?.addressesPerEni;
  limits.note(
    told !== undefined && told < refused
      ? { limit: 'addresses-per-eni', told }
      : { limit: 'addresses-per-eni', refused },
  );
}
