import { toPodRule } from '../desired/describe-pod.ts';
import { hostCidr } from '../desired/subnet.ts';
import type { IpAddress, IpFamily } from '../ip.ts';
import type { Netlink } from '../netlink/netlink.ts';
import { MAIN_TABLE } from '../netlink/route.ts';

/**
 * Addresses of pods that are wired on this host, as the kernel has them, IPv4 first: those that have both
 * the rule to the pod and the route to its link. Dumps: for a start, not for a pod's path.
 */
export async function listPods(host: Netlink): Promise<readonly IpAddress[]> {
  const ofFamily = async (family: IpFamily) => {
    const routes = await host.routes.list(MAIN_TABLE, undefined, family);
    const routed = new Set(routes.map(({ destination }) => destination));
    const rules = await host.rules.list(family);
    return rules.flatMap(({ priority, to, tableId }) => {
      if (to === undefined || !isSingle(to)) return [];
      const wanted = toPodRule(to);
      const isToPod = priority === wanted.priority && tableId === wanted.tableId;
      return isToPod && routed.has(hostCidr(to)) ? [to] : [];
    });
  };
  return [...(await ofFamily('ipv4')), ...(await ofFamily('ipv6'))];
}

const isSingle = (destination: IpAddress | `${IpAddress}/${number}`): destination is IpAddress =>
  !destination.includes('/');
