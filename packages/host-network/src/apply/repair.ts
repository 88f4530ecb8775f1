import { describePod } from '../desired/describe-pod.ts';
import { diff } from '../desired/diff.ts';
import { missingChanges } from '../desired/missing-changes.ts';
import { changeText, type NetworkChange } from '../desired/network-change.ts';
import type { NetworkState } from '../desired/network-state.ts';
import type { EniLink, HostSettings, WiredAttachment } from '../desired/settings.ts';
import { HostNetworkError } from '../host-network-error.ts';
import { areEndsOfOneLink } from '../netlink/link.ts';
import type { Netlink } from '../netlink/netlink.ts';
import { applyChanges, makeWay } from './apply-changes.ts';
import { withPod } from './check-pod.ts';
import { createObserver, type Observer } from './observe.ts';
import { namesOf, type TouchWatch } from './touch-log.ts';

/** All that a node should be. */
export interface DesiredNode {
  readonly settings: HostSettings;
  readonly enis: readonly EniLink[];
  /**
   * Those whose set-up is complete, and of several sandboxes of one pod the last: host links are named after
   * pods. Without `netnsPath`, only the host's side is looked after.
   */
  readonly pods: readonly WiredAttachment[];
}

/** One object that was not as described, and what was done about it, line by line. */
export interface Repair {
  /** `host`, the MAC of an ENI, or the host link of a pod. */
  readonly object: string;
  readonly changes: readonly string[];
}

export interface RepairReport {
  readonly repairs: readonly Repair[];
  /** Objects that could not be repaired; the others were. */
  readonly failures: readonly { readonly object: string; readonly error: unknown }[];
}

/** How one object is brought to its description. */
interface RepairStep {
  readonly object: string;
  readonly run: () => Promise<readonly string[]>;
}

/** Runs every step, whatever becomes of the others. */
export async function repairAll(steps: readonly RepairStep[]): Promise<RepairReport> {
  const repairs: Repair[] = [];
  const failures: { object: string; error: unknown }[] = [];
  for (const { object, run } of steps) {
    try {
      const changes = await run();
      if (changes.length > 0) repairs.push({ object, changes });
    } catch (error) {
      failures.push({ object, error });
    }
  }
  return { repairs, failures };
}

/**
 * The steps for pods. The host's tables are read once for all of them, so a pod that is set up or torn down
 * meanwhile is left to the next pass.
 */
export function podRepairSteps(
  host: Netlink,
  pods: readonly WiredAttachment[],
  watch: Pick<TouchWatch, 'wasTouched'>,
): readonly RepairStep[] {
  const observer = createObserver(host);
  return pods.map((pod) => {
    const wasTouched = () => watch.wasTouched(...namesOf(pod));
    return {
      object: pod.hostLinkName,
      run: async () => (await repairPod(host, observer, pod, wasTouched)).map(changeText),
    };
  });
}

async function repairPod(
  host: Netlink,
  observer: Observer,
  attachment: WiredAttachment,
  wasTouched: () => boolean,
): Promise<readonly NetworkChange[]> {
  const description = describePod(attachment);
  const hostState = await observer.observe(description.host);
  const hostChanges = diff(hostState, description.host);
  const done: NetworkChange[] = [];
  const repairHostSide = async () => {
    await makeWay({ netlink: host }, hostChanges);
    if (!wasTouched()) applyChanges({ netlink: host, ...hostState }, hostChanges, done);
  };
  if (attachment.netnsPath === '') {
    await repairHostSide();
    return done;
  }
  const macs = new Map(hostState.links.map(({ name, mac }) => [name, mac]));
  const isThere = await withPod(attachment, async (netlink) => {
    const { netnsPath } = attachment;
    const podState = await createObserver(netlink, netnsPath).observe(description.pod);
    requireOneLink(attachment, hostState, podState);
    await repairHostSide();
    if (wasTouched()) return true;
    const place = { netlink, netnsPath, links: podState.links };
    const podChanges = diff(podState, description.pod, macs);
    applyChanges(place, missingChanges(podState, podChanges), done);
    return true;
  });
  if (isThere === undefined && !wasTouched()) throw sandboxGone(attachment);
  return done;
}

/**
 * The host link may be that of the pod's next sandbox, and the namespace's path by now another's.
 *
 * @throws {HostNetworkError} `not-a-pod-link`
 */
function requireOneLink(
  { hostLinkName, podLinkName, netnsPath }: WiredAttachment,
  host: NetworkState,
  pod: NetworkState,
): void {
  const hostLink = host.links.find(({ name }) => name === hostLinkName);
  const podLink = pod.links.find(({ name }) => name === podLinkName);
  // That one is missing is told by the repair itself.
  if (hostLink === undefined || podLink === undefined) return;
  if (areEndsOfOneLink(hostLink, podLink)) return;
  throw new HostNetworkError(
    'not-a-pod-link',
    `repairing ${hostLinkName}: its other end is not ${podLinkName} in ${netnsPath}: the pod has another sandbox, and nothing was changed`,
    { facts: { linkName: hostLinkName, path: netnsPath } },
  );
}

const sandboxGone = ({ netnsPath, hostLinkName }: WiredAttachment) =>
  new HostNetworkError(
    'netns-not-found',
    `repairing ${hostLinkName}: its network namespace ${netnsPath} is gone; the runtime's DEL will clean up`,
    { facts: { path: netnsPath, linkName: hostLinkName } },
  );
