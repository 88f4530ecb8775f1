import type { EniAllocator, EniTruth } from '@vpc-cni/eni-allocator';
import { type AddressBook, prefixOf } from '@vpc-cni/ipam';
import type { Context } from './context.ts';

const LEAK_SWEEP_MS = 600_000;
/** An ENI of ours that is not attached yet is younger. */
const LEAKED_ENI_AGE_MS = 300_000;

/** What looking for leaked ENIs takes. */
export interface LeakSweep {
  readonly allocator: Pick<EniAllocator, 'deleteLeakedEnis'>;
  /** Somebody detached it under its pods: it may come back. */
  readonly isNeeded: (eni: EniTruth) => boolean;
}

/** Whether pods hold addresses of an ENI that is attached nowhere. */
export function holdsStranded(book: AddressBook, eni: EniTruth): boolean {
  const assigned = new Set<string>([...eni.secondaryAddresses, ...eni.prefixes]);
  return book
    .reservations()
    .some(
      ({ eni: there, address }) =>
        there === undefined && (assigned.has(address) || assigned.has(prefixOf(address))),
    );
}

/** Some allocations fail so that even their clean-up fails; what they left goes later. */
export async function sweepLeakedEnis(context: Context, sweep: LeakSweep): Promise<void> {
  const { clock, signal } = context;
  while (!signal.aborted) {
    await clock.sleep(LEAK_SWEEP_MS, { signal }).catch(() => {});
    if (!signal.aborted) await deleteLeakedEnis(context, sweep, { olderThanMs: LEAKED_ENI_AGE_MS });
  }
}

/**
 * Deletes ENIs that this node created and did not live to attach. With age 0 only before the
 * controller starts: an ENI of its own that is not attached yet looks the same.
 */
export async function deleteLeakedEnis(
  { log, signal }: Context,
  { allocator, isNeeded }: LeakSweep,
  age: { readonly olderThanMs: number },
): Promise<void> {
  try {
    const eniIds = await allocator.deleteLeakedEnis({ ...age, isNeeded, signal });
    if (eniIds.length > 0) log.info({ eniIds }, 'leaked ENIs deleted');
  } catch (error) {
    if (!signal.aborted) log.warn({ err: error }, 'cannot look for leaked ENIs');
  }
}
