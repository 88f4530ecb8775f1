import { splitWords } from './rule-words.ts';

/** A rule as iptables-save prints it, without `-A <chain>`. */
export interface SavedRule {
  readonly chain: string;
  /** Undefined when the line cannot be split; then it is nobody's we know. */
  readonly words: readonly string[] | undefined;
}

/** One table of iptables-save. */
export interface SavedTable {
  /** Names of all chains, built-in ones included. */
  readonly chains: ReadonlySet<string>;
  /** In the order they are consulted, chain by chain. */
  readonly rules: readonly SavedRule[];
}

export type SavedTables = ReadonlyMap<string, SavedTable>;

/** Reads the output of iptables-save; lines that are neither table, chain nor rule are passed over. */
export function parseIptablesSave(text: string): SavedTables {
  const tables = new Map<string, { chains: Set<string>; rules: SavedRule[] }>();
  let current: { chains: Set<string>; rules: SavedRule[] } | undefined;
  for (const line of text.split('\n')) {
    if (line.startsWith('*')) {
      current = { chains: new Set(), rules: [] };
      tables.set(line.slice(1).trim(), current);
    } else if (line.startsWith(':')) {
      current?.chains.add(line.slice(1).split(' ', 1)[0] ?? '');
    } else if (line.startsWith('-A ')) {
      const [, chain = '', specification = ''] = /^-A (\S+) ?(.*)$/.exec(line) ?? [];
      current?.rules.push({ chain, words: splitWords(specification) });
    }
  }
  return tables;
}
