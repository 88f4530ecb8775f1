import {
  describeEni,
  type EniSettings,
  eniRoutes,
  REPLY_PRIORITY,
} from '../desired/describe-eni.ts';
import { changeText } from '../desired/network-change.ts';
import type { EniLink } from '../desired/settings.ts';
import { isErrno } from '../host-network-error.ts';
import type { Netlink } from '../netlink/netlink.ts';
import { type AwaitLinkOptions, awaitLink } from './await-link.ts';
import { converge } from './converge.ts';

/**
 * Gives a secondary ENI its MTU, address, route table and rule. What is right already stays untouched, so
 * repeating it does not disturb pods on that ENI.
 *
 * @returns the link's name, and what was changed, line by line; nothing when all was well.
 */
export async function setUpEni(
  host: Netlink,
  eni: EniLink,
  settings: EniSettings,
  wait: AwaitLinkOptions,
): Promise<{ readonly linkName: string; readonly changes: readonly string[] }> {
  describeEni(eni, settings); // refuses nonsense before the wait
  const link = await awaitLink(host.links, eni.mac, wait);
  const changes = await converge({ netlink: host }, describeEni(eni, settings, link.name));
  return { linkName: link.name, changes: changes.map(changeText) };
}

/**
 * Takes away what leads to an ENI's table. Its routes, and the rule for replies, go only with the ENI's own
 * link, where it is still there: the table may belong to the next ENI in this slot already.
 */
export async function tearDownEni(host: Netlink, eni: EniLink): Promise<void> {
  host.rules.deleteAll({ from: eni.primaryAddress });
  const link = await host.links.findByMac(eni.mac);
  if (link === undefined) return;
  host.rules.deleteAll({ priority: REPLY_PRIORITY, tableId: eni.routeTableId });
  for (const route of eniRoutes(eni).toReversed()) {
    try {
      host.routes.delete(route, link.index);
    } catch (error) {
      if (!isErrno(error, 'ESRCH')) throw error;
    }
  }
}
