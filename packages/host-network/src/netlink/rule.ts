import { type IpAddress, type IpCidr, type IpFamily, ipFamily } from '../ip.ts';
import { familyName, familyNumber } from './family.ts';
import { prefixBytes, shortPrefixText } from './ip-prefix.ts';
import { MAIN_TABLE } from './route.ts';
import { FR_ACT_TO_TBL, type RuleMessage } from './rule-message.ts';

/** A policy routing rule that looks up a table. */
export interface Rule {
  /** Default: the family of `from` or `to`; IPv4 when there is neither. */
  readonly family?: IpFamily;
  readonly priority: number;
  readonly from?: IpAddress | IpCidr;
  readonly to?: IpAddress | IpCidr;
  readonly inputLinkName?: string;
  /** The packet mark that must be present. */
  readonly mark?: number;
  /** The bits in which it is compared. Default: those of the mark. */
  readonly markMask?: number;
  /** Number of the transport protocol, for example 58 for ICMPv6. */
  readonly ipProtocol?: number;
  readonly tableId: number;
}

/** Which rules to delete: everything left out matches anything. */
export type RuleSelector = Partial<Rule>;

export function ruleMessage(rule: RuleSelector): RuleMessage {
  const source = rule.from === undefined ? undefined : prefixBytes(rule.from);
  const destination = rule.to === undefined ? undefined : prefixBytes(rule.to);
  return {
    family: familyNumber(ruleFamily(rule)),
    destinationLength: destination?.length ?? 0,
    sourceLength: source?.length ?? 0,
    tos: 0,
    tableId: rule.tableId ?? 0,
    action: FR_ACT_TO_TBL,
    flags: 0,
    ...(destination === undefined ? {} : { destination: destination.bytes }),
    ...(source === undefined ? {} : { source: source.bytes }),
    ...(rule.inputLinkName === undefined ? {} : { inputLinkName: rule.inputLinkName }),
    ...(rule.priority === undefined ? {} : { priority: rule.priority }),
    ...(rule.mark === undefined ? {} : { mark: rule.mark, markMask: rule.markMask ?? rule.mark }),
    ...(rule.ipProtocol === undefined ? {} : { ipProtocol: rule.ipProtocol }),
    otherAttributes: [],
  };
}

export function ruleFamily({ family, from, to }: RuleSelector): IpFamily {
  const address = from ?? to;
  return family ?? (address === undefined ? 'ipv4' : ipFamily(address));
}

/**
 * Undefined for a rule that does not look up a table by what {@link Rule} can say. The family is only
 * named where it does not show.
 */
export function ruleFromMessage(message: RuleMessage): Rule | undefined {
  const { action, source, destination, inputLinkName, mark, markMask, ipProtocol } = message;
  const family = familyName(message.family);
  if (family === undefined || action !== FR_ACT_TO_TBL) return undefined;
  const isFamilyHidden = source === undefined && destination === undefined;
  return {
    ...(isFamilyHidden && family === 'ipv6' ? { family } : {}),
    priority: message.priority ?? 0,
    ...(source === undefined ? {} : { from: shortPrefixText(source, message.sourceLength) }),
    ...(destination === undefined
      ? {}
      : { to: shortPrefixText(destination, message.destinationLength) }),
    ...(inputLinkName === undefined ? {} : { inputLinkName }),
    ...(mark === undefined ? {} : { mark }),
    ...(mark === undefined || markMask === undefined || markMask === mark ? {} : { markMask }),
    ...(ipProtocol === undefined ? {} : { ipProtocol }),
    tableId: message.tableId,
  };
}

const tableNames: Readonly<Record<number, string>> = {
  253: 'default',
  [MAIN_TABLE]: 'main',
  255: 'local',
};

// As /etc/protocols has them; `ip` prints others as numbers with this prefix.
const protocolNames: Readonly<Record<number, string>> = {
  1: 'icmp',
  6: 'tcp',
  17: 'udp',
  58: 'ipv6-icmp',
};

/** As `ip rule` prints it: `512: from all to 10.0.40.77 lookup main`. The family does not show. */
export function ruleText(rule: RuleSelector): string {
  const words = [`${rule.priority ?? 'any'}:`, 'from', rule.from ?? 'all'];
  if (rule.to !== undefined) words.push('to', rule.to);
  if (rule.mark !== undefined) {
    const mask = rule.markMask ?? rule.mark;
    words.push('fwmark', `0x${rule.mark.toString(16)}/0x${mask.toString(16)}`);
  }
  if (rule.inputLinkName !== undefined) words.push('iif', rule.inputLinkName);
  if (rule.ipProtocol !== undefined) {
    words.push('ipproto', protocolNames[rule.ipProtocol] ?? `ipproto-${rule.ipProtocol}`);
  }
  const table = rule.tableId ?? 0;
  words.push('lookup', table === 0 ? 'any' : (tableNames[table] ?? String(table)));
  return words.join(' ');
}
