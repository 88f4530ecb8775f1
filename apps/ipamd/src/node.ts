import { join } from 'node:path';
import {
  createEgressAddresses,
  createEgressWiring,
  createPodWiring,
  type DesiredNode,
} from '@vpc-cni/host-network';
import type { InstanceFacts } from '@vpc-cni/imds';
import {
  type AddressPort,
  type AttachmentQueue,
  createAttachmentQueue,
  createEgressHandlers,
  createPluginHandlers,
  type PolicyPort,
} from '@vpc-cni/plugin';
import { openAddresses } from './addresses.ts';
import { addressesInTurn } from './addresses-in-turn.ts';
import { connectToAws } from './aws.ts';
import type { RecallPodEni } from './branch/recall-pod-eni.ts';
import { connectToCluster } from './cluster/cluster.ts';
import { keepFeatures, wantedFeatures } from './cluster/cni-node-features.ts';
import { eniConfigNameOf } from './cluster/eni-config-subnets.ts';
import { markReadiness } from './cluster/mark-readiness.ts';
import type { ServedPlugins } from './cni-service.ts';
import type { IpamdConfig } from './config.ts';
import type { Context } from './context.ts';
import { findRuntime } from './cri/find-runtime.ts';
import { runningSandboxes } from './cri/running-sandboxes.ts';
import { sweepAttachments } from './cri/sweep-attachments.ts';
import type { NodeFacts } from './grpc/node-facts.ts';
import { setUpHost } from './host.ts';
import { nodeAddress } from './host-settings.ts';
import { type IntrospectionViews, introspectionViews } from './introspection.ts';
import { type NetworkFacts, readNetworkFacts } from './network-facts.ts';
import { createPolicyAgent } from './policy/policy-agent.ts';
import { bringUpPool } from './pool.ts';
import { keepRepaired } from './repair/keep-repaired.ts';
import { podsToRepair } from './repair/pods-to-repair.ts';
import type { DaemonPorts } from './socket-routes.ts';
import { wiringView } from './wiring-view.ts';

/** A node that can serve pods. */
export interface ReadyNode {
  /** For plugins that run in processes of their own. */
  readonly ports: DaemonPorts;
  readonly addresses: AddressPort;
  readonly recallPodEni: RecallPodEni | undefined;
  readonly plugins: ServedPlugins;
  /**
   * What deferred DELs are carried out by: without the policy agent, as in the AWS VPC CNI. When the node starts it
   * waits for this daemon's gRPC, which comes after them.
   */
  readonly forDeferred: ServedPlugins;
  /** Of both: an attachment's operations come one after the other. */
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
  const { config, clock } = context;
  const cluster = await connectToCluster(context);
  const aws = await connectToAws(context, cluster);
  const { imds, instance } = aws;
  const facts = await readNetworkFacts(context, { imds, primaryMac: instance.primaryMac });
  const host = await setUpHost(context, instance, facts);
  const runtime = await findRuntime(context);
  const pool = await bringUpPool({
    context,
    aws,
    facts,
    host,
    cluster,
    ...(runtime === undefined ? {} : { sandboxes: () => runningSandboxes(runtime, context) }),
  });

  const { addresses, attachments, recallPodEni } = await openAddresses(context, {
    pool,
    cluster,
    network: host.network,
  });
  const { book, controller, eniLinks, start, stop } = pool;
  const readiness = controller;
  const queue = createAttachmentQueue();
  const wiring = createPodWiring(host.network);
  const policies = networkPolicies(context);
  const outside = { addresses, wiring, readiness, queue };
  const handlers = createPluginHandlers({ ...outside, policies });
  const egress = createEgressHandlers({
    addresses: createEgressAddresses(),
    wiring: createEgressWiring(host.network),
    queue,
  });
  const desired = (): DesiredNode => ({
    settings: host.settings(),
    enis: eniLinks(),
    pods: podsToRepair(attachments(), {
      vethPrefix: config.host.vethPrefix,
      isBusy: queue.isBusy,
      nowMs: clock.nowMs(),
    }),
  });
  const work: Promise<void>[] = [];
  return {
    ports: { addresses: addressesInTurn(addresses, queue), readiness, policies },
    addresses,
    recallPodEni,
    plugins: { 'aws-cni': handlers, 'egress-cni': egress },
    forDeferred: { 'aws-cni': createPluginHandlers(outside), 'egress-cni': egress },
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
      wiring: () => wiringView(desired(), host.network.iptablesBackend),
    }),
    start: () => {
      start();
      const { marks } = config.cluster;
      if (cluster !== undefined && (marks.networkCondition || marks.startupTaint !== '')) {
        work.push(markReadiness(context, cluster, { marks, readiness }));
      }
      if (cluster !== undefined && config.cluster.podEni) {
        work.push(keepFeatures(context, cluster, () => wantedFeatures(cluster, config.cluster)));
      }
      work.push(keepRepaired(context, { network: host.network, desired }));
      if (runtime !== undefined)
        work.push(sweepAttachments(context, { runtime, attachments, handlers }));
    },
    stop: async () => {
      await Promise.all([stop(), ...work]);
      await host.close();
    },
  };
}

/** `undefined` without a mode; `none` is one, as in the AWS VPC CNI. */
function networkPolicies({ config, log }: Context): PolicyPort | undefined {
  const { networkPolicyMode: mode, runDirectory } = config;
  if (mode === '') return undefined;
  return createPolicyAgent({ socketPath: join(runDirectory, 'npa.sock'), mode, log });
}

const nodeFacts = (
  config: IpamdConfig,
  instance: InstanceFacts,
  { vpcCidrs, vpcIpv6Cidrs }: NetworkFacts,
): NodeFacts => {
  const { host, podFamily } = config;
  const isIpv4 = podFamily === 'ipv4';
  return {
    podFamily,
    usesExternalSnat: isIpv4 && host.externalSnat,
    unmappedCidrs: isIpv4
      ? [...vpcCidrs, ...(host.externalSnat ? [] : host.excludeSnatCidrs)]
      : vpcIpv6Cidrs,
    networkPolicyMode: config.networkPolicyMode,
    nodeAddress: nodeAddress(config, instance),
    instanceId: instance.instanceId,
    region: instance.region,
  };
};
