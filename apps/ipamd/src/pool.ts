import type { EniLink, HostNetwork, HostSettings } from '@vpc-cni/host-network';
import { AddressBook, encodeCheckpoint, PREFIX_SIZE, type RunningSandbox } from '@vpc-cni/ipam';
import { type CheckpointFileSystem, createCheckpointFile } from '@vpc-cni/ipam/checkpoint-file';
import { isSchedulable } from '@vpc-cni/kubernetes';
import {
  type AddressDesk,
  createAddressDesk,
  createPoolController,
  type PoolController,
} from '@vpc-cni/pool-controller';
import { maxPods } from '@vpc-cni/warm-pool';
import { assignmentModeFor } from './assignment-mode.ts';
import type { AwsAccess } from './aws.ts';
import type { Cluster } from './cluster/cluster.ts';
import type { Context } from './context.ts';
import { createEniCare, type EniCare } from './eni-care.ts';
import { createEniPort, createMetadataPort } from './eni-port.ts';
import { createHostPort } from './host-port.ts';
import { createImdsOnlyEniPort } from './imds-only/imds-only-eni-port.ts';
import { holdsStranded, sweepLeakedEnis } from './leak-sweep.ts';
import type { NetworkFacts, NetworkFactsFeed } from './network-facts.ts';
import { logPoolEvent } from './pool-log.ts';
import { rememberedEnis, restorePods, routeRestoredPods } from './restore.ts';
import { inWallTime } from './wall-time.ts';

/** What the pool does with the host. */
export type PoolHost = Pick<
  HostNetwork,
  'setUpEni' | 'tearDownEni' | 'linkNames' | 'listPods' | 'routePods' | 'tearDownPodRules'
>;

/** Where the pool is, and what it is made from. */
export interface PoolSurroundings {
  readonly context: Context;
  readonly aws: AwsAccess;
  readonly facts: NetworkFactsFeed;
  readonly host: { readonly network: PoolHost; readonly settings: () => HostSettings };
  /** For tests. Default: the machine's own. */
  readonly fileSystem?: CheckpointFileSystem;
  /** What the container runtime runs, for a checkpoint that is lost. Default: nobody knows. */
  readonly sandboxes?: () => Promise<readonly RunningSandbox[]>;
  /** Default: the node is schedulable, and as large as its instance type. */
  readonly cluster?: Pick<Cluster, 'node' | 'onNodeChange'> | undefined;
  /** Default: `Math.random`. */
  readonly random?: () => number;
}

/** The node's pool of addresses, with the pods that an earlier process left. */
export interface Pool {
  readonly book: AddressBook;
  readonly controller: PoolController;
  readonly desk: AddressDesk;
  /** Secondary ENIs that are set up. */
  readonly eniLinks: () => readonly EniLink[];
  /** The trunk ENI, once it is set up. */
  readonly trunk: () => EniLink | undefined;
  /** Begins to keep the pool on target. */
  start(): void;
  /** Once the daemon is ending. */
  stop(): Promise<void>;
}

export async function bringUpPool(surroundings: PoolSurroundings): Promise<Pool> {
  const { context, aws, facts, host, random = Math.random } = surroundings;
  const { config, clock, metrics, phases, log, signal } = context;
  const { allocator } = aws;
  const { podFamily } = config;
  const limits = aws.limits();
  const assignmentMode = assignmentModeFor(config.targets, limits, log);
  const book = new AddressBook({ addressCooldownMs: config.addressCooldownMs });
  const checkpoint = createCheckpointFile({
    path: config.checkpointPath,
    snapshot: () => encodeCheckpoint(inWallTime(book.toCheckpoint(), clock, context.wallNowMs())),
    ...(surroundings.fileSystem === undefined ? {} : { fileSystem: surroundings.fileSystem }),
  });
  const care = createEniCare(allocator);
  const hostPort = createHostPort(host.network, podFamily, host.settings, context);
  const isNeeded = (eni: Parameters<typeof holdsStranded>[1]) => holdsStranded(book, eni);
  const metadata = createMetadataPort(aws.imds, podFamily);
  const text = await phases.run(`reading ${config.checkpointPath}`, () => checkpoint.load());
  const remembered = rememberedEnis(text);
  const controller = createPoolController({
    book,
    checkpoint,
    clock,
    limits: aws.limits,
    metadata,
    enis: config.enis.imdsOnly
      ? createImdsOnlyEniPort({ metadata, clock, remembered })
      : createEniPort({
          ...aws,
          ...config.enis,
          podFamily,
          securityGroupIds: () => facts.current.securityGroupIds,
          isNeeded,
          onDescribed: care.note,
        }),
    host: hostPort,
    targets: { ...config.targets, assignmentMode },
    maxPods: maxPods(limits, {
      assignmentMode,
      customNetworking: config.cluster.customNetworking,
      securityGroupsForPods: config.cluster.podEni,
    }),
    newEnisGoTo:
      config.enis.discoversSubnets || config.cluster.customNetworking
        ? 'any-subnet'
        : 'primary-subnet',
    provisions: config.enis.provisions,
    outlook: () => {
      const node = surroundings.cluster?.node();
      return {
        isSchedulable: node === undefined || isSchedulable(node),
        isLeaving: facts.current.isLeaving,
        maxPods: node?.maxPods,
      };
    },
    onEvent: logPoolEvent(log, metrics),
    signal,
  });
  surroundings.cluster?.onNodeChange(() => controller.kick());
  const desk = createAddressDesk({ book, checkpoint, controller, clock, waitMs: config.addWaitMs });

  const source = config.enis.imdsOnly ? 'IMDS' : 'IMDS and EC2';
  await phases.run(`reading the ENIs (${source})`, async () => {
    await controller.adopt(remembered);
    const hasPrimary = book.enis(clock.nowMs()).some(({ isPrimary }) => isPrimary);
    if (!hasPrimary) throw new Error('EC2 does not show the primary ENI yet');
  });
  await phases.run(`restoring pods from ${config.checkpointPath}`, () =>
    restorePods({
      context,
      book,
      host,
      checkpoint,
      text,
      random,
      sandboxes: surroundings.sandboxes,
    }),
  );
  await phases.run(`writing ${config.checkpointPath}`, () => checkpoint.save());
  book.subscribe(routeRestoredPods(context, host));
  if (config.enis.provisions) facts.onReading((now) => careForEnis(now, { care, book, context }));
  metrics.watch({
    book,
    nowMs: clock.nowMs,
    maxEnis: () => controller.maxEnis,
    addressesPerEni:
      podFamily === 'ipv6'
        ? 0
        : (limits.addressesPerEni - 1) * (assignmentMode === 'prefix' ? PREFIX_SIZE : 1),
  });

  const work: Promise<void>[] = [];
  return {
    book,
    controller,
    desk,
    eniLinks: hostPort.links,
    trunk: () => {
      const trunk = book.enis(clock.nowMs()).find(({ role }) => role === 'trunk');
      return trunk && hostPort.link(trunk.eniId);
    },
    start: () => {
      controller.start();
      work.push(facts.follow(random));
      if (config.enis.provisions)
        work.push(sweepLeakedEnis(context, { allocator, isNeeded, random }));
    },
    stop: async () => {
      await Promise.all([controller.stop(), ...work]);
      // What EC2 has answered lately need not be found out by the next process.
      await checkpoint.save().catch((error: unknown) => log.warn({ err: error }, 'not saved'));
    },
  };
}

const careForEnis = (
  { securityGroupIds }: NetworkFacts,
  {
    care,
    book,
    context: { config, clock, signal },
  }: { readonly care: EniCare; readonly book: AddressBook; readonly context: Context },
): Promise<void> => {
  const eniIds = book.enis(clock.nowMs()).map(({ eniId }) => eniId);
  // With custom networking ENIs keep the groups that their ENIConfig gave them.
  const groups = config.cluster.customNetworking ? [] : securityGroupIds;
  return care.run(groups, { eniIds, signal });
};
