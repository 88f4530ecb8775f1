/** Identity of a CNI attachment: what ADD, CHECK and DEL of one pod interface have in common. */
export interface AttachmentKey {
  readonly networkName: string;
  readonly containerId: string;
  readonly interfaceName: string;
}

/** The pod an attachment belongs to, as the runtime names it in `CNI_ARGS`. */
export interface PodIdentity {
  readonly podNamespace: string;
  readonly podName: string;
}

/** Where an ENI sits on this node. */
export interface EniPlace {
  /** EC2 device index. */
  readonly deviceNumber: number;
  /** Its route table; 254 (main) for the primary ENI. */
  readonly routeTableId: number;
}

/**
 * What passes the security groups of a pod's own: everything (`strict`), or what leaves the node and stays in
 * the VPC (`standard`).
 */
export type BranchMode = 'strict' | 'standard';

/** The link of a pod's own ENI, a VLAN of the node's trunk ENI. */
export interface BranchLink {
  readonly vlanId: number;
  readonly mode: BranchMode;
}

/** Everything the host needs to know to make it. */
export interface BranchEni extends BranchLink {
  readonly mac: string;
  /** Next hop: the router of the ENI's subnet. */
  readonly router: string;
  /** Index of the trunk ENI's link. */
  readonly trunkLinkIndex: number;
}

/** One that others made: all that the runtime remembers of it, which is all but what its link is made of. */
export type RememberedBranch = BranchLink & Pick<BranchEni, 'router'>;

/** An address that an attachment holds. */
export interface HeldAddress extends PodIdentity {
  readonly key: AttachmentKey;
  /** Of either family, without prefix length. */
  readonly address: string;
  /** Absent while the address is stranded: no ENI that this node manages has it. Never there with `branch`. */
  readonly eni?: EniPlace;
  /** Set for a pod that has security groups, and so an ENI, of its own: the address is that ENI's. */
  readonly branch?: BranchLink;
}

/** A held address whose ENI is attached to this node: one that a pod can be wired to. */
export type PlacedAddress = HeldAddress &
  ({ readonly eni: EniPlace } | { readonly eni?: undefined; readonly branch: BranchEni });

/** Why no address could be had. Every value is transient: the runtime may try again. */
export type RefusalReason =
  | 'starting'
  | 'cooling'
  | 'subnet-full'
  | 'no-free-prefix'
  | 'eni-limit'
  | 'at-max-pods'
  | 'not-schedulable'
  | 'terminating'
  | 'provisioning-disabled'
  | 'throttled'
  | 'permission'
  | 'ec2-unavailable'
  | 'checkpoint-unwritable'
  /** The attachment holds an address already, and no ENI that this node manages has it. */
  | 'eni-absent'
  /** The API server, or what it says, keeps the pod from an address. */
  | 'kubernetes'
  /** The pod is to have an ENI of its own, and nobody has made it yet. */
  | 'branch-eni-pending'
  | 'capacity-pending';

export interface Refusal {
  readonly kind: 'refused';
  readonly reason: RefusalReason;
  /** One sentence with the figures behind the reason. */
  readonly message: string;
  /** Milliseconds after which trying again makes sense, when that is known. */
  readonly retryAfterMs?: number;
}

export type ReserveReply =
  /** `isNew` is false when the attachment held this address already (a repeated ADD). */
  { readonly kind: 'reserved'; readonly held: PlacedAddress; readonly isNew: boolean } | Refusal;

/** What the runtime remembers of an attachment. */
export interface RememberedPod extends PodIdentity {
  /** Of either family, without prefix length. */
  readonly address: string;
  /** Set for a pod that was given an ENI of its own. */
  readonly branch?: BranchLink;
}

/** Where addresses come from. Every change is durable before the promise resolves. */
export interface AddressPort {
  /** Reserves an address, waiting a bounded time for capacity that is on its way. */
  reserve(
    key: AttachmentKey,
    pod: PodIdentity,
    options: {
      readonly signal: AbortSignal;
      /** How the pod will be wired, to be remembered with the address by whoever looks after pods. */
      readonly wiring?: PodPlace & { readonly branchMode: BranchMode };
      /** Tells the pod from an earlier one of its name. */
      readonly podUid?: string;
    },
  ): Promise<ReserveReply>;
  find(key: AttachmentKey): Promise<HeldAddress | undefined>;
  /**
   * Gives a reservation whose key was lost, with the checkpoint that had it, to the attachment that the
   * runtime says has the address. `undefined` when the address, or the VLAN, is held by a known attachment,
   * or by none.
   */
  identify(key: AttachmentKey, remembered: RememberedPod): Promise<HeldAddress | undefined>;
  /** Releasing an attachment that holds nothing is success, once that is durable. */
  release(key: AttachmentKey): Promise<void>;
  /** Everything the attachments of one network hold. */
  list(networkName: string): Promise<readonly HeldAddress[]>;
}

/** What the runtime and the configuration say of a pod's interface. */
export interface PodPlace {
  /** Path of the pod's network namespace; empty when it is gone (DEL). */
  readonly netnsPath: string;
  readonly vethPrefix: string;
  readonly mtuBytes: number;
}

/** A pod's interface on the host: what taking it down needs to know. */
export interface PodInterface extends PodIdentity, PodPlace {
  readonly podLinkName: string;
  readonly address: string;
  readonly branch?: BranchLink;
}

/** Everything the host needs to know to wire one. */
export interface PodWiring extends PodInterface {
  /** Route table of the ENI that has the address; 0 with `branch`, whose table is known by its VLAN. */
  readonly routeTableId: number;
  readonly branch?: BranchEni;
}

/** A pod that was wired, here or by others. */
export type PodToCheck = Omit<PodWiring, 'branch'> & {
  readonly branch?: BranchEni | RememberedBranch;
};

/**
 * Sets up links, addresses, routes and rules of a pod.
 *
 * Failures carry a string `code`; those of {@link WiringFailure} have a CNI error code of their own.
 */
export interface WiringPort {
  /** Leaves nothing behind when it fails. */
  setUp(pod: PodWiring): Promise<{ readonly hostLinkName: string }>;
  /** Succeeds for what is gone already, the ENI of the address included. */
  tearDown(pod: PodInterface): Promise<void>;
  /** What is missing or differs, in words; empty when all is well. */
  check(pod: PodToCheck): Promise<readonly string[]>;
}

/** Codes of wiring errors that the runtime is told apart. */
export type WiringFailure = 'netns-not-found' | 'link-exists';

/** Why the network policy agent has not done what it was asked for. */
export interface PolicyFailure {
  /** `agent-away`: it could not be asked. The others: it has answered no, or with an error, or not in time. */
  readonly reason: 'agent-away' | 'agent-refused' | 'agent-failed';
  /** One sentence: where the agent was asked, what came of it, what to do. */
  readonly message: string;
}

/** Who enforces network policies on pods, by their names: the node's policy agent. Every call ends in bounded time. */
export interface PolicyPort {
  /** Resolves once the agent has taken the pod on: what the pod sends from then on is judged as the mode says. */
  enforce(
    pod: PodIdentity,
    options: { readonly interfaceCount: number; readonly signal: AbortSignal },
  ): Promise<PolicyFailure | undefined>;
  /** The pod is gone. */
  forget(pod: PodIdentity): Promise<PolicyFailure | undefined>;
}

/** Whether the node can serve an ADD now. */
export interface ReadinessPort {
  refusal(): Refusal | undefined | Promise<Refusal | undefined>;
}
