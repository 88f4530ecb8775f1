import { hostLinkName, STRICT_LINK_PREFIX } from '../desired/host-link-name.ts';
import type {
  BranchEni,
  BranchToTearDown,
  PodAttachment,
  PodToTearDown,
  WiredAttachment,
} from '../desired/settings.ts';
import { parseIpAddress } from '../ip.ts';
import type { HostNetwork } from './open-host-network.ts';

/** A pod interface by what a CNI plugin knows of it. */
export interface WiredPod {
  readonly podNamespace: string;
  readonly podName: string;
  /** Path of the pod's network namespace; empty when it is gone. */
  readonly netnsPath: string;
  readonly podLinkName: string;
  readonly vethPrefix: string;
  readonly mtuBytes: number;
  /** Without prefix length. */
  readonly address: string;
  /** The address of the other family, of a pod that has both. */
  readonly secondAddress?: string;
  readonly routeTableId: number;
  /** Number of the interface in a pod with several. Default 0, the first. */
  readonly interfaceIndex?: number;
  /** Set for a pod that has security groups, and so an ENI, of its own. */
  readonly branch?: WiredBranch;
}

/** A pod's own ENI, by what a CNI plugin knows of it. */
export type WiredBranch = Omit<BranchEni, 'router' | 'secondRouter'> & {
  readonly router: string;
  readonly secondRouter?: string;
};

/** What tearing it down needs to know; its ENI may be gone. */
type WiredPodToTearDown = Omit<WiredPod, 'routeTableId' | 'branch'> & {
  readonly branch?: BranchToTearDown;
};

/** What others have wired may be known in part. */
type WiredPodToCheck = Omit<WiredPod, 'branch'> & {
  readonly branch?: WiredBranch | Omit<WiredBranch, 'mac' | 'trunkLinkIndex'>;
};

/** Pods by name instead of by host link: the shape a CNI plugin's wiring port has. */
export interface PodWiring {
  setUp(pod: WiredPod): Promise<{ readonly hostLinkName: string }>;
  tearDown(pod: WiredPodToTearDown): Promise<void>;
  check(pod: WiredPodToCheck): Promise<readonly string[]>;
}

/** Adapts a host network to plugins that know pods by namespace and name. */
export function createPodWiring(
  network: Pick<HostNetwork, 'setUpPod' | 'tearDownPod' | 'checkPod'>,
): PodWiring {
  return {
    setUp: async (pod) => {
      const attachment = attachmentOf(pod);
      await network.setUpPod(attachment);
      return { hostLinkName: attachment.hostLinkName };
    },
    tearDown: async (pod) => {
      const { branch } = pod;
      await network.tearDownPod({ ...placeOf(pod), ...(branch === undefined ? {} : { branch }) });
    },
    check: async (pod) => network.checkPod(wiredAttachment(pod)),
  };
}

/** A pod that was wired, for {@link HostNetwork.repair}; its MTU may not be known. */
export const wiredAttachment = ({
  mtuBytes,
  ...pod
}: Omit<WiredPodToCheck, 'mtuBytes'> & Partial<Pick<WiredPod, 'mtuBytes'>>): WiredAttachment => ({
  ...placeOf(pod),
  ...branchOf(pod.branch),
  routeTableId: pod.routeTableId,
  ...(mtuBytes === undefined ? {} : { mtuBytes }),
});

const attachmentOf = (pod: WiredPod): PodAttachment => ({
  ...placeOf(pod),
  ...branchOf(pod.branch),
  routeTableId: pod.routeTableId,
  mtuBytes: pod.mtuBytes,
});

function branchOf<Branch extends { readonly router: string; readonly secondRouter?: string }>(
  branch: Branch | undefined,
) {
  if (branch === undefined) return {};
  const { secondRouter: second, ...others } = branch;
  const secondRouter = second === undefined ? {} : { secondRouter: parseIpAddress(second) };
  return { branch: { ...others, router: parseIpAddress(branch.router), ...secondRouter } };
}

function placeOf(
  pod: Omit<WiredPodToTearDown, 'mtuBytes'>,
): Omit<PodToTearDown, 'mtuBytes' | 'branch'> {
  const { podNamespace, podName, netnsPath, podLinkName } = pod;
  const { secondAddress, interfaceIndex, branch } = pod;
  // The connection mark's rules are about links with the configured prefix, and strict pods stay out of it.
  const prefix = branch?.mode === 'strict' ? STRICT_LINK_PREFIX : pod.vethPrefix;
  const index = interfaceIndex === undefined ? {} : { index: interfaceIndex };
  return {
    netnsPath,
    podLinkName,
    hostLinkName: hostLinkName({ prefix, podNamespace, podName, ...index }),
    address: parseIpAddress(pod.address),
    ...(secondAddress === undefined ? {} : { secondAddress: parseIpAddress(secondAddress) }),
    ...(interfaceIndex === undefined ? {} : { interfaceIndex }),
  };
}
