import type { HostSettings } from '../desired/settings.ts';
import { canonicalCidr } from '../ipv4.ts';

/** Family and name of our nftables table. */
export const NFT_TABLE = 'ip aws-cni';

/**
 * The connection-mark table for `nft -f`, in one transaction: created if absent, emptied, filled.
 *
 * Its base chain comes after destination NAT (priority −100), so that what a Service chose counts.
 */
export function describeConnmark(settings: HostSettings): string {
  return [`add table ${NFT_TABLE}`, `delete table ${NFT_TABLE}`, connmarkTable(settings), ''].join(
    '\n',
  );
}

/** Removes the table, whether it is there or not. */
export const connmarkRemoval = `add table ${NFT_TABLE}\ndelete table ${NFT_TABLE}\n`;

function connmarkTable(settings: HostSettings): string {
  const mark = `0x${settings.connmark.toString(16).padStart(8, '0')}`;
  const { vethPrefix } = settings;
  const fromPods = vethPrefix === '' ? '' : `iifname "${vethPrefix}*" `;
  const exempt = new Set([...settings.vpcCidrs, ...settings.excludeSnatCidrs].map(canonicalCidr));
  return [
    `table ${NFT_TABLE} {`,
    '\tchain nat-prerouting {',
    '\t\ttype nat hook prerouting priority -90; policy accept;',
    '\t\tfib daddr type local return',
    `\t\t${fromPods}counter jump snat-mark`,
    `\t\tcounter meta mark set ct mark & ${mark}`,
    '\t}',
    '',
    '\tchain snat-mark {',
    ...[...exempt].map((cidr) => `\t\tcounter ${toDestination(cidr)}return`),
    `\t\tcounter ct mark set ct mark | ${mark}`,
    '\t}',
    '}',
  ].join('\n');
}

const toDestination = (cidr: string) => (cidr === '0.0.0.0/0' ? '' : `ip daddr ${cidr} `);

/** True when `nft list table` shows what `ruleset` asks for. A new spelling of nft only costs a rewrite. */
export const isConnmarkInPlace = (ruleset: string, listed: string): boolean =>
  chainsOf(ruleset) === chainsOf(listed);

/** The lines of each chain, chains sorted, without what changes by itself or differs between releases of nft. */
function chainsOf(text: string): string {
  const chains = [...text.matchAll(/chain (\S+) \{([^}]*)\}/g)].map(([, name = '', body = '']) => {
    const lines = body.split('\n').map(canonicalLine).filter(Boolean);
    return [name, ...lines].join('\n');
  });
  return chains.sort().join('\n\n');
}

const canonicalLine = (line: string) =>
  line
    .trim()
    .replace(/counter packets \d+ bytes \d+/, 'counter')
    .replace('priority dstnat + 10', 'priority -90')
    .replace(' and 0x', ' & 0x')
    .replace(' or 0x', ' | 0x')
    // A single address is listed without its length.
    .replace(/(ip daddr \d+(?:\.\d+){3})\/32 /, '$1 ');
