import { readFileSync, writeFileSync } from 'node:fs';
import { FabricError } from './fabric-error.ts';
import type { Sysctl } from './ip-batch.ts';

/**
 * Sysctls of the fabric itself. New links inherit `default`, so a port is strict from its first packet on.
 *
 * The kernel takes the larger of `all` and a link's own `rp_filter`, so an inherited `all=2` (loose, as many
 * distributions set it) would switch the source check off.
 */
export const FABRIC_SYSCTLS: readonly Sysctl[] = [
  ['net/ipv4/ip_forward', '1'],
  ['net/ipv4/conf/all/rp_filter', '0'],
  ['net/ipv4/conf/default/rp_filter', '1'],
  ['net/ipv4/conf/all/arp_ignore', '0'],
  ['net/ipv4/conf/default/arp_ignore', '0'],
  ['net/ipv4/conf/default/proxy_arp', '1'],
  ['net/ipv4/conf/all/send_redirects', '0'],
  ['net/ipv4/conf/default/send_redirects', '0'],
  ['net/ipv6/conf/all/forwarding', '1'],
];

/**
 * Sysctls of a node. IPv4 settings of a new namespace are copied from the machine's first one; these are written
 * so that a node is the same on every machine: the kernel's defaults, and forwarding, which the kubelet needs.
 */
export const NODE_SYSCTLS: readonly Sysctl[] = [
  ['net/ipv4/ip_forward', '1'],
  ...['all', 'default'].flatMap((scope): Sysctl[] => [
    [`net/ipv4/conf/${scope}/rp_filter`, '0'],
    [`net/ipv4/conf/${scope}/arp_ignore`, '0'],
    [`net/ipv4/conf/${scope}/arp_announce`, '0'],
  ]),
];

/** Sysctls of the internet gateway, through which a packet may leave on the link it came by. */
export const GATEWAY_SYSCTLS: readonly Sysctl[] = [
  ...NODE_SYSCTLS,
  ['net/ipv4/conf/all/send_redirects', '0'],
  ['net/ipv4/conf/default/send_redirects', '0'],
];

/** A proxied ARP answer is otherwise delayed by up to 0.8 s. Not inherited by new links, unlike the rest. */
export const portSysctls = (portName: string): readonly Sysctl[] => [
  [`net/ipv4/neigh/${portName}/proxy_delay`, '0'],
];

/**
 * Writes one sysctl of the calling thread's namespace (hence synchronous: the thread pool may be in another).
 *
 * @returns The value before.
 * @throws {FabricError} `kernel-refused`
 */
export function writeSysctl([path, value]: Sysctl): string {
  const file = `/proc/sys/${path}`;
  try {
    const before = readFileSync(file, 'utf8').trim();
    if (before !== value) writeFileSync(file, value);
    return before;
  } catch (cause) {
    const answer = cause instanceof Error ? cause.message : String(cause);
    throw new FabricError('kernel-refused', `writing ${value} to ${file}: ${answer}`, {
      facts: { command: `sysctl ${path}=${value}`, answer },
      cause,
    });
  }
}
