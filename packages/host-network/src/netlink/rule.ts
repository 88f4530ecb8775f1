import { type Ipv4Address, type Ipv4Cidr, ipv4Bytes, ipv4Text } from '../ipv4.ts';
import { AF_INET } from './family.ts';
import { MAIN_TABLE } from './route.ts';
import { FR_ACT_TO_TBL, type RuleMessage } from './rule-message.ts';

/** An IPv4 policy routing rule that looks up a table. */
export interface Rule {
  readonly priority: number;
  readonly from?: Ipv4Address | Ipv4Cidr;
  readonly to?: Ipv4Address | Ipv4Cidr;
  readonly inputLinkName?: string;
  /** The packet mark that must be present; compared under the mask of the same value. */
  readonly mark?: number;
  readonly tableId: number;
}

/** Which rules to delete: everything left out matches anything. */
export type RuleSelector = Partial<Rule>;

export function ruleMessage(rule: RuleSelector): RuleMessage {
  const source = rule.from === undefined ? undefined : prefixOf(rule.from);
  const destination = rule.to === undefined ? undefined : prefixOf(rule.to);
  return {
    family: AF_INET,
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
    ...(rule.mark === undefined ? {} : { mark: rule.mark, markMask: rule.mark }),
    otherAttributes: [],
  };
}

function prefixOf(text: Ipv4Address | Ipv4Cidr): { bytes: Uint8Array; length: number } {
  const [address = '', length = '32'] = text.split('/');
  return { bytes: ipv4Bytes(address as Ipv4Address), length: Number(length) }; // ipv4Bytes checks
}

/** Undefined for a rule that does not look up a table by what {@link Rule} can say. */
export function ruleFromMessage(message: RuleMessage): Rule | undefined {
  const { family, action, source, destination, inputLinkName, mark, markMask } = message;
  if (family !== AF_INET || action !== FR_ACT_TO_TBL) return undefined;
  if (mark !== undefined && mark !== markMask) return undefined;
  return {
    priority: message.priority ?? 0,
    ...(source === undefined ? {} : { from: prefixText(source, message.sourceLength) }),
    ...(destination === undefined
      ? {}
      : { to: prefixText(destination, message.destinationLength) }),
    ...(inputLinkName === undefined ? {} : { inputLinkName }),
    ...(mark === undefined ? {} : { mark }),
    tableId: message.tableId,
  };
}

const prefixText = (bytes: Uint8Array, length: number): Ipv4Address | Ipv4Cidr =>
  length === 32 ? ipv4Text(bytes) : `${ipv4Text(bytes)}/${length}`;

const tableNames: Readonly<Record<number, string>> = {
  253: 'default',
  [MAIN_TABLE]: 'main',
  255: 'local',
};

/** As `ip rule` prints it: `512: from all to 10.0.40.77 lookup main`. */
export function ruleText(rule: RuleSelector): string {
  const words = [`${rule.priority ?? 'any'}:`, 'from', rule.from ?? 'all'];
  if (rule.to !== undefined) words.push('to', rule.to);
  if (rule.mark !== undefined) {
    const mark = `0x${rule.mark.toString(16)}`;
    words.push('fwmark', `${mark}/${mark}`);
  }
  if (rule.inputLinkName !== undefined) words.push('iif', rule.inputLinkName);
  const table = rule.tableId ?? 0;
  words.push('lookup', table === 0 ? 'any' : (tableNames[table] ?? String(table)));
  return words.join(' ');
}
