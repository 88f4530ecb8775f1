import type { PluginHandlers } from '@vpc-cni/cni-spec';
import { createPodWiring } from '@vpc-cni/host-network';
import type { InstanceFacts } from '@vpc-cni/imds';
import { type AttachmentQueue, createAttachmentQueue, createPluginHandlers } from '@vpc-cni/plugin';
import { createAddressPort } from './address-port.ts';
import { connectToAws } from './aws.ts';
import { annotatingPodIps } from './cluster/annotate-pod-ips.ts';
import { connectToCluster } from './cluster/cluster.ts';
import { keepFeatures, wantedFeatures } from './cluster/cni-node-features.ts';
import { eniConfigNameOf } from './cluster/eni-config-subnets.ts';
import { markReadiness } from './cluster/mark-readiness.ts';
import type { IpamdConfig } from './config.ts';
import type { Context } from './context.ts';
import { findRuntime } from './cri/find-runtime.ts';
import { runningSandboxes } from './cri/running-sandboxes.ts';
import { sweepAttachments } from './cri/sweep-attachments.ts';
import type { NodeFacts } from './grpc/node-facts.ts';
import { setUpHost } from './host.ts';
import { type IntrospectionViews, introspectionViews } from './introspection.ts';
import { type NetworkFacts, readNetworkFacts } from './network-facts.ts';
import { bringUpPool } from './pool.ts';
import type { DaemonPorts } from './socket-routes.ts';

/** A node that can serve pods. */
export interface ReadyNode {
  readonly ports: DaemonPorts;
  readonly handlers: PluginHandlers;
  /** Of the handlers. */
  readonly queue: AttachmentQueue;
  readonly facts: () => NodeFacts;
  readonly views: IntrospectionViews;
  /** Begins to keep the pool on target. */
  start(): void;
  /** Once the daemon is ending. */
  stop(): Promise<void>;
}

/** Brings a node up: AWS, host, ENIs, then the pods that an earlier process left. */
export async function bringUpNode(context: Context): Promise<ReadyNode> {
  const { config, clock, metrics } = context;
  const cluster = await connectToCluster(context);
  const aws = await connectToAws(context, cluster);
  const { imds, instance } = aws;
  const facts = await readNetworkFacts(context, { imds, primaryMac: instance.primaryMac });
  const host = await setUpHost(context, instance, facts);
  const runtime = await findRuntime(context);
  const { book, controller, desk, start, stop } = await bringUpPool({
    context,
    aws,
    facts,
    host,
    cluster,
    ...(runtime === undefined ? {} : { sandboxes: () => runningSandboxes(runtime, context) }),
  });

  const plain = createAddressPort({
    book,
    desk,
    onRefusal: () => metrics.noAvailableAddresses.inc(),
  });
  const ports: DaemonPorts = {
    addresses:
      cluster !== undefined && config.cluster.annotatePodIp
        ? annotatingPodIps(plain, cluster, context)
        : plain,
    readiness: controller,
  };
  const queue = createAttachmentQueue();
  const wiring = createPodWiring(host.network);
  const handlers = createPluginHandlers({ ...ports, wiring, queue });
  let sweeping: Promise<void> | undefined;
  return {
    ports,
    handlers,
    queue,
    facts: () => nodeFacts(config, instance, facts.current),
    views: introspectionViews({
      config,
      book,
      nowMs: clock.nowMs,
      eniConfigName: () => cluster && eniConfigNameOf(cluster, config.cluster),
      explain: () => ({
        enis: book.enis(clock.nowMs()),
        stranded: book.reservations().filter(({ eni }) => eni === undefined),
        plan: controller.lastPlan ?? null,
      }),
    }),
    start: () => {
      start();
      const { marks } = config.cluster;
      if (cluster !== undefined && (marks.networkCondition || marks.startupTaint !== '')) {
        void markReadiness(context, cluster, { marks, readiness: controller });
      }
      if (cluster !== undefined && config.cluster.podEni) {
        void keepFeatures(context, cluster, () => wantedFeatures(cluster, config.cluster));
      }
      if (runtime !== undefined) sweeping = sweepAttachments(context, { runtime, book, handlers });
    },
    stop: async () => {
      await Promise.all([stop(), sweeping]);
      await host.close();
    },
  };
}

const nodeFacts = (
  { host, grpc }: IpamdConfig,
  { instanceId, primaryAddress, region }: InstanceFacts,
  { vpcCidrs }: NetworkFacts,
): NodeFacts => ({
  usesExternalSnat: host.externalSnat,
  unmappedCidrs: [...vpcCidrs, ...(host.externalSnat ? [] : host.excludeSnatCidrs)],
  networkPolicyMode: grpc.networkPolicyMode,
  nodeAddress: primaryAddress,
  instanceId,
  region,
});
