import type { PluginHandlers } from '@vpc-cni/cni-spec';
import { createPodWiring } from '@vpc-cni/host-network';
import { AddressBook, type CheckpointAllocation, encodeCheckpoint } from '@vpc-cni/ipam';
import { createCheckpointFile } from '@vpc-cni/ipam/checkpoint-file';
import { type AddressPort, createPluginHandlers } from '@vpc-cni/plugin';
import { createAddressDesk, createPoolController } from '@vpc-cni/pool-controller';
import { maxPods } from '@vpc-cni/warm-pool';
import { createAddressPort } from './address-port.ts';
import { type AwsAccess, connectToAws } from './aws.ts';
import type { Context } from './context.ts';
import { createEniPort, createMetadataPort } from './eni-port.ts';
import { setUpHost } from './host.ts';
import { createHostPort } from './host-port.ts';
import { type IntrospectionViews, introspectionViews } from './introspection.ts';
import { logPoolEvent } from './pool-log.ts';
import { restorePods } from './restore.ts';

/** A node that can serve pods. */
export interface ReadyNode {
  readonly addresses: AddressPort;
  readonly handlers: PluginHandlers;
  readonly views: IntrospectionViews;
  /** Begins to keep the pool on target. */
  start(): void;
  stop(): Promise<void>;
}

/** Brings a node up: AWS, host, ENIs, then the pods that an earlier process left. */
export async function bringUpNode(context: Context): Promise<ReadyNode> {
  const { config, clock, metrics, phases } = context;
  const aws = await connectToAws(context);
  const host = await setUpHost(context, aws);
  const { imds, instance, primarySubnetCidr, allocator, limits } = aws;

  const book = new AddressBook({ addressCooldownMs: config.addressCooldownMs });
  /** Held by pods on ENIs that are not in the book; on disk until they are, so that no restart forgets them. */
  let awaitingEni: readonly CheckpointAllocation[] = [];
  const checkpoint = createCheckpointFile({
    path: config.checkpointPath,
    snapshot: () => {
      const { allocations, recentReleases } = book.toCheckpoint();
      return encodeCheckpoint({
        allocations: [...allocations, ...awaitingEni],
        recentReleases,
      });
    },
  });
  const logPool = logPoolEvent(context.log, metrics);
  const restoreAwaited = () => {
    const checkpoint = { allocations: awaitingEni, recentReleases: [] };
    awaitingEni = book.restore(checkpoint, clock.nowMs()).dropped;
  };
  const controller = createPoolController({
    book,
    clock,
    limits,
    metadata: createMetadataPort(imds),
    enis: createEniPort({ allocator, imds, instance, primarySubnetCidr }),
    host: createHostPort(host.network, host.settings),
    targets: config.targets,
    maxPods: maxPods(limits),
    onEvent: (event) => {
      if (event.kind === 'eni-adopted') restoreAwaited();
      logPool(event);
    },
  });
  const desk = createAddressDesk({ book, checkpoint, controller, clock, waitMs: config.addWaitMs });

  await phases.run('reading the ENIs (IMDS and EC2)', () => controller.adopt());
  await phases.run(`restoring pods from ${config.checkpointPath}`, async () => {
    awaitingEni = await restorePods({ context, book, host, checkpoint: await checkpoint.load() });
    await checkpoint.save();
  });

  await deleteLeakedEnis(context, aws, { olderThanMs: 0 });

  const addresses = createAddressPort({
    book,
    desk,
    onRefusal: () => metrics.noAvailableAddresses.inc(),
  });
  metrics.watch({ book, nowMs: clock.nowMs, ...limits });
  return {
    addresses,
    handlers: createPluginHandlers({
      addresses,
      wiring: createPodWiring(host.network),
      readiness: { refusal: () => undefined },
    }),
    views: introspectionViews({
      config,
      book,
      nowMs: clock.nowMs,
      explain: () => ({ enis: book.enis(clock.nowMs()), plan: controller.lastPlan ?? null }),
    }),
    start: () => {
      controller.start();
      void sweepLeakedEnis(context, aws);
    },
    stop: async () => {
      await controller.stop();
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
  { log }: Context,
  { allocator }: AwsAccess,
  age: { readonly olderThanMs: number },
): Promise<void> {
  try {
    const eniIds = await allocator.deleteLeakedEnis(age);
    if (eniIds.length > 0) log.info({ eniIds }, 'leaked ENIs deleted');
  } catch (error) {
    log.warn({ err: error }, 'cannot look for leaked ENIs');
  }
}
