import { type EniId, isAddress, isPrefix } from '@vpc-cni/ipam';
import { assignedBlocks } from './blocks.ts';
import { isSameSlot } from './doubt.ts';
import type { PoolEvent } from './events.ts';
import type { Clock, EniPort, EniTruth, ObservedEni } from './ports.ts';

interface Sources {
  readonly enis: EniPort;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly onEvent: (event: PoolEvent) => void;
  readonly remembered?: readonly EniTruth[] | undefined;
}

/** How long a node that could serve its pods waits for EC2 to tell that it may. */
const PATIENCE_MS = 3_000;

/**
 * EC2's word on ENIs. When it does not come in time, and an earlier process remembers some: what that
 * knew of them and metadata still shows. Without such a memory, EC2 is waited for and its failure thrown.
 */
export async function describeOrRemember(
  eniIds: readonly EniId[],
  observed: readonly ObservedEni[],
  { enis, clock, signal, onEvent, remembered = [] }: Sources,
): Promise<{ readonly truths: readonly EniTruth[]; readonly isByEc2: boolean }> {
  if (eniIds.length === 0) return { truths: [], isByEc2: true };
  if (remembered.length === 0) {
    return { truths: await enis.describeEnis(eniIds, { signal }), isByEc2: true };
  }
  const waiting = new AbortController();
  const asking = enis.describeEnis(eniIds, { signal: AbortSignal.any([signal, waiting.signal]) });
  asking.catch(() => {}); // whatever comes too late
  const tooLate = clock.sleep(PATIENCE_MS, { signal: waiting.signal }).then(() => {
    throw new Error(`EC2 has not answered for ${PATIENCE_MS / 1000} s`);
  });
  try {
    return { truths: await Promise.race([asking, tooLate]), isByEc2: true };
  } catch (error) {
    signal.throwIfAborted();
    onEvent({ kind: 'ec2-unheard', error });
    return { truths: observed.flatMap((eni) => confirmed(eni, remembered)), isByEc2: false };
  } finally {
    tooLate.catch(() => {});
    waiting.abort();
  }
}

/** Only what both know: memory may be old, and so may metadata. */
function confirmed(observed: ObservedEni, remembered: readonly EniTruth[]): readonly EniTruth[] {
  const known = remembered.find(({ eniId }) => eniId === observed.eniId);
  if (known === undefined || !isSameSlot(known, observed)) return [];
  const shown = new Set(assignedBlocks(observed));
  const blocks = assignedBlocks(known).filter((block) => shown.has(block));
  return [
    {
      ...known,
      secondaryAddresses: blocks.filter(isAddress),
      prefixes: blocks.filter(isPrefix),
    },
  ];
}
