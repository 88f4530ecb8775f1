import type { PluginHandlers } from '@vpc-cni/cni-spec';
import { createPodWiring } from '@vpc-cni/host-network';
import { AddressBook, encodeCheckpoint } from '@vpc-cni/ipam';
import { createCheckpointFile } from '@vpc-cni/ipam/checkpoint-file';
import { createPluginHandlers } from '@vpc-cni/plugin';
import { createAddressDesk, createPoolController } from '@vpc-cni/pool-controller';
import { maxPods } from '@vpc-cni/warm-pool';
import { createAddressPort } from './address-port.ts';
import { type AwsAccess, connectToAws } from './aws.ts';
import type { Context } from './context.ts';
import { createEniPort, createMetadataPort } from './eni-port.ts';
import { setUpHost } from './host.ts';
import { createHostPort } from './host-port.ts';
import { type IntrospectionViews, introspectionViews } from './introspection.ts';
import { readNetworkFacts } from './network-facts.ts';
import { logPoolEvent } from './pool-log.ts';
import { restorePods } from './restore.ts';
import type { DaemonPorts } from './socket-routes.ts';

/** A node that can serve pods. */
export interface ReadyNode {
  readonly ports: DaemonPorts;
  readonly handlers: PluginHandlers;
  readonly views: IntrospectionViews;
  /** Begins to keep the pool on target. */
  start(): void;
  /** Once the daemon is ending. */
  stop(): Promise<void>;
}

/** Brings a node up: AWS, host, ENIs, then the pods that an earlier process left. */
export async function bringUpNode(context: Context): Promise<ReadyNode> {
  const { config, clock, metrics, phases } = context;
  const aws = await connectToAws(context);
  const { imds, instance, primarySubnetCidr, allocator, limits } = aws;
  const facts = await readNetworkFacts(context, { imds, primaryMac: instance.primaryMac });
  const host = await setUpHost(context, instance, facts);

  const book = new AddressBook({ addressCooldownMs: config.addressCooldownMs });
  const checkpoint = createCheckpointFile({
    path: config.checkpointPath,
    snapshot: () => encodeCheckpoint(book.toCheckpoint()),
  });
  const controller = createPoolController({
    book,
    clock,
    limits,
    metadata: createMetadataPort(imds),
    enis: createEniPort({
      allocator,
      instance,
      primarySubnetCidr,
      securityGroupIds: () => facts.current.securityGroupIds,
    }),
    host: createHostPort(host.network, host.settings),
    targets: config.targets,
    maxPods: maxPods(limits),
    onEvent: logPoolEvent(context.log, metrics),
  });
  const desk = createAddressDesk({ book, checkpoint, controller, clock, waitMs: config.addWaitMs });

  await phases.run('reading the ENIs (IMDS and EC2)', () => controller.adopt());
  await phases.run(`restoring pods from ${config.checkpointPath}`, async () => {
    await restorePods({ context, book, host, checkpoint: await checkpoint.load() });
    await checkpoint.save();
  });

  await deleteLeakedEnis(context, aws, { olderThanMs: 0 });

  const ports: DaemonPorts = {
    addresses: createAddressPort({
      book,
      desk,
      onRefusal: () => metrics.noAvailableAddresses.inc(),
    }),
    readiness: controller,
  };
  metrics.watch({
    book,
    nowMs: clock.nowMs,
    maxEnis: () => controller.maxEnis,
    addressesPerEni: limits.addressesPerEni,
  });
  let sweeping = Promise.resolve();
  return {
    ports,
    handlers: createPluginHandlers({ ...ports, wiring: createPodWiring(host.network) }),
    views: introspectionViews({
      config,
      book,
      nowMs: clock.nowMs,
      explain: () => ({
        enis: book.enis(clock.nowMs()),
        stranded: book.reservations().filter(({ eni }) => eni === undefined),
        plan: controller.lastPlan ?? null,
      }),
    }),
    start: () => {
      controller.start();
      sweeping = sweepLeakedEnis(context, aws);
    },
    stop: async () => {
      await Promise.all([controller.stop(), sweeping]);
      await host.close();
    },
  };
}

const LEAK_SWEEP_MS = 600_000;
/** An ENI of ours that is not attached yet is younger. */
const LEAKED_ENI_AGE_MS = 300_000;

/** Some allocations fail so that even their clean-up fails; what they left goes later. */
async function sweepLeakedEnis(context: Context, aws: AwsAccess): Promise<void> {
  const { clock, signal } = context;
  while (!signal.aborted) {
    await clock.sleep(LEAK_SWEEP_MS, { signal }).catch(() => {});
    if (!signal.aborted) await deleteLeakedEnis(context, aws, { olderThanMs: LEAKED_ENI_AGE_MS });
  }
}

/**
 * Deletes ENIs that this node created and did not live to attach. With age 0 only before the
 * controller starts: an ENI of its own that is not attached yet looks the same.
 */
async function deleteLeakedEnis(
  { log, signal }: Context,
  { allocator }: AwsAccess,
  age: { readonly olderThanMs: number },
): Promise<void> {
  try {
    const eniIds = await allocator.deleteLeakedEnis({ ...age, signal });
    if (eniIds.length > 0) log.info({ eniIds }, 'leaked ENIs deleted');
  } catch (error) {
    if (!signal.aborted) log.warn({ err: error }, 'cannot look for leaked ENIs');
  }
}
