import type { PluginHandlers } from '@vpc-cni/cni-spec';
import { createPodWiring } from '@vpc-cni/host-network';
import { AddressBook, encodeCheckpoint, PREFIX_SIZE } from '@vpc-cni/ipam';
import { createCheckpointFile } from '@vpc-cni/ipam/checkpoint-file';
import { createPluginHandlers } from '@vpc-cni/plugin';
import { createAddressDesk, createPoolController } from '@vpc-cni/pool-controller';
import { maxPods } from '@vpc-cni/warm-pool';
import { createAddressPort } from './address-port.ts';
import { assignmentModeFor } from './assignment-mode.ts';
import { connectToAws } from './aws.ts';
import type { Context } from './context.ts';
import { createEniPort, createMetadataPort } from './eni-port.ts';
import { setUpHost } from './host.ts';
import { createHostPort } from './host-port.ts';
import { type IntrospectionViews, introspectionViews } from './introspection.ts';
import { deleteLeakedEnis, holdsStranded, type LeakSweep, sweepLeakedEnis } from './leaked-enis.ts';
import { readNetworkFacts } from './network-facts.ts';
import { logPoolEvent } from './pool-log.ts';
import { restorePods, routeRestoredPods } from './restore.ts';
import type { DaemonPorts } from './socket-routes.ts';
import { inWallTime } from './wall-time.ts';

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

  const assignmentMode = assignmentModeFor(config.targets, limits, context.log);
  const book = new AddressBook({ addressCooldownMs: config.addressCooldownMs });
  const checkpoint = createCheckpointFile({
    path: config.checkpointPath,
    snapshot: () => encodeCheckpoint(inWallTime(book.toCheckpoint(), clock, Date.now())),
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
    targets: { ...config.targets, assignmentMode },
    maxPods: maxPods(limits, { assignmentMode }),
    onEvent: logPoolEvent(context.log, metrics),
    signal: context.signal,
  });
  const desk = createAddressDesk({ book, checkpoint, controller, clock, waitMs: config.addWaitMs });

  await phases.run('reading the ENIs (IMDS and EC2)', () => controller.adopt());
  await phases.run(`restoring pods from ${config.checkpointPath}`, () =>
    restorePods({ context, book, host, checkpoint }),
  );
  await phases.run(`writing ${config.checkpointPath}`, () => checkpoint.save());
  book.subscribe(routeRestoredPods(context, host));

  const leaks: LeakSweep = { allocator, isNeeded: (eni) => holdsStranded(book, eni) };
  await deleteLeakedEnis(context, leaks, { olderThanMs: 0 });

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
    addressesPerEni: (limits.addressesPerEni - 1) * (assignmentMode === 'prefix' ? PREFIX_SIZE : 1),
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
      sweeping = sweepLeakedEnis(context, leaks);
    },
    stop: async () => {
      await Promise.all([controller.stop(), sweeping]);
      await host.close();
    },
  };
}
