import { Code, ConnectError, type ServiceImpl } from '@connectrpc/connect';
import type {
  AddressPort,
  AttachmentKey,
  AttachmentQueue,
  HeldAddress,
  PlacedAddress,
} from '@vpc-cni/plugin';
import type { RecallPodEni } from '../branch/recall-pod-eni.ts';
import type { Logger } from '../logger.ts';
import type { Metrics } from '../metrics.ts';
import type { CNIBackend, DelNetworkRequest } from './gen/rpc_pb.ts';
import type { NodeFacts } from './node-facts.ts';

export interface CniBackendOptions {
  readonly addresses: AddressPort;
  /** The one of the CNI verbs: an attachment has one operation at a time, whichever way it came. */
  readonly queue: AttachmentQueue;
  /** Carries out the deferred DEL of an attachment, if it has one; says what keeps it from that. */
  readonly carryOutDel: (key: AttachmentKey) => Promise<string | undefined>;
  /** For DELs of attachments that nobody here knows. Default: they hold nothing. */
  readonly recallPodEni?: RecallPodEni | undefined;
  readonly facts: () => NodeFacts;
  readonly version: string;
  readonly metrics: Pick<Metrics, 'addRequests' | 'delRequests'>;
  readonly log: Logger;
}

/** By this text the AWS VPC CNI's plugin knows that there is nothing to take down. */
const UNKNOWN_POD = 'datastore: unknown pod';

/**
 * Addresses for the AWS VPC CNI's own plugin, which wires pods by itself.
 *
 * What keeps a pod from an address is `Success: false`, without a reason, as that plugin expects; the
 * reason is logged. Errors are for callers of another version and for pods that hold nothing.
 */
export function createCniBackend(options: CniBackendOptions): ServiceImpl<typeof CNIBackend> {
  const { addresses, queue, carryOutDel, recallPodEni, facts, version, metrics, log } = options;

  async function reserve(
    key: AttachmentKey,
    pod: { readonly podNamespace: string; readonly podName: string },
    signal: AbortSignal,
  ): Promise<PlacedAddress> {
    const reply = await addresses.reserve(key, pod, { signal });
    if (reply.kind === 'refused') throw new Error(`${reply.reason}: ${reply.message}`);
    if (!signal.aborted) return reply.held;
    // Nobody will read the answer, and the runtime's DEL may have been here already.
    if (reply.isNew) await addresses.release(key);
    throw signal.reason;
  }

  /** What another daemon gave the attachment; none if another attachment has its VLAN by now. */
  async function recall(
    key: AttachmentKey,
    { K8SPODNAMESPACE: podNamespace, K8SPODNAME: podName, K8SPODUID: podUid }: DelNetworkRequest,
    signal: AbortSignal,
  ): Promise<HeldAddress | undefined> {
    try {
      const remembered = await recallPodEni?.({ podNamespace, podName, podUid }, { signal });
      return remembered && (await addresses.identify(key, remembered));
    } catch (cause) {
      log.warn({ key, podNamespace, podName, err: cause }, 'grpc: DelNetwork failed');
      const message = `whether pod ${podNamespace}/${podName} has an ENI of its own is not known`;
      throw new ConnectError(message, Code.Unavailable, undefined, undefined, cause);
    }
  }

  return {
    addNetwork: async (request, { signal }) => {
      metrics.addRequests.inc();
      requireSameVersion(request.ClientVersion, version);
      const key = keyOf(request);
      const pod = { podNamespace: request.K8SPODNAMESPACE, podName: request.K8SPODNAME };
      try {
        requireComplete(key);
        if (request.RequiresMultiNICAttachment) throw new Error('one network card per pod');
        // Before its turn in the queue: the DEL takes one of its own.
        const failure = await carryOutDel(key);
        if (failure !== undefined) throw new Error(`an earlier DEL fails: ${failure}`);
        const held = await queue.runAdd(key, { pod, signal }, (until) => reserve(key, pod, until));
        signal.throwIfAborted();
        log.info({ key, ...pod, address: held.address }, 'grpc: AddNetwork');
        const { podFamily, usesExternalSnat, unmappedCidrs, networkPolicyMode } = facts();
        return {
          Success: true,
          IPAllocationMetadata: [placeOf(held)],
          ...branchOf(held),
          UseExternalSNAT: usesExternalSnat,
          [podFamily === 'ipv6' ? 'VPCv6CIDRs' : 'VPCv4CIDRs']: [...unmappedCidrs],
          NetworkPolicyMode: networkPolicyMode,
        };
      } catch (error) {
        log.warn({ key, ...pod, err: error }, 'grpc: AddNetwork failed');
        if (signal.aborted) throw signal.reason;
        return { Success: false };
      }
    },

    delNetwork: async (request, { signal }) => {
      metrics.delRequests.inc({ reason: request.Reason });
      requireSameVersion(request.ClientVersion, version);
      const key = keyOf(request);
      if (!isComplete(key)) throw new ConnectError(UNKNOWN_POD, Code.Unknown);
      const held = await queue.runDel(key, async () => {
        const found = (await addresses.find(key)) ?? (await recall(key, request, signal));
        // Also when it holds nothing: the last attempt may have failed to write that down.
        await addresses.release(key);
        return found;
      });
      if (held === undefined) throw new ConnectError(UNKNOWN_POD, Code.Unknown);
      log.info({ key, address: held.address, reason: request.Reason }, 'grpc: DelNetwork');
      return {
        Success: true,
        IPAllocationMetadata: [placeOf(held)],
        ...(held.branch === undefined ? {} : { PodVlanId: held.branch.vlanId }),
        NetworkPolicyMode: facts().networkPolicyMode,
      };
    },
  };
}

const keyOf = (request: {
  readonly NetworkName: string;
  readonly ContainerID: string;
  readonly IfName: string;
}): AttachmentKey => ({
  networkName: request.NetworkName,
  containerId: request.ContainerID,
  interfaceName: request.IfName,
});

/** Table 0 of a stranded address: to the kernel it means the rules of every table. */
const STRANDED = { deviceNumber: 0, routeTableId: 0 };
/** A branch ENI is no device of the instance. */
const ON_BRANCH = { deviceNumber: -1, routeTableId: 0 };

const placeOf = ({
  address,
  branch,
  eni = branch === undefined ? STRANDED : ON_BRANCH,
}: HeldAddress) => ({
  [address.includes(':') ? 'IPv6Addr' : 'IPv4Addr']: address,
  DeviceNumber: eni.deviceNumber,
  RouteTableId: eni.routeTableId,
});

/** What makes that plugin wire a pod on an ENI of its own. */
const branchOf = (held: PlacedAddress) =>
  held.eni === undefined
    ? {
        PodVlanId: held.branch.vlanId,
        PodENIMAC: held.branch.mac,
        PodENISubnetGW: held.branch.router,
        ParentIfIndex: held.branch.trunkLinkIndex,
      }
    : {};

const isComplete = (key: AttachmentKey) => Object.values(key).every((part) => part !== '');

function requireComplete(key: AttachmentKey): void {
  if (!isComplete(key)) throw new Error('container, interface and network must be named');
}

/** The plugins that AWS ships name no version; one that names another than ours is refused. */
function requireSameVersion(theirs: string, ours: string): void {
  if (theirs === '' || theirs === ours) return;
  throw new ConnectError(
    `wrong client version ${JSON.stringify(theirs)} (!= ${JSON.stringify(ours)})`,
    Code.FailedPrecondition,
  );
}
