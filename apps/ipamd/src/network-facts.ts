import type { Imds } from '@vpc-cni/imds';
import type { Context } from './context.ts';

/** What instance metadata says of the node's network, and what may change while the node runs. */
export interface NetworkFacts {
  readonly vpcCidrs: Awaited<ReturnType<Imds['readVpcCidrs']>>;
  /** Of the primary ENI; new ENIs get the same. */
  readonly securityGroupIds: Awaited<ReturnType<Imds['readSecurityGroupIds']>>;
}

export interface NetworkFactsFeed {
  /** As they were read last. */
  readonly current: NetworkFacts;
  /** Reads them every half minute and gives them to `use`, until the daemon ends; failures are logged. */
  follow(use: (facts: NetworkFacts) => Promise<void>): Promise<void>;
}

const REFRESH_MS = 30_000;

/** Reads the facts once; nothing that needs them later has to wait for instance metadata. */
export async function readNetworkFacts(
  { log, clock, signal, phases }: Context,
  { imds, primaryMac }: { readonly imds: Imds; readonly primaryMac: string },
): Promise<NetworkFactsFeed> {
  const read = async (): Promise<NetworkFacts> => ({
    vpcCidrs: await imds.readVpcCidrs(primaryMac, { signal }),
    securityGroupIds: await imds.readSecurityGroupIds(primaryMac, { signal }),
  });
  let current = await phases.run('reading the VPC CIDRs and security groups (IMDS)', read);
  return {
    get current() {
      return current;
    },
    follow: async (use) => {
      while (!signal.aborted) {
        await clock.sleep(REFRESH_MS, { signal }).catch(() => {});
        try {
          signal.throwIfAborted();
          current = await read();
          await use(current);
        } catch (error) {
          if (!signal.aborted) log.warn({ err: error }, 'cannot refresh the network facts');
        }
      }
    },
  };
}
