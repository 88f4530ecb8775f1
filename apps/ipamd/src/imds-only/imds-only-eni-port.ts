import type { Clock, EniPort, EniTruth, MetadataPort } from '@vpc-cni/pool-controller';
import { METADATA_LAG_MS, stillDoubted, unremembered, without } from './late-blocks.ts';

export interface ImdsOnlyOptions {
  readonly metadata: MetadataPort;
  readonly clock: Pick<Clock, 'nowMs'>;
  /** ENIs as an earlier process had them. */
  readonly remembered: readonly EniTruth[];
}

/**
 * Instance metadata in the place of EC2 (`ENABLE_IMDS_ONLY_MODE`): its second answer confirms its first.
 *
 * It tells neither tags nor kinds of ENIs, so that every ENI is an ordinary one of the pool. What it shows at
 * first and the last process had not is left out for {@link METADATA_LAG_MS}, or until metadata shows it anew:
 * an address must not come back by an answer that is older than its release.
 */
export function createImdsOnlyEniPort({ metadata, clock, remembered }: ImdsOnlyOptions): EniPort {
  const believedFromMs = clock.nowMs() + METADATA_LAG_MS;
  let doubted: ReturnType<typeof unremembered> | undefined;

  return {
    describeEnis: async (eniIds, { signal }) => {
      const shown = await metadata.readEnis({ signal });
      doubted =
        doubted === undefined ? unremembered(shown, remembered) : stillDoubted(doubted, shown);
      const late: typeof doubted = clock.nowMs() < believedFromMs ? doubted : new Set();
      return shown
        .filter(({ eniId }) => eniIds.includes(eniId))
        .map((eni) => ({ ...without(eni, late), isManaged: true }));
    },
    // What an earlier process, in another mode, has left detached stays for the nodes that may delete it.
    deleteLeakedEnis: async () => {},
    allocateEni: refuse,
    assignAddresses: refuse,
    unassignAddresses: refuse,
    assignPrefixes: refuse,
    unassignPrefixes: refuse,
    freeEni: refuse,
  };
}

/** The controller changes nothing while provisioning is disabled, which the mode implies. */
async function refuse(): Promise<never> {
  throw new Error('ENABLE_IMDS_ONLY_MODE is true: EC2 is not asked for any change');
}
