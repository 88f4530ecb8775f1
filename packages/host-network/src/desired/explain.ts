import type {
  IptablesDescription,
  IptablesTableDescription,
} from '../iptables/describe-iptables.ts';
import { joinWords } from '../iptables/rule-words.ts';
import { addressText, type LinkAddress } from '../netlink/address.ts';
import type { Link } from '../netlink/link.ts';
import { type Neighbour, neighbourText } from '../netlink/neighbour.ts';
import { type Route, routeText } from '../netlink/route.ts';
import { type Rule, ruleText } from '../netlink/rule.ts';
import type { DesiredLink, DesiredNeighbour, SysctlValue } from './network-description.ts';
import type { ObservedSysctl } from './network-state.ts';

/** What must hold, or what does: a description or a state. */
export interface Explainable {
  readonly links?: readonly (DesiredLink | Link)[];
  readonly sysctls?: readonly (SysctlValue | ObservedSysctl)[];
  readonly addresses?: readonly LinkAddress[];
  readonly routes?: readonly Route[];
  readonly rules?: readonly Rule[];
  readonly neighbours?: readonly (DesiredNeighbour | Neighbour)[];
}

/** The same in the words of ip(8) and sysctl(8), one line each: for people, and for checks. */
export function explain(what: Explainable): readonly string[] {
  return [
    ...(what.links ?? []).map(linkWords),
    ...(what.sysctls ?? []).map(sysctlWords),
    ...(what.addresses ?? []).map(addressText),
    ...(what.routes ?? []).map(routeText),
    ...(what.rules ?? []).map(ruleText),
    ...(what.neighbours ?? []).map(neighbourWords),
  ];
}

export const linkWords = (link: DesiredLink | Link): string => {
  const kind = link.kind === undefined || link.kind === '' ? [] : ['type', link.kind];
  const id = 'vlan' in link && link.vlan !== undefined ? ['id', String(link.vlan.id)] : [];
  const up = link.isUp ? ['up'] : [];
  const mtu = link.mtuBytes === undefined ? [] : ['mtu', String(link.mtuBytes)];
  return ['link', link.name, ...up, ...mtu, ...kind, ...id].join(' ');
};

export const sysctlWords = ({ key, value }: SysctlValue | ObservedSysctl): string =>
  value === undefined ? `${key} is not there` : `${key} = ${value}`;

export const neighbourWords = (neighbour: DesiredNeighbour | Neighbour): string =>
  'mac' in neighbour
    ? neighbourText(neighbour)
    : `${neighbour.address} dev ${neighbour.linkName} lladdr of ${neighbour.macOfLink} PERMANENT`;

/** What iptables-save prints of our rules, tables with nothing of ours left out. */
export const explainIptables = ({ tables }: IptablesDescription): readonly string[] =>
  tables.flatMap(tableLines);

function tableLines({ table, chains, sharedRules }: IptablesTableDescription): readonly string[] {
  if (chains.length === 0 && sharedRules.length === 0) return [];
  const rules = [
    ...sharedRules,
    ...chains.flatMap(({ name, rules }) => rules.map((rule) => ({ chain: name, rule }))),
  ];
  return [
    `*${table}`,
    ...chains.map(({ name }) => `:${name} - [0:0]`),
    ...rules.map(({ chain, rule }) => `-A ${chain} ${joinWords(rule)}`),
    'COMMIT',
  ];
}
