import {
  describeHostNetwork,
  describePacketFilter,
  isMovedLocalRule,
} from '../desired/describe-host.ts';
import type { SecondaryLink } from '../desired/host-facts.ts';
import { changeText } from '../desired/network-change.ts';
import { clusterFamily, type HostSettings } from '../desired/settings.ts';
import type { PacketFilter } from '../iptables/packet-filter.ts';
import type { Netlink } from '../netlink/netlink.ts';
import { type AwaitLinkOptions, awaitLink } from './await-link.ts';
import { converge } from './converge.ts';

/**
 * Brings the host to what the settings ask for, from whatever other settings, or anybody else, left.
 *
 * @returns what it changed, line by line; nothing when all was well.
 */
export async function setUpHost(
  host: Netlink,
  settings: HostSettings,
  packetFilter: PacketFilter,
  secondaryLinks: readonly SecondaryLink[],
  wait: AwaitLinkOptions,
): Promise<readonly string[]> {
  const { name: primaryLinkName } = await awaitLink(host.links, settings.primaryMac, wait);
  const rules = await host.rules.list(clusterFamily(settings));
  const isLocalRuleMoved = rules.some(isMovedLocalRule);
  const network = describeHostNetwork(settings, { primaryLinkName, isLocalRuleMoved });
  const changes = await converge({ netlink: host }, network);
  const lines = await packetFilter.apply((iptables) =>
    describePacketFilter(settings, { primaryLinkName, iptables, secondaryLinks }),
  );
  return [...changes.map(changeText), ...lines];
}
