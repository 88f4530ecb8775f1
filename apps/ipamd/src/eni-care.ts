import type { EniAllocator, EniTruth, SecurityGroupId } from '@vpc-cni/eni-allocator';

/**
 * Gives the pool's ENIs what ENIs of ours have: tags, the primary ENI's security groups, and the end
 * with their instance. New ones are made so; those of an earlier process, and of others, may lack it.
 */
export interface EniCare {
  /** What EC2 says of ENIs of the pool: those that lack something get it with the next {@link run}. */
  note(enis: readonly EniTruth[]): void;
  /** Cares for the noted ENIs, and for all when the security groups are others than at the last run. */
  run(securityGroupIds: readonly SecurityGroupId[], options: CareOptions): Promise<void>;
}

interface CareOptions {
  /** All ENIs of the pool. */
  readonly eniIds: readonly EniTruth['eniId'][];
  readonly signal: AbortSignal;
}

export function createEniCare(
  allocator: Pick<
    EniAllocator,
    'describeEnis' | 'syncTags' | 'syncSecurityGroups' | 'syncDeleteOnTermination'
  >,
): EniCare {
  const noted = new Map<EniTruth['eniId'], EniTruth>();
  let lastGroups: string | undefined;

  return {
    note: (enis) => {
      for (const eni of enis) noted.set(eni.eniId, eni);
    },
    run: async (securityGroupIds, { eniIds, signal }) => {
      const groups = [...securityGroupIds].sort().join();
      if (lastGroups !== undefined && groups !== lastGroups) {
        for (const eni of await allocator.describeEnis(eniIds, { signal })) {
          noted.set(eni.eniId, eni);
        }
      }
      lastGroups = groups;
      const enis = [...noted.values()];
      if (enis.length === 0) return;
      await allocator.syncTags(enis, { signal });
      await allocator.syncDeleteOnTermination(enis, { signal });
      if (securityGroupIds.length > 0) {
        await allocator.syncSecurityGroups(enis, securityGroupIds, { signal });
      }
      // What failed has thrown, and all of it is tried again.
      for (const { eniId } of enis) noted.delete(eniId);
    },
  };
}
