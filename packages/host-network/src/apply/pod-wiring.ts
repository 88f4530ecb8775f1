import { hostLinkName } from '../desired/host-link-name.ts';
import type { PodAttachment, PodToTearDown } from '../desired/settings.ts';
import { parseIpv4Address } from '../ipv4.ts';
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
  /** IPv4 address without prefix length. */
  readonly address: string;
  readonly routeTableId: number;
}

/** What tearing it down needs to know; its ENI may be gone. */
type WiredPodToTearDown = Omit<WiredPod, 'routeTableId'>;

/** Pods by name instead of by host link: the shape a CNI plugin's wiring port has. */
export interface PodWiring {
  setUp(pod: WiredPod): Promise<{ readonly hostLinkName: string }>;
  tearDown(pod: WiredPodToTearDown): Promise<void>;
  check(pod: WiredPod): Promise<readonly string[]>;
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
    tearDown: async (pod) => network.tearDownPod(placeOf(pod)),
    check: async (pod) => network.checkPod(attachmentOf(pod)),
  };
}

const attachmentOf = (pod: WiredPod): PodAttachment => ({
  ...placeOf(pod),
  routeTableId: pod.routeTableId,
});

function placeOf({ vethPrefix, podNamespace, podName, ...pod }: WiredPodToTearDown): PodToTearDown {
  return {
    netnsPath: pod.netnsPath,
    podLinkName: pod.podLinkName,
    hostLinkName: hostLinkName({ prefix: vethPrefix, podNamespace, podName }),
    address: parseIpv4Address(pod.address),
    mtuBytes: pod.mtuBytes,
  };
}
