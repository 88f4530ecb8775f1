import { ipFamily } from '../ip.ts';
import { describeIp6tables, describeIptables } from '../iptables/describe-iptables.ts';
import { describeConnmark } from '../iptables/nft-connmark.ts';
import type { PacketFilterDescription } from '../iptables/packet-filter.ts';
import { canonicalCidr } from '../ipv4.ts';
import { withoutFullLength } from '../netlink/ip-prefix.ts';
import { MAIN_TABLE } from '../netlink/route.ts';
import type { Rule } from '../netlink/rule.ts';
import type { HostFacts, PacketFilterFacts } from './host-facts.ts';
import { type NetworkDescription, nothing, type RuleClaim } from './network-description.ts';
import { clusterFamily, type HostSettings } from './settings.ts';
import { IPV6_ROUTER } from './subnet.ts';

/** The node's share of the wiring, without any pod or secondary ENI. */
export interface HostDescription extends NetworkDescription {
  readonly packetFilter: PacketFilterDescription;
}

const LOCAL_TABLE = 255;
const ICMPV6 = 58;

const MARK_PRIORITY = 1024;
const EXTERNAL_SERVICE_PRIORITY = 1535;
/** Where the kernel has the rule to the local table, and where `strict` moves it: behind pods' own at 10. */
const LOCAL_PRIORITY = 0;
const MOVED_LOCAL_PRIORITY = 20;

/**
 * What the host needs for the given settings. Pure.
 *
 * @throws {TypeError} when there is no destination to exempt although the node translates addresses.
 */
export function describeHost(settings: HostSettings, facts: HostFacts): HostDescription {
  return {
    ...describeHostNetwork(settings, facts),
    packetFilter: describePacketFilter(settings, facts),
  };
}

/** Its links, sysctls and rules. */
export function describeHostNetwork(
  settings: HostSettings,
  { primaryLinkName, isLocalRuleMoved }: Pick<HostFacts, 'primaryLinkName' | 'isLocalRuleMoved'>,
): NetworkDescription {
  requireExemptions(settings);
  requireOtherFamily(settings);
  const rules = [
    ...(needsMarkRule(settings) ? [markRule(settings)] : []),
    ...localRules(settings, isLocalRuleMoved),
    ...externalServiceRules(settings),
  ];
  return {
    ...nothing,
    links: [{ name: primaryLinkName, isUp: true, mtuBytes: settings.eniMtuBytes }],
    // Loose: replies to marked connections arrive here although the route back to the pod is elsewhere.
    sysctls: [{ key: `net/ipv4/conf/${primaryLinkName}/rp_filter`, value: '2', isOptional: false }],
    rules,
    claims: { ...nothing.claims, rules: hostRuleClaims(settings, isLocalRuleMoved) },
  };
}

/** Its tables of iptables, ip6tables and nftables. */
export function describePacketFilter(
  settings: HostSettings,
  facts: PacketFilterFacts,
): PacketFilterDescription {
  const isConnmarkByNft = facts.iptables.backend === 'nf_tables' && translates(settings);
  return {
    ipv4: describeIptables(settings, facts),
    ipv6: describeIp6tables(settings, facts),
    connmarkRuleset: isConnmarkByNft ? describeConnmark(settings) : undefined,
  };
}

/** Pods of an IPv6 cluster keep their addresses everywhere. */
const translates = (settings: HostSettings) =>
  clusterFamily(settings) === 'ipv4' && !settings.externalSnat;

function requireExemptions(settings: HostSettings): void {
  if (!translates(settings)) return;
  if (settings.vpcCidrs.length + settings.excludeSnatCidrs.length > 0) return;
  throw new TypeError('vpcCidrs is empty: every packet of every pod would be translated');
}

function requireOtherFamily({ egressAddress, primaryAddress }: HostSettings): void {
  if (egressAddress === undefined || ipFamily(egressAddress) !== ipFamily(primaryAddress)) return;
  throw new TypeError(
    `egressAddress ${egressAddress} is of the cluster's own family: egress is for the other one`,
  );
}

const needsMarkRule = ({ nodePortSupport, externalSnat }: HostSettings) =>
  nodePortSupport || !externalSnat;

const markRule = (settings: HostSettings): Rule => ({
  family: clusterFamily(settings),
  priority: MARK_PRIORITY,
  mark: settings.connmark,
  tableId: MAIN_TABLE,
});

/** Services outside the VPC that only the primary ENI can reach; IPv4 in every cluster. */
const externalServiceRules = ({ externalServiceCidrs = [] }: HostSettings): readonly Rule[] =>
  [...new Set(externalServiceCidrs.map(canonicalCidr))].map((cidr) => ({
    priority: EXTERNAL_SERVICE_PRIORITY,
    // The kernel has no destination that is everything.
    ...(cidr === '0.0.0.0/0' ? {} : { to: withoutFullLength(cidr) }),
    tableId: MAIN_TABLE,
  }));

/**
 * Strict pods must not be reached past their branch ENI: their rules come before the local table, which
 * therefore moves. A node that is not strict keeps the kernel's rule, wherever somebody else moved it.
 */
function localRules(settings: HostSettings, isMoved: boolean): readonly Rule[] {
  const family = clusterFamily(settings);
  if (settings.branchEnis !== 'strict') {
    return isMoved ? [{ family, priority: LOCAL_PRIORITY, tableId: LOCAL_TABLE }] : [];
  }
  const moved = { family, priority: MOVED_LOCAL_PRIORITY, tableId: LOCAL_TABLE };
  return family === 'ipv6' ? [moved, routerRule] : [moved];
}

/** Branch links must be able to find their router. */
const routerRule: Rule = {
  priority: LOCAL_PRIORITY,
  from: IPV6_ROUTER,
  ipProtocol: ICMPV6,
  tableId: LOCAL_TABLE,
};

function hostRuleClaims(settings: HostSettings, isMoved: boolean): readonly RuleClaim[] {
  const family = clusterFamily(settings);
  const mark = { priority: MARK_PRIORITY, tableId: MAIN_TABLE, having: 'mark' } as const;
  const external = { priority: EXTERNAL_SERVICE_PRIORITY, tableId: MAIN_TABLE };
  const isLocalOurs = isMoved || settings.branchEnis === 'strict';
  const local = [LOCAL_PRIORITY, MOVED_LOCAL_PRIORITY].map((priority) => ({
    family,
    priority,
    tableId: LOCAL_TABLE,
  }));
  return [{ ...mark, family }, external, ...(isLocalOurs ? local : [])];
}

/** True when a strict node, perhaps in an earlier life, moved the rule to the local table. */
export const isMovedLocalRule = ({ priority, tableId }: Rule): boolean =>
  priority === MOVED_LOCAL_PRIORITY && tableId === LOCAL_TABLE;
