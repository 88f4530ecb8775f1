import { describeIptables, type IptablesDescription } from '../iptables/describe-iptables.ts';
import { describeConnmark } from '../iptables/nft-connmark.ts';
import { MAIN_TABLE } from '../netlink/route.ts';
import type { Rule } from '../netlink/rule.ts';
import type { HostFacts } from './host-facts.ts';
import type { NetworkDescription } from './network-description.ts';
import type { HostSettings } from './settings.ts';

/** The node's share of the wiring, without any pod or secondary ENI. */
export interface HostDescription extends NetworkDescription {
  readonly iptables: IptablesDescription;
  /** An nftables ruleset for table `ip aws-cni`, or undefined when that table must not exist. */
  readonly connmarkRuleset: string | undefined;
}

/** Rule priority at which marked packets take the main table. */
export const MARK_RULE_PRIORITY = 1024;

/**
 * What the host needs for the given settings. Pure.
 *
 * @throws {TypeError} when there is no destination to exempt although the node translates addresses.
 */
export function describeHost(settings: HostSettings, facts: HostFacts): HostDescription {
  const { primaryLinkName } = facts;
  if (!settings.externalSnat && exemptCount(settings) === 0) {
    throw new TypeError('vpcCidrs is empty: every packet of every pod would be translated');
  }
  const isConnmarkByNft = facts.iptables.backend === 'nf_tables' && !settings.externalSnat;
  return {
    links: [{ name: primaryLinkName, isUp: true, mtuBytes: settings.eniMtuBytes }],
    // Loose: replies to marked connections arrive here although the route back to the pod is elsewhere.
    sysctls: [{ key: `net/ipv4/conf/${primaryLinkName}/rp_filter`, value: '2', isOptional: false }],
    addresses: [],
    routes: [],
    rules: needsMarkRule(settings) ? [markRule(settings.connmark)] : [],
    neighbours: [],
    iptables: describeIptables(settings, facts),
    connmarkRuleset: isConnmarkByNft ? describeConnmark(settings) : undefined,
  };
}

const exemptCount = ({ vpcCidrs, excludeSnatCidrs }: HostSettings) =>
  vpcCidrs.length + excludeSnatCidrs.length;

const needsMarkRule = ({ nodePortSupport, externalSnat }: HostSettings) =>
  nodePortSupport || !externalSnat;

const markRule = (mark: number): Rule => ({
  priority: MARK_RULE_PRIORITY,
  mark,
  tableId: MAIN_TABLE,
});
