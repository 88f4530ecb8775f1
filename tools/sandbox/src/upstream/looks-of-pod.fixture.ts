import type { Pod, SandboxNode } from '../node.ts';
import { mustRun } from '../run-command.ts';

const linesOf = (text: string) =>
  text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');

/** The kernel's own, which come when it has seen that nobody else has the address. */
const isLinkLocal = (line: string) => /^(local |anycast |multicast )?(fe80|ff00):/.test(line);

/**
 * What `ip` and sysctl show of a node's rules and routes, and of a pod on both sides. Link numbers, link-local and the
 * drawn MAC addresses are left out; that the pod knows its gateway by the MAC of the host link is not.
 */
export async function looksOfPod(
  node: SandboxNode,
  { netns, hostLinkName }: Pick<Pod, 'netns' | 'hostLinkName'>,
  ip: 'ip -4' | 'ip -6' = 'ip -4',
) {
  const inNode = (script: string) => mustRun(['sh', '-ec', script], { netns: node.netns });
  const inPod = (script: string) => mustRun(['sh', '-ec', script], { netns });
  const [, hostMac = ''] =
    / link\/ether (\S+)/.exec(await inNode(`ip -o link show ${hostLinkName}`)) ?? [];
  const withoutIdentity = (text: string) =>
    linesOf(
      text
        .replaceAll(hostMac, 'HOST-MAC')
        .replaceAll(/link\/ether (?!HOST)\S+/g, 'link/ether POD-MAC')
        .replaceAll(/^\d+: /gm, '')
        .replaceAll(/@if\d+/g, '@PEER')
        .replaceAll(/link-netns(id)? \S+/g, ''),
    );
  const routes = `${ip} route show table all`;
  const withoutLinkLocal = (text: string) => linesOf(text).filter((line) => !isLinkLocal(line));
  const ofLink = (
    name: string,
  ) => `ip -o link show ${name}; ${ip} -o address show ${name} scope global
    cd /proc/sys/net; grep -r . ipv4/conf/${name} ipv6/conf/${name} 2>/dev/null |
      grep -v -e stable_secret -e mc_forwarding | sort`;
  return {
    rules: linesOf(await inNode(`${ip} rule`)).sort(),
    routes: withoutLinkLocal(await inNode(routes)).sort(),
    hostLink: withoutIdentity(await inNode(ofLink(hostLinkName))),
    podLink: withoutIdentity(await inPod(ofLink('eth0'))),
    podRoutes: withoutLinkLocal(await inPod(`${ip} rule; ${routes}`)),
    neighbours: withoutIdentity(await inPod(`${ip} neigh show nud permanent`)).sort(),
  };
}
