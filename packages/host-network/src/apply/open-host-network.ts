import { closeSync, openSync } from 'node:fs';
import type { EniSettings } from '../desired/describe-eni.ts';
import type { IptablesBackend } from '../desired/host-facts.ts';
import type {
  EniLink,
  HostSettings,
  PodAttachment,
  PodToTearDown,
  WiredAttachment,
} from '../desired/settings.ts';
import { HostNetworkError } from '../host-network-error.ts';
import type { IpAddress } from '../ip.ts';
import { defaultCommands, type HostCommands } from '../iptables/host-commands.ts';
import { createPacketFilter } from '../iptables/packet-filter.ts';
import { openConntrack } from '../netlink/conntrack.ts';
import { openNetlink } from '../netlink/netlink.ts';
import { LOST_ANSWER_MS, NetlinkSocket, type RequestObserver } from '../netlink/netlink-socket.ts';
import { openSocket } from '../netlink/open-socket.ts';
import { OWN_NETNS } from '../netns/in-netns.ts';
import { AddressForgetter } from './address-forgetter.ts';
import type { AwaitLinkOptions } from './await-link.ts';
import { checkPod } from './check-pod.ts';
import { type Clock, systemClock } from './clock.ts';
import type { PodLinks } from './create-pod-links.ts';
import { createCrowd } from './crowd.ts';
import { gatherAsks } from './gather-asks.ts';
import { createHostTurns } from './host-turns.ts';
import { createLinkIndexes } from './link-indexes.ts';
import { LinkSweeper } from './link-sweeper.ts';
import { listPods } from './list-pods.ts';
import { createRandomBytes } from './random-bytes.ts';
import { type DesiredNode, podRepairSteps, type RepairReport, repairAll } from './repair.ts';
import { type RoutedPod, routePods } from './route-pods.ts';
import { setUpEni, tearDownEni } from './set-up-eni.ts';
import { setUpHost } from './set-up-host.ts';
import { setUpPod } from './set-up-pod.ts';
import { shareObservers } from './share-observers.ts';
import { tearDownPod, tearDownPodRules } from './tear-down-pod.ts';
import { createTouchLog, namesOf } from './touch-log.ts';
import { createTurns } from './turns.ts';

const DEFAULT_LINK_WAIT_MS = 15_000;
/** Some two milliseconds; who waits for them can share the next write of a checkpoint. */
const TEAR_DOWNS_PER_TURN = 8;

export interface HostNetworkOptions {
  /** Default: the machine's. */
  readonly clock?: Clock;
  /** Longest wait for an ENI's link, in milliseconds. Default 15,000. */
  readonly linkWaitMs?: number;
  /** Default: those of iptables and nftables on the PATH. */
  readonly commands?: Partial<HostCommands>;
  /** Source of MAC addresses. Default: the system's. */
  readonly randomBytes?: (count: number) => Uint8Array;
  /** Called with every netlink request, for counting. */
  readonly observe?: RequestObserver;
}

export interface CallOptions {
  readonly signal?: AbortSignal;
}

/**
 * The host's networking: what a node needs once, per ENI and per pod.
 *
 * Everything may be repeated. Refusals by the kernel are {@link HostNetworkError} `kernel-refused`.
 */
export interface HostNetwork {
  /**
   * Brings MTU, rp_filter, rules, iptables and nftables to what the settings ask for, whatever other
   * settings left, and deletes links an earlier process had marked. Calls queue.
   *
   * Which iptables back-end the host uses is looked at every time: repeat the call, or {@link repair}, and
   * our rules follow a kubelet that decided late.
   *
   * @returns what it changed, line by line; nothing when all was well.
   * @throws {HostNetworkError} `link-not-found` without a link of the primary MAC, `iptables-failed`,
   *   `iptables-locked`.
   */
  setUpHost(settings: HostSettings, options?: CallOptions): Promise<readonly string[]>;
  /** The iptables back-end that the last set-up found in use; undefined before. */
  readonly iptablesBackend: IptablesBackend | undefined;
  /**
   * Waits for the link with the ENI's MAC, then gives it MTU, address, route table and rule. With
   * `eniMarkMask`, the host's filters follow.
   *
   * @returns what it changed, line by line; nothing when all was well.
   * @throws {HostNetworkError} `link-not-found` when it does not appear within `linkWaitMs`.
   */
  setUpEni(eni: EniLink, settings: EniSettings, options?: CallOptions): Promise<readonly string[]>;
  /** Takes the ENI's rules and routes away; fine when there are none. */
  tearDownEni(eni: EniLink): Promise<void>;
  /**
   * Wires a pod. On failure nothing of it is left.
   *
   * @throws {HostNetworkError} `link-exists` when the pod has a link of that name (nothing was touched),
   *   `netns-not-found`.
   */
  setUpPod(attachment: PodAttachment): Promise<PodLinks>;
  /**
   * Takes a pod's rules and route away before it resolves; its links follow within some 20 ms, see
   * {@link settled}. Needs neither namespace nor link to be there.
   */
  tearDownPod(attachment: PodToTearDown): Promise<void>;
  /** What is missing of a pod's wiring, in the words of ip(8); empty when all is well. */
  checkPod(attachment: WiredAttachment): Promise<readonly string[]>;
  /**
   * Brings host, ENIs and pods back to what they should be after somebody else changed them, in one pass:
   * rules, routes, addresses, MTU, link state, sysctls, iptables, neighbour entries. What is right is not
   * touched, nor what is set up or torn down meanwhile; what cannot be repaired does not stop the rest. Inside
   * pods, what is missing comes back; what a pod has changed is its own. Dumps: not for a pod's path.
   */
  repair(node: DesiredNode): Promise<RepairReport>;
  /**
   * Index of the link with that hardware address (any case); a dump the first time, one lookup while it is
   * still that link's.
   *
   * @throws {HostNetworkError} `link-not-found`
   */
  linkIndexOf(mac: string): Promise<number>;
  /** Names of all links of the host. A dump: not for a pod's path. */
  linkNames(): Promise<readonly string[]>;
  /** Makes pods' packets leave by these tables and no others: an address may have changed its ENI. */
  routePods(pods: readonly RoutedPod[]): Promise<void>;
  /** Addresses of the pods that are wired, of both families, as the kernel has them. Dumps: not for a pod's path. */
  listPods(): Promise<readonly IpAddress[]>;
  /** Takes away rules and route of an address whose link is not known any more. */
  tearDownPodRules(address: IpAddress): void;
  /** Resolves when the links of pods torn down so far are deleted, and what the kernel remembers of them. */
  settled(): Promise<void>;
  /** Waits for {@link settled}, then closes. The wiring stays. */
  close(): Promise<void>;
}

/**
 * Opens the calling thread's network namespace as "the host". The thread must stay in it, because
 * /proc/sys and the iptables programs are found through the thread. Needs NET_ADMIN, and SYS_ADMIN to
 * enter pods.
 */
export function openHostNetwork(options: HostNetworkOptions = {}): HostNetwork {
  const { clock = systemClock, linkWaitMs = DEFAULT_LINK_WAIT_MS } = options;
  const packetFilter = createPacketFilter({ ...defaultCommands, ...options.commands });
  const { observe = () => {} } = options;
  const host = openNetlink({ observe });
  const conntrack = openConntrack({ observe });
  const hostSocket = new NetlinkSocket(
    openSocket({ protocol: 'NETLINK_ROUTE', readTimeoutMs: LOST_ANSWER_MS }),
    observe,
  );
  const hostNetnsFd = openSync(OWN_NETNS, 'r');
  const crowd = createCrowd();
  const sweeper = new LinkSweeper(host.links);
  const forgetter = new AddressForgetter({
    conntrack,
    neighbours: host.neighbours,
    linksGone: () => sweeper.settled(),
  });
  const context = {
    host,
    hostAsks: gatherAsks(hostSocket),
    observerOfHost: shareObservers(host),
    hostNetnsFd,
    crowd,
    sweeper,
    forgetter,
    observe,
    randomBytes: options.randomBytes ?? createRandomBytes(),
  };
  const waiting = ({ signal }: CallOptions = {}) => ({
    clock,
    waitMs: linkWaitMs,
    ...(signal === undefined ? {} : { signal }),
  });
  const settled = async () => {
    await sweeper.settled();
    await forgetter.settled();
  };
  const turn = createTurns(TEAR_DOWNS_PER_TURN);
  const hostTurns = createHostTurns((settings, secondaryLinks, callOptions) => {
    sweeper.sweep();
    return setUpHost(host, settings, packetFilter, secondaryLinks, waiting(callOptions));
  });
  const setUpOneEni = async (eni: EniLink, settings: EniSettings, wait: AwaitLinkOptions) => {
    const { linkName, changes } = await setUpEni(host, eni, settings, wait);
    return [...changes, ...(await hostTurns.addEni(eni, linkName))];
  };
  const linkIndexes = createLinkIndexes(host.links, clock);
  const touches = createTouchLog();
  let isClosed = false;

  return {
    setUpHost: hostTurns.setUp,
    get iptablesBackend() {
      return packetFilter.backend;
    },
    setUpEni: (eni, settings, callOptions) => setUpOneEni(eni, settings, waiting(callOptions)),
    tearDownEni: async (eni) => {
      touches.touch(eni.mac);
      await tearDownEni(host, eni);
      await hostTurns.removeEni(eni);
    },
    setUpPod: (attachment) =>
      crowd.run(async () => {
        if (isClosed) throw closedError(attachment.hostLinkName);
        touches.touch(...namesOf(attachment));
        try {
          return await setUpPod(context, attachment);
        } finally {
          // For those who began to watch meanwhile.
          touches.touch(...namesOf(attachment));
        }
      }),
    tearDownPod: async (attachment) => {
      await turn();
      touches.touch(...namesOf(attachment));
      tearDownPod(context, attachment);
    },
    checkPod: (attachment) => checkPod(context, attachment),
    repair: async ({ settings, enis, pods }) => {
      const watch = touches.watch();
      try {
        return await repairAll([
          { object: 'host', run: () => hostTurns.setUp(settings) },
          ...enis.map((eni) => ({
            object: eni.mac,
            run: async () =>
              watch.wasTouched(eni.mac)
                ? []
                : setUpOneEni(eni, settings, { ...waiting(), waitMs: 0 }),
          })),
          ...podRepairSteps(host, pods, watch),
        ]);
      } finally {
        watch.end();
      }
    },
    linkIndexOf: (mac) => linkIndexes.find(mac),
    linkNames: async () => (await host.links.list()).map(({ name }) => name),
    routePods: (pods) => {
      touches.touch(...pods.map(({ address }) => address));
      return routePods(host, pods);
    },
    listPods: () => listPods(host),
    tearDownPodRules: (address) => {
      touches.touch(address);
      tearDownPodRules(context, address);
    },
    settled,
    close: async () => {
      if (isClosed) return;
      isClosed = true;
      try {
        await crowd.settled();
        await hostTurns.settled();
        await settled();
      } finally {
        host.close();
        hostSocket.close();
        conntrack.close();
        closeSync(hostNetnsFd);
      }
    },
  };
}

/** A closed file descriptor must not name the namespace a link is born in: its number may be another file's. */
const closedError = (hostLinkName: string) =>
  new HostNetworkError('closed', `setting up ${hostLinkName}: the host network was closed`);
