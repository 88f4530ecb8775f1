import { EGRESS_IPV4_CIDR, EGRESS_IPV6_CIDR } from '../desired/egress-cidrs.ts';
import { eniMark } from '../desired/eni-mark.ts';
import type { IptablesFacts, PacketFilterFacts } from '../desired/host-facts.ts';
import { clusterFamily, type HostSettings } from '../desired/settings.ts';
import { ipFamily } from '../ip.ts';
import { canonicalCidr } from '../ipv4.ts';

/** Rules in the spelling iptables-save prints them, so that "is it there" is a comparison. */
export interface IptablesDescription {
  readonly tables: readonly IptablesTableDescription[];
}

export interface IptablesTableDescription {
  readonly table: 'filter' | 'nat' | 'mangle';
  /** Chains that are ours alone, with their whole content. */
  readonly chains: readonly { readonly name: string; readonly rules: readonly IptablesRule[] }[];
  /** Our rules in chains that we share, in order. */
  readonly sharedRules: readonly { readonly chain: string; readonly rule: IptablesRule }[];
}

/** Words after `-A <chain>`. */
export type IptablesRule = readonly string[];

export const SNAT_CHAIN = 'AWS-SNAT-CHAIN-0';
export const CONNMARK_CHAIN = 'AWS-CONNMARK-CHAIN-0';

/** Destinations of groups, which keep the sender's address. */
export const MULTICAST = { ipv4: '224.0.0.0/4', ipv6: 'ff00::/8' } as const;

/** What must be in the tables of IPv4. The order of rules is part of it. */
export function describeIptables(
  settings: HostSettings,
  facts: PacketFilterFacts,
): IptablesDescription {
  const isIpv6Cluster = clusterFamily(settings) === 'ipv6';
  const filter = describeFilter(isIpv6Cluster ? [blockEgressIpv4] : []);
  // Pods of an IPv6 cluster keep their addresses everywhere: there is nothing to translate or to mark.
  if (isIpv6Cluster) {
    return { tables: [describeEgressNat(settings, facts), nothingIn('mangle'), filter] };
  }
  return { tables: [describeNat(settings, facts), describeMangle(settings, facts), filter] };
}

/** What must be in the tables of IPv6. */
export function describeIp6tables(
  settings: HostSettings,
  facts: PacketFilterFacts,
): IptablesDescription {
  const { egressAddress, hasEgressPlugin = false } = settings;
  const isIpv4Cluster = clusterFamily(settings) === 'ipv4';
  const nat = isIpv4Cluster ? describeEgressNat(settings, facts) : nothingIn('nat');
  const hasEgress = isIpv4Cluster && (egressAddress !== undefined || hasEgressPlugin);
  const filter = describeFilter(hasEgress ? [blockEgressIpv6] : []);
  return { tables: [nat, nothingIn('mangle'), filter] };
}

/** Pods' egress addresses become the node's, but for groups. One rule for all: a new pod changes nothing here. */
function describeEgressNat(
  { egressAddress, randomizeSnat }: HostSettings,
  facts: PacketFilterFacts,
): IptablesTableDescription {
  if (egressAddress === undefined) return nothingIn('nat');
  const family = ipFamily(egressAddress);
  const source = family === 'ipv4' ? EGRESS_IPV4_CIDR : EGRESS_IPV6_CIDR;
  const rule = [
    ...['-s', source, '!', '-d', MULTICAST[family], ...comment('AWS, pod egress')],
    ...['-j', 'SNAT', '--to-source', egressAddress, ...randomWords(randomizeSnat, facts.iptables)],
  ];
  return { ...nothingIn('nat'), sharedRules: [{ chain: 'POSTROUTING', rule }] };
}

export const nothingIn = (table: IptablesTableDescription['table']): IptablesTableDescription => ({
  table,
  chains: [],
  sharedRules: [],
});

/** Nothing of ours: what the tables of a back-end that is not in use must look like. */
export const nothingOfOurs: IptablesDescription = {
  tables: [nothingIn('nat'), nothingIn('mangle'), nothingIn('filter')],
};

// Addresses for leaving the node in the other family are the same on every node: they lead nowhere.
const block = (destination: string, family: 'IPv4' | 'IPv6', reject: string): IptablesRule => [
  ...['-d', destination, '-m', 'conntrack', '--ctstate', 'NEW'],
  ...comment(`Block Node Local Pod access via ${family}`),
  ...['-j', 'REJECT', '--reject-with', reject],
];

function describeFilter(rules: readonly IptablesRule[]): IptablesTableDescription {
  const sharedRules = rules.map((rule) => ({ chain: 'FORWARD', rule }));
  return { ...nothingIn('filter'), sharedRules };
}

function describeNat(settings: HostSettings, facts: PacketFilterFacts): IptablesTableDescription {
  if (settings.externalSnat) {
    // The chain stays, empty, as other programs know it.
    return { table: 'nat', chains: [{ name: SNAT_CHAIN, rules: [] }], sharedRules: [] };
  }
  const snatChain = { name: SNAT_CHAIN, rules: snatRules(settings, facts) };
  const toSnatChain = {
    chain: 'POSTROUTING',
    rule: [...comment('AWS SNAT CHAIN'), '-j', SNAT_CHAIN],
  };
  if (facts.iptables.backend === 'nf_tables') {
    return { table: 'nat', chains: [snatChain], sharedRules: [toSnatChain] };
  }
  return {
    table: 'nat',
    chains: [{ name: CONNMARK_CHAIN, rules: connmarkRules(settings) }, snatChain],
    sharedRules: [...connmarkEntryRules(settings), toSnatChain],
  };
}

/** How source ports are chosen, as far as this iptables can. */
export const randomWords = (
  mode: HostSettings['randomizeSnat'],
  iptables: IptablesFacts,
): readonly string[] =>
  ({
    none: [],
    hashrandom: ['--random'],
    prng: [iptables.hasRandomFully ? '--random-fully' : '--random'],
  })[mode];

function snatRules(settings: HostSettings, facts: PacketFilterFacts): readonly IptablesRule[] {
  return [
    ...returns(settings.excludeSnatCidrs, 'AWS SNAT CHAIN EXCLUSION'),
    ...returns(settings.vpcCidrs, 'AWS SNAT CHAIN'),
    [
      ...[
        '!',
        '-o',
        'vlan+',
        ...comment('AWS, SNAT'),
        '-m',
        'addrtype',
        '!',
        '--dst-type',
        'LOCAL',
      ],
      ...[
        ...['-j', 'SNAT', '--to-source', settings.primaryAddress],
        ...randomWords(settings.randomizeSnat, facts.iptables),
      ],
    ],
  ];
}

function connmarkRules(settings: HostSettings): readonly IptablesRule[] {
  const mark = hex(settings.connmark);
  return [
    ...returns([...settings.vpcCidrs, ...settings.excludeSnatCidrs], 'AWS CONNMARK CHAIN'),
    [...comment('AWS, CONNMARK'), '-j', 'CONNMARK', '--set-xmark', `${mark}/${mark}`],
  ];
}

function connmarkEntryRules(settings: HostSettings) {
  const chain = 'PREROUTING';
  return [
    {
      chain,
      rule: [
        ...fromLinks(settings.vethPrefix),
        ...comment('AWS, outbound connections'),
        '-j',
        CONNMARK_CHAIN,
      ],
    },
    { chain, rule: [...comment('AWS, CONNMARK'), ...restoreMark(settings)] },
  ];
}

function describeMangle(
  settings: HostSettings,
  facts: PacketFilterFacts,
): IptablesTableDescription {
  const { nodePortSupport, externalSnat, vethPrefix } = settings;
  const mark = hex(settings.connmark);
  const about = comment('AWS, primary ENI');
  const setMark = [
    ...['-i', facts.primaryLinkName, ...about, '-m', 'addrtype', '--dst-type', 'LOCAL'],
    ...['--limit-iface-in', '-j', 'CONNMARK', '--set-xmark', `${mark}/${mark}`],
  ];
  const rules = [
    ...(nodePortSupport ? [setMark] : []),
    ...(nodePortSupport || !externalSnat
      ? [[...fromLinks(vethPrefix), ...about, ...restoreMark(settings)]]
      : []),
    ...(nodePortSupport ? [[...fromLinks('vlan'), ...about, ...restoreMark(settings)]] : []),
    ...secondaryEniRules(settings, facts),
  ];
  return {
    table: 'mangle',
    chains: [],
    sharedRules: rules.map((rule) => ({ chain: 'PREROUTING', rule })),
  };
}

/** Connections that come in by another ENI are marked with it, and their replies, wherever they come from. */
function secondaryEniRules(
  { nodePortSupport, eniMarkMask }: HostSettings,
  { secondaryLinks = [] }: PacketFilterFacts,
): readonly IptablesRule[] {
  if (!nodePortSupport || eniMarkMask === undefined || secondaryLinks.length === 0) return [];
  const mask = hex(eniMarkMask);
  const about = comment('AWS, secondary ENI');
  const setMarks = secondaryLinks.map(({ name, routeTableId }) => [
    ...['-i', name, ...about, '-m', 'addrtype', '--dst-type', 'LOCAL', '--limit-iface-in'],
    ...['-j', 'CONNMARK', '--set-xmark', `${hex(eniMark(routeTableId, eniMarkMask))}/${mask}`],
  ]);
  const restore = [
    ...[...about, '-m', 'conntrack', '--ctdir', 'REPLY'],
    ...['-m', 'connmark', '!', '--mark', `0x0/${mask}`],
    ...['-j', 'CONNMARK', '--restore-mark', '--nfmask', mask, '--ctmask', mask],
  ];
  return [...setMarks, restore];
}

/** The last destination comes first: upstream inserts them one by one at the head. */
function returns(cidrs: readonly string[], about: string): readonly IptablesRule[] {
  const canonical = [...new Set(cidrs.map(canonicalCidr))];
  return canonical.toReversed().map((cidr) => [
    // iptables drops a destination that matches everything.
    ...(cidr === '0.0.0.0/0' ? [] : ['-d', cidr]),
    ...comment(about),
    '-j',
    'RETURN',
  ]);
}

export const comment = (text: string): readonly string[] => ['-m', 'comment', '--comment', text];

const fromLinks = (prefix: string) => (prefix === '' ? [] : ['-i', `${prefix}+`]);

const restoreMark = ({ connmark }: HostSettings) => {
  const mark = hex(connmark);
  return ['-j', 'CONNMARK', '--restore-mark', '--nfmask', mark, '--ctmask', mark];
};

const hex = (mark: number) => `0x${mark.toString(16)}`;

const blockEgressIpv4 = block(EGRESS_IPV4_CIDR, 'IPv4', 'icmp-port-unreachable');
const blockEgressIpv6 = block(EGRESS_IPV6_CIDR, 'IPv6', 'icmp6-port-unreachable');
