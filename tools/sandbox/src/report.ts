import type { CheckResult } from './checks/check.ts';
import type { SandboxNode } from './node.ts';
import type { VpcInABox } from './vpc-in-a-box.ts';

/** One row of the final table: an ENI and what its addresses are doing. */
export interface EniRow {
  readonly node: string;
  readonly eniId: string;
  readonly device: number;
  readonly primaryAddress: string;
  readonly addresses: readonly { readonly address: string; readonly state: string }[];
}

export const checkLine = ({ ok, name, detail }: CheckResult) =>
  `${ok ? '  ok  ' : ' FAIL '} ${name.padEnd(50)} ${detail}`;

interface PoolView {
  readonly enis: readonly {
    readonly eniId: string;
    readonly deviceNumber: number;
    readonly primaryAddress: string;
    readonly addresses: readonly { readonly address: string; readonly state: string }[];
  }[];
}

/** What every node's daemon says of its ENIs. */
export async function eniRows(box: VpcInABox): Promise<readonly EniRow[]> {
  const rows = await Promise.all(box.nodes.map(rowsOf));
  return rows.flat();
}

async function rowsOf(node: SandboxNode): Promise<readonly EniRow[]> {
  const { enis } = (await node.introspect('/v1/pool')) as PoolView;
  return enis
    .map(({ eniId, deviceNumber, primaryAddress, addresses }) => ({
      node: node.name,
      eniId,
      device: deviceNumber,
      primaryAddress,
      addresses,
    }))
    .sort((a, b) => a.device - b.device);
}

/** The table in fixed columns. */
export function formatTable(rows: readonly EniRow[]): string {
  const header = `${'NODE'.padEnd(14)}${'ENI'.padEnd(24)}${'DEV'.padEnd(5)}${'PRIMARY'.padEnd(15)}ADDRESSES`;
  const lines = rows.map(
    ({ node, eniId, device, primaryAddress, addresses }) =>
      node.padEnd(14) +
      eniId.padEnd(24) +
      String(device).padEnd(5) +
      primaryAddress.padEnd(15) +
      addresses.map(({ address, state }) => `${address} ${state}`).join(', '),
  );
  return [header, ...lines].join('\n');
}

/**
 * How to look around in a sandbox that stays up.
 *
 * @param entry a process outside whose namespaces are the sandbox's, and whether it has a user namespace.
 */
export function howToEnter(
  box: VpcInABox,
  entry: { readonly pid: number; readonly isUnprivileged: boolean },
): string {
  const user = entry.isUnprivileged ? ' --user --preserve-credentials' : '';
  const enter = `nsenter --target ${entry.pid}${user} --mount --net`;
  const nodes = box.nodes.map(
    ({ name, netns }) => `  ${name.padEnd(14)}${enter} nsenter --net=${netns} bash`,
  );
  return [
    'The sandbox stays up until Ctrl-C. From another terminal:',
    `  ${'the fabric'.padEnd(14)}${enter} bash`,
    ...nodes,
    `  ${'ask a daemon'.padEnd(14)}${enter} curl --unix-socket ${box.nodes[0]?.runDirectory}/introspection.sock http://ipamd/v1/pool`,
    'In a node: ip rule; ip route show table 2; iptables-save; nft list ruleset.',
    'Pods are namespaces too: in the fabric, ip netns list, then ip netns exec POD ping ADDRESS.',
  ].join('\n');
}
