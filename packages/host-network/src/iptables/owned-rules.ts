import type { SavedRule } from './parse-iptables-save.ts';

/** Which chains, and which rules in chains of others, somebody answers for: all that a plan may touch. */
export interface Ownership {
  isOurChain(name: string): boolean;
  isOurSharedRule(table: string, rule: SavedRule): boolean;
}

// Comments by which our rules in shared chains are known, also those of other settings and releases.
const sharedRuleComments: Readonly<Record<string, readonly string[]>> = {
  nat: ['AWS SNAT CHAIN', 'AWS, outbound connections', 'AWS, CONNMARK', 'AWS, pod egress'],
  mangle: ['AWS, primary ENI', 'AWS, secondary ENI'],
  filter: ['Block Node Local Pod access via IPv4', 'Block Node Local Pod access via IPv6'],
};

const OUR_CHAIN = /^AWS-(SNAT|CONNMARK)-CHAIN-\d+$/;

/** True for chains that are ours alone, whatever release or setting made them. */
export const isOurChain = (name: string): boolean => OUR_CHAIN.test(name);

/** True for a rule of ours in a chain that we share: the comment alone could be anybody's. */
export function isOurSharedRule(table: string, { chain, words }: SavedRule): boolean {
  if (words === undefined || isOurChain(chain)) return false;
  const at = words.indexOf('--comment');
  const about = at < 0 ? undefined : words[at + 1];
  if (about === undefined || !sharedRuleComments[table]?.includes(about)) return false;
  const target = jumpTarget(words);
  return target !== undefined && (ourTargets.has(target) || isOurChain(target));
}

const ourTargets: ReadonlySet<string> = new Set(['CONNMARK', 'REJECT', 'SNAT']);

/** The node's, whatever release or setting made them. */
export const nodeOwnership: Ownership = { isOurChain, isOurSharedRule };

/** One container's: its chain, and whatever leads there. */
export const chainOwnership = (chain: string): Ownership => ({
  isOurChain: (name) => name === chain,
  isOurSharedRule: (_, rule) =>
    rule.chain !== chain && rule.words !== undefined && jumpTarget(rule.words) === chain,
});

/** True for every rule of ours. */
export const isOurs = (table: string, rule: SavedRule): boolean =>
  isOurChain(rule.chain) || isOurSharedRule(table, rule);

/** The chain or verdict a rule ends in. */
export function jumpTarget(words: readonly string[]): string | undefined {
  const at = words.findIndex((word) => word === '-j' || word === '-g');
  return at < 0 ? undefined : words[at + 1];
}
