import {
  type HostNetwork,
  HostNetworkError,
  hostLinkName,
  type IpAddress,
  type PodAttachment,
} from '@vpc-cni/host-network';
import type { Clock } from '../context.ts';
import type { PoolHost } from '../pool.ts';
import type { Fate } from './fate.fixture.ts';

/** A pod as the kernel has it. */
export interface WiredPod {
  readonly podName: string;
  readonly address: IpAddress;
}

/** What the daemon does with a node's kernel here. */
export type DaemonHost = PoolHost &
  Pick<HostNetwork, 'setUpPod' | 'tearDownPod' | 'checkPod' | 'linkIndexOf'>;

/** What of a node's kernel matters to the pool; it outlives daemons. */
export interface MemoryHost {
  /** By pod name. */
  readonly pods: Map<string, WiredPod>;
  /** Pods that the daemon itself has wired, by host link. */
  readonly attachments: Map<string, PodAttachment>;
  /** MACs of secondary ENIs that are wired. */
  readonly wiredMacs: Set<string>;
  /** MACs of links that never appear. */
  readonly missingMacs: Set<string>;
  wire(pod: WiredPod): void;
  /** The host as a daemon with that fate sees it. */
  open(fate: Fate): DaemonHost;
}

const LINK_WAIT_MS = 15_000;
const LOOK_MS = 250;
/** Before it is the loopback. */
const FIRST_ENI_INDEX = 2;

/** @param presentMacs of the links that the instance has at the moment. */
export function createMemoryHost(clock: Clock, presentMacs: () => readonly string[]): MemoryHost {
  const pods = new Map<string, WiredPod>();
  const attachments = new Map<string, PodAttachment>();
  const wiredMacs = new Set<string>();
  const missingMacs = new Set<string>();

  const isThere = (mac: string) => presentMacs().includes(mac) && !missingMacs.has(mac);

  const open = (fate: Fate): DaemonHost => ({
    setUpEni: async ({ mac }, _settings, { signal } = {}) => {
      for (const sinceMs = clock.nowMs(); !isThere(mac); ) {
        if (clock.nowMs() - sinceMs >= LINK_WAIT_MS) {
          const message = `[link-not-found] no link has the MAC ${mac} after ${LINK_WAIT_MS} ms`;
          throw Object.assign(new Error(message), { code: 'link-not-found' });
        }
        await clock.sleep(LOOK_MS, signal === undefined ? {} : { signal });
      }
      await fate.pass('kernel set up ENI');
      wiredMacs.add(mac);
      return [];
    },
    tearDownEni: async ({ mac }) => {
      await fate.pass('kernel tear down ENI');
      wiredMacs.delete(mac);
    },
    linkNames: async () => [
      ...[...pods.values()].map(({ podName }) =>
        hostLinkName({ prefix: 'eni', podNamespace: 'default', podName }),
      ),
      ...attachments.keys(),
    ],
    linkIndexOf: async (mac) => {
      if (isThere(mac)) return FIRST_ENI_INDEX + presentMacs().indexOf(mac);
      throw new HostNetworkError('link-not-found', `no link has the MAC ${mac}`);
    },
    setUpPod: async (attachment) => {
      await fate.pass('kernel set up pod');
      attachments.set(attachment.hostLinkName, attachment);
      return { hostMac: '0a:00:00:00:00:01', podMac: '0a:00:00:00:00:02' };
    },
    tearDownPod: async ({ hostLinkName: name }) => {
      await fate.pass('kernel tear down pod');
      attachments.delete(name);
    },
    checkPod: async ({ hostLinkName: name }) => (attachments.has(name) ? [] : [`link ${name}`]),
    listPods: async () => [...pods.values()].map(({ address }) => address),
    routePods: () => fate.pass('kernel route pods'),
    tearDownPodRules: (address) => {
      if (fate.isDead) return;
      for (const pod of pods.values()) if (pod.address === address) pods.delete(pod.podName);
    },
  });

  return {
    pods,
    attachments,
    wiredMacs,
    missingMacs,
    wire: (pod) => {
      pods.set(pod.podName, pod);
    },
    open,
  };
}
