import type { Imds, InstanceNotices } from '@vpc-cni/imds';
import type { Context } from './context.ts';

/** What instance metadata says of the node's network, and what may change while the node runs. */
export interface NetworkFacts {
  readonly vpcCidrs: Awaited<ReturnType<Imds['readVpcCidrs']>>;
  /** None while pods have IPv4 addresses. */
  readonly vpcIpv6Cidrs: Awaited<ReturnType<Imds['readVpcIpv6Cidrs']>>;
  /** Of the primary ENI; new ENIs get the same. */
  readonly securityGroupIds: Awaited<ReturnType<Imds['readSecurityGroupIds']>>;
  /** The instance is about to go, as far as anybody has said. */
  readonly isLeaving: boolean;
}

export interface NetworkFactsFeed {
  /** As they were read last. */
  readonly current: NetworkFacts;
  /** Has `use` called with them once before the first reading and after every one; failures are logged. */
  onReading(use: (facts: NetworkFacts) => Promise<void>): void;
  /**
   * Reads them every half minute, until the daemon ends; failures are logged.
   *
   * @param random a number from 0 up to 1: begins after so much of the half minute, for nodes that start
   *   together shall not call EC2 in step for what can wait.
   */
  follow(random: () => number): Promise<void>;
}

const REFRESH_MS = 30_000;

/** Reads the facts once; nothing that needs them later has to wait for instance metadata. */
export async function readNetworkFacts(
  { config: { podFamily }, log, clock, signal, phases }: Context,
  { imds, primaryMac }: { readonly imds: Imds; readonly primaryMac: string },
): Promise<NetworkFactsFeed> {
  const read = async (): Promise<NetworkFacts> => ({
    vpcCidrs: await imds.readVpcCidrs(primaryMac, { signal }),
    vpcIpv6Cidrs: podFamily === 'ipv6' ? await imds.readVpcIpv6Cidrs(primaryMac, { signal }) : [],
    securityGroupIds: await imds.readSecurityGroupIds(primaryMac, { signal }),
    isLeaving: isLeaving(await imds.readNotices({ signal })),
  });
  const uses: ((facts: NetworkFacts) => Promise<void>)[] = [];
  let current = await phases.run('reading the VPC CIDRs and security groups (IMDS)', read);
  return {
    get current() {
      return current;
    },
    onReading: (use) => {
      uses.push(use);
    },
    follow: async (random) => {
      const attempt = async (work: () => Promise<void>) => {
        try {
          signal.throwIfAborted();
          await work();
        } catch (error) {
          if (!signal.aborted) log.warn({ err: error }, 'cannot refresh the network facts');
        }
      };
      await clock.sleep(random() * REFRESH_MS, { signal }).catch(() => {});
      while (!signal.aborted) {
        for (const use of uses) await attempt(() => use(current));
        await clock.sleep(REFRESH_MS, { signal }).catch(() => {});
        await attempt(async () => {
          const { isLeaving: wasLeaving } = current;
          current = await read();
          if (current.isLeaving !== wasLeaving) {
            log.info(
              { isLeaving: current.isLeaving },
              'what is announced of the end of the instance has changed',
            );
          }
        });
      }
    },
  };
}

/**
 * Whether EC2 or Auto Scaling has announced the instance's end. A rebalance recommendation counts:
 * the end may come within minutes.
 */
export const isLeaving = ({
  spotInterruption,
  rebalanceRecommendedAtMs,
  targetLifecycleState = '',
}: InstanceNotices): boolean =>
  spotInterruption !== undefined ||
  rebalanceRecommendedAtMs !== undefined ||
  targetLifecycleState.endsWith('Terminated');
