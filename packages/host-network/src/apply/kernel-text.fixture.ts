import { describeEni } from '../desired/describe-eni.ts';
import { describeHost } from '../desired/describe-host.ts';
import { describePod } from '../desired/describe-pod.ts';
import { explain, explainIptables } from '../desired/explain.ts';
import type { HostFacts } from '../desired/host-facts.ts';
import type { NetworkDescription } from '../desired/network-description.ts';
import type { IpFamily } from '../ip.ts';
import { MAIN_TABLE } from '../netlink/route.ts';
import { ruleFamily } from '../netlink/rule.ts';
import { type TestHost, tidyLines } from '../netns-test-host.ts';
import type { DesiredNode } from './repair.ts';

/** All of a host that wiring could leave something in, as iproute2 and iptables print it, sorted. */
export type KernelText = Readonly<Record<Part, readonly string[]>>;

type Part = keyof typeof commands;

const commands = {
  rules: 'ip -4 rule',
  rules6: 'ip -6 rule',
  routes: 'ip -4 route show table all; ip -6 route show table all',
  addresses: 'ip -4 -o addr',
  links: 'ip -o link',
  iptables: 'iptables-nft-save',
  ip6tables: 'ip6tables-nft-save',
  nft: 'nft list table ip aws-cni 2>/dev/null || true',
};
const parts = Object.keys(commands) as readonly Part[];

export function readKernel(host: TestHost): KernelText {
  const outputs = host
    .sh(parts.map((part) => `${commands[part]}; echo =====`).join('\n'))
    .split('=====');
  return sorted(mapParts((part, at) => tidyLines(outputs[at] ?? '').flatMap(essence[part])));
}

/** What must be there on a host that held `before` when nothing of it was wired. */
export function expectedKernel(
  before: KernelText,
  node: DesiredNode,
  facts: HostFacts,
): KernelText {
  const { packetFilter, ...ofHost } = describeHost(node.settings, facts);
  const descriptions: readonly NetworkDescription[] = [
    ofHost,
    ...node.enis.map((eni) => describeEni(eni, node.settings, `eth${eni.routeTableId - 1}`)),
    ...node.pods.map((pod) => describePod(pod).host),
  ];
  const rules = descriptions.flatMap((description) => description.rules);
  const rulesOf = (family: IpFamily) =>
    explain({ rules: rules.filter((rule) => ruleFamily(rule) === family) });
  const routes = descriptions.flatMap((description) => description.routes);
  const addresses = descriptions.flatMap((description) => description.addresses);
  const links = new Map(
    descriptions
      .flatMap((description) => description.links)
      .map(({ name, mtuBytes }) => [name, `${name} up mtu ${mtuBytes}`]),
  );
  const nameOf = (line: string) => line.split(' ', 1)[0] ?? '';
  const otherLinks = before.links.filter((line) => !links.has(nameOf(line)));
  return sorted({
    rules: [...before.rules, ...rulesOf('ipv4')],
    rules6: [...before.rules6, ...rulesOf('ipv6')],
    routes: [...before.routes, ...explain({ routes })],
    addresses: [...before.addresses, ...explain({ addresses }).filter(isIpv4)],
    links: [...otherLinks, ...links.values()],
    iptables: explainIptables(packetFilter.ipv4).flatMap(essence.iptables),
    ip6tables: explainIptables(packetFilter.ipv6).flatMap(essence.ip6tables),
    nft: tidyLines(packetFilter.connmarkRuleset ?? '').flatMap(essence.nft),
  });
}

const isIpv4 = (address: string) => address.startsWith('inet ');

const sorted = (text: KernelText): KernelText => mapParts((part) => text[part].toSorted());

const mapParts = (linesOf: (part: Part, at: number) => readonly string[]) =>
  Object.fromEntries(parts.map((part, at) => [part, linesOf(part, at)])) as unknown as KernelText;

/** One line as descriptions have it; none for what the kernel makes for itself. */
const essence: Readonly<Record<Part, (line: string) => readonly string[]>> = {
  rules: (line) => [line],
  rules6: (line) => [line],
  routes: (line) =>
    / table local |^(fe80::\/64|ff00::\/8|multicast ff00::\/8) /.test(line)
      ? []
      : [
          line
            .replace(/ proto (kernel|boot)| metric 1024| pref medium/g, '')
            .replace(` table ${MAIN_TABLE}`, ''),
        ],
  addresses: (line) => [
    line.replace(/^\d+: (\S+) (inet .*?) ?\\? valid_lft .*$/, '$2').replace(/ ?\\.*$/, ''),
  ],
  links: (line) => [
    line.replace(
      /^\d+: ([^:@]+)\S* <(\S+)> mtu (\d+) .*$/,
      (_, name, flags, mtu) => `${name}${/\bUP\b/.test(flags) ? ' up' : ''} mtu ${mtu}`,
    ),
  ],
  iptables: (line) => (/^(-A|:AWS)/.test(line) ? [line.replace(/\[\d+:\d+\]/, '[0:0]')] : []),
  ip6tables: (line) => essence.iptables(line),
  nft: (line) =>
    /^(add|delete) /.test(line)
      ? []
      : [line.replace(/ packets \d+ bytes \d+/, '').replace('dstnat + 10', '-90')],
};
