import type {
  IptablesDescription,
  IptablesRule,
  IptablesTableDescription,
} from './describe-iptables.ts';
import { jumpTarget, nodeOwnership, type Ownership } from './owned-rules.ts';
import type { SavedRule, SavedTable, SavedTables } from './parse-iptables-save.ts';
import { joinWords } from './rule-words.ts';

const noTable: SavedTable = { chains: new Set(), rules: [] };

/**
 * The input for one `iptables-restore --noflush` that turns what is there into what is described,
 * or undefined when nothing has to change. Rules and chains that are not ours are not mentioned.
 *
 * @param ownership what is ours. Default: what the node's descriptions are about.
 */
export function planIptables(
  description: IptablesDescription,
  saved: SavedTables,
  ownership: Ownership = nodeOwnership,
): string | undefined {
  const sections = description.tables.flatMap((desired) => {
    const lines = planTable(desired, saved.get(desired.table) ?? noTable, ownership);
    return lines.length === 0 ? [] : [`*${desired.table}`, ...lines, 'COMMIT'];
  });
  return sections.length === 0 ? undefined : `${sections.join('\n')}\n`;
}

function planTable(
  desired: IptablesTableDescription,
  saved: SavedTable,
  ownership: Ownership,
): readonly string[] {
  const declared: string[] = [];
  const filled: string[] = [];
  for (const { name, rules } of desired.chains) {
    const present = saved.rules.filter((rule) => rule.chain === name);
    if (saved.chains.has(name) && sameRules(rules, present.map(wordsOf))) continue;
    // Declaring a chain empties it: the batch replaces its content at one stroke.
    declared.push(`:${name} - [0:0]`);
    filled.push(...rules.map((rule) => append(name, rule)));
  }
  return [
    ...declared,
    ...filled,
    ...planSharedRules(desired, saved, ownership),
    ...planRemovals(desired, saved, ownership),
  ];
}

/**
 * Keeps our rules as far as they are in order, and makes the rest anew: at the end of their chain, in the
 * filter table at its head, where nothing has accepted the packet yet.
 */
function planSharedRules(
  desired: IptablesTableDescription,
  saved: SavedTable,
  { isOurSharedRule }: Ownership,
): readonly string[] {
  const ours = saved.rules.filter((rule) => isOurSharedRule(desired.table, rule));
  const chains = new Set([...ours, ...desired.sharedRules].map(({ chain }) => chain));
  const make = desired.table === 'filter' ? insert : append;
  return [...chains].flatMap((chain) => {
    const wanted = desired.sharedRules.filter((rule) => rule.chain === chain).map((r) => r.rule);
    const present = ours.filter((rule) => rule.chain === chain).map(wordsOf);
    const kept = countEqualHead(wanted, present);
    return [
      ...present.slice(kept).map((rule) => `-D ${chain} ${joinWords(rule)}`),
      ...wanted.slice(kept).map((rule) => make(chain, rule)),
    ];
  });
}

/** Chains of ours that have no place any more: of the other back-end, or of releases with numbered chains. */
function planRemovals(
  desired: IptablesTableDescription,
  saved: SavedTable,
  ownership: Ownership,
): readonly string[] {
  const wanted = new Set(desired.chains.map(({ name }) => name));
  const stale = [...saved.chains].filter((name) => ownership.isOurChain(name) && !wanted.has(name));
  // A foreign rule that jumps there would make the kernel refuse the whole batch.
  const removable = stale.filter(
    (name) => !saved.rules.some((rule) => holdsOn(rule, name, desired, ownership)),
  );
  return [...stale.map((name) => `-F ${name}`), ...removable.map((name) => `-X ${name}`)];
}

const holdsOn = (
  rule: SavedRule,
  chain: string,
  { table }: IptablesTableDescription,
  ownership: Ownership,
) =>
  !ownership.isOurChain(rule.chain) &&
  !ownership.isOurSharedRule(table, rule) &&
  (rule.words === undefined || jumpTarget(rule.words) === chain);

function countEqualHead(a: readonly IptablesRule[], b: readonly IptablesRule[]): number {
  let count = 0;
  while (count < a.length && count < b.length && sameWords(a[count], b[count])) count += 1;
  return count;
}

const sameRules = (a: readonly IptablesRule[], b: readonly IptablesRule[]) =>
  a.length === b.length && countEqualHead(a, b) === a.length;

const sameWords = (a: IptablesRule = [], b: IptablesRule = []) =>
  a.length === b.length && a.every((word, index) => word === b[index]);

const wordsOf = (rule: SavedRule): IptablesRule => rule.words ?? [];

const insert = (chain: string, rule: IptablesRule) => `-I ${chain} ${joinWords(rule)}`;

const append = (chain: string, rule: IptablesRule) => `-A ${chain} ${joinWords(rule)}`;
