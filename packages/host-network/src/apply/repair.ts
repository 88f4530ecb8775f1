import { describePod } from '../desired/describe-pod.ts';
import { diff } from '../desired/diff.ts';
import { changeText, type NetworkChange } from '../desired/network-change.ts';
import type { EniLink, HostSettings, PodAttachment } from '../desired/settings.ts';
import { HostNetworkError } from '../host-network-error.ts';
import type { Netlink } from '../netlink/netlink.ts';
import { applyChanges, makeWay } from './apply-changes.ts';
import { withPod } from './check-pod.ts';
import { createObserver, type Observer } from './observe.ts';

/** All that a node should be. */
export interface DesiredNode {
  readonly settings: HostSettings;
  readonly enis: readonly EniLink[];
  /** Those whose set-up is complete. Without `netnsPath`, only the host's side is looked after. */
  readonly pods: readonly PodAttachment[];
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
  pods: readonly PodAttachment[],
  wasTouched: (pod: PodAttachment) => boolean,
): readonly RepairStep[] {
  const observer = createObserver(host);
  return pods.map((pod) => ({
    object: pod.hostLinkName,
    run: async () => (await repairPod(host, observer, pod, wasTouched)).map(changeText),
  }));
}

async function repairPod(
  host: Netlink,
  observer: Observer,
  attachment: PodAttachment,
  wasTouched: (pod: PodAttachment) => boolean,
): Promise<readonly NetworkChange[]> {
  const description = describePod(attachment);
  const hostState = await observer.observe(description.host);
  const hostChanges = diff(hostState, description.host);
  const done: NetworkChange[] = [];
  const repairHostSide = async () => {
    await makeWay({ netlink: host }, hostChanges);
    if (!wasTouched(attachment)) applyChanges({ netlink: host, ...hostState }, hostChanges, done);
  };
  if (attachment.netnsPath === '') {
    await repairHostSide();
    return done;
  }
  const macs = new Map(hostState.links.map(({ name, mac }) => [name, mac]));
  const isThere = await withPod(attachment, async (netlink) => {
    const { netnsPath } = attachment;
    const podState = await createObserver(netlink, netnsPath).observe(description.pod);
    await repairHostSide();
    if (wasTouched(attachment)) return true;
    const place = { netlink, netnsPath, links: podState.links };
    applyChanges(place, diff(podState, description.pod, macs), done);
    return true;
  });
  if (isThere === undefined && !wasTouched(attachment)) throw sandboxGone(attachment);
  return done;
}

const sandboxGone = ({ netnsPath, hostLinkName }: PodAttachment) =>
  new HostNetworkError(
    'netns-not-found',
    `repairing ${hostLinkName}: its network namespace ${netnsPath} is gone; the runtime's DEL will clean up`,
    { facts: { path: netnsPath, linkName: hostLinkName } },
  );
