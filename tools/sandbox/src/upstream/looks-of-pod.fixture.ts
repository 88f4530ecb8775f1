import type { Pod, SandboxNode } from '../node.ts';
import { mustRun } from '../run-command.ts';

const linesOf = (text: string) =>
  text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');

/**
 * What `ip` and sysctl show of a node's IPv4 rules and routes, and of a pod on both sides. Link numbers and the drawn MAC
 * addresses are left out; that the pod knows its gateway by the MAC of the host link is not.
 */
export async function looksOfPod(node: SandboxNode, { netns, hostLinkName }: Pod) {
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
  const ofLink = (name: string) => `ip -o link show ${name}; ip -o -4 address show ${name}
    cd /proc/sys/net; grep -r . ipv4/conf/${name} ipv6/conf/${name} 2>/dev/null |
      grep -v -e stable_secret -e mc_forwarding | sort`;
  return {
    rules: linesOf(await inNode('ip rule')).sort(),
    routes: linesOf(await inNode('ip -4 route show table all')).sort(),
    hostLink: withoutIdentity(await inNode(ofLink(hostLinkName))),
    podLink: withoutIdentity(await inPod(ofLink('eth0'))),
    podRoutes: linesOf(await inPod('ip rule; ip -4 route show table all')),
    neighbours: withoutIdentity(await inPod('ip neigh show nud permanent')),
  };
}
