import type { EniAllocator, EniTruth } from '@vpc-cni/eni-allocator';
import { type AddressBook, prefixAround } from '@vpc-cni/ipam';
import type { Context } from './context.ts';

/** What looking for leaked ENIs takes. */
export interface LeakSweep {
  readonly allocator: Pick<EniAllocator, 'deleteLeakedEnis'>;
  /** Somebody detached it under its pods: it may come back. */
  readonly isNeeded: (eni: EniTruth) => boolean;
  /** At least 0, below 1. */
  readonly random: () => number;
}

/**
 * Every node sweeps for its whole cluster, seldom and at random, so that ENIs of instances that are gone
 * go too, no node has to be elected, and an idle node asks EC2 nothing for hours.
 */
const FIRST_SWEEP_MS = 2 * 3_600_000;
const LONGEST_WAIT_MS = 12 * 3_600_000;
/** Its node may be attaching it, or an operator moving it (reference: 5 minutes). */
const LEAKED_ENI_AGE_MS = 300_000;

/** Whether pods hold addresses of an ENI that is attached nowhere. */
export function holdsStranded(book: AddressBook, eni: EniTruth): boolean {
  const assigned = new Set<string>([
    ...eni.secondaryAddresses,
    ...eni.prefixes,
    ...eni.ipv6Prefixes,
  ]);
  return book
    .reservations()
    .some(
      ({ eni: there, address }) =>
        there === undefined && (assigned.has(address) || assigned.has(prefixAround(address))),
    );
}

/** Until the daemon ends. */
export async function sweepLeakedEnis(
  { config, clock, log, signal }: Context,
  { allocator, isNeeded, random }: LeakSweep,
): Promise<void> {
  const scope = config.clusterName === '' ? 'instance' : 'cluster';
  while (config.enis.deletesLeaked && !signal.aborted) {
    const waitMs = FIRST_SWEEP_MS + random() * (LONGEST_WAIT_MS - FIRST_SWEEP_MS);
    await clock.sleep(waitMs, { signal }).catch(() => {});
    if (signal.aborted) return;
    try {
      const request = { olderThanMs: LEAKED_ENI_AGE_MS, scope, isNeeded, signal } as const;
      const eniIds = await allocator.deleteLeakedEnis(request);
      if (eniIds.length > 0) log.info({ eniIds, scope }, 'leaked ENIs deleted');
    } catch (error) {
      if (!signal.aborted) log.warn({ err: error }, 'cannot look for leaked ENIs');
    }
  }
}
