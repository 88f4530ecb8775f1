import { describeEni, ENI_PRIORITY, eniRoutes } from '../desired/describe-eni.ts';
import type { EniLink, HostSettings } from '../desired/settings.ts';
import { isErrno } from '../host-network-error.ts';
import type { LinkAddress } from '../netlink/address.ts';
import type { Netlink } from '../netlink/netlink.ts';
import type { Route } from '../netlink/route.ts';
import { type Rule, ruleText } from '../netlink/rule.ts';
import { type AwaitLinkOptions, awaitLink } from './await-link.ts';

/**
 * Gives a secondary ENI its MTU, address, route table and rule. What is right already stays untouched, so
 * repeating it does not disturb pods on that ENI.
 */
export async function setUpEni(
  host: Netlink,
  eni: EniLink,
  settings: Pick<HostSettings, 'eniMtuBytes'>,
  wait: AwaitLinkOptions,
): Promise<void> {
  describeEni(eni, settings); // refuses nonsense before the wait
  const link = await awaitLink(host.links, eni.mac, wait);
  const description = describeEni(eni, settings, link.name);
  const { eniMtuBytes } = settings;
  if (link.mtuBytes !== eniMtuBytes) {
    host.links.change({ index: link.index }, { mtuBytes: eniMtuBytes });
  }
  if (!link.isUp) host.links.change({ index: link.index }, { isUp: true });
  await setOnlyAddresses(host, link.index, description.addresses);
  for (const route of description.routes) host.routes.replace(route, link.index);
  for (const route of description.absentRoutes) deleteRoute(host, route, link.index);
  for (const rule of description.rules) host.rules.ensure(rule);
  await deleteOtherEniRules(host, description.rules);
}

/**
 * What an ENI left that was in this slot before, or this one where it was before: a pod with the same
 * address would be sent astray.
 */
async function deleteOtherEniRules(host: Netlink, own: readonly Rule[]): Promise<void> {
  const isRight = new Set(own.map(ruleText));
  const isOther = (rule: Rule) =>
    rule.priority === ENI_PRIORITY &&
    rule.from !== undefined &&
    own.some(({ from, tableId }) => from === rule.from || tableId === rule.tableId) &&
    !isRight.has(ruleText(rule));
  for (const rule of (await host.rules.list()).filter(isOther)) host.rules.delete(rule);
}

/** Removes what DHCP or an earlier owner put there; link-local addresses stay. */
async function setOnlyAddresses(
  host: Netlink,
  linkIndex: number,
  desired: readonly LinkAddress[],
): Promise<void> {
  const present = await host.addresses.list(linkIndex);
  const isSame = (a: LinkAddress, b: LinkAddress) =>
    a.address === b.address && a.prefixLength === b.prefixLength;
  for (const address of present) {
    if (address.scope !== 'global' || desired.some((wanted) => isSame(wanted, address))) continue;
    // Removing the link's last address makes the kernel drop its routes: they are made right after.
    ignoring('EADDRNOTAVAIL', () => host.addresses.delete(address, linkIndex));
  }
  for (const address of desired) {
    if (present.some((existing) => isSame(existing, address))) continue;
    ignoring('EEXIST', () => host.addresses.add(address, linkIndex));
  }
}

/**
 * Takes away what leads to an ENI's table. Routes go only with the ENI's own link, where it is still
 * there: the table may belong to the next ENI in this slot already.
 */
export async function tearDownEni(host: Netlink, eni: EniLink): Promise<void> {
  host.rules.deleteAll({ from: eni.primaryAddress });
  const link = await host.links.findByMac(eni.mac);
  if (link === undefined) return;
  for (const route of eniRoutes(eni).toReversed()) deleteRoute(host, route, link.index);
}

const deleteRoute = (host: Netlink, route: Route, linkIndex?: number) =>
  ignoring('ESRCH', () => host.routes.delete(route, linkIndex));

function ignoring(errno: string, action: () => void): void {
  try {
    action();
  } catch (error) {
    if (!isErrno(error, errno)) throw error;
  }
}
