import { toPodRule } from '../desired/describe-pod.ts';
import type { Ipv4Address } from '../ipv4.ts';
import type { Netlink } from '../netlink/netlink.ts';
import { MAIN_TABLE } from '../netlink/route.ts';

/**
 * Addresses of pods that are wired on this host, as the kernel has them: those that have both the rule
 * to the pod and the route to its link. Two dumps: for a start, not for a pod's path.
 */
export async function listPods(host: Netlink): Promise<readonly Ipv4Address[]> {
  const routes = await host.routes.list(MAIN_TABLE);
  const routed = new Set(routes.map(({ destination }) => destination));
  const rules = await host.rules.list();
  return rules.flatMap(({ priority, to, tableId }) => {
    if (to === undefined || !isSingle(to)) return [];
    const wanted = toPodRule(to);
    const isToPod = priority === wanted.priority && tableId === wanted.tableId;
    return isToPod && routed.has(`${to}/32`) ? [to] : [];
  });
}

const isSingle = (destination: string): destination is Ipv4Address => !destination.includes('/');
