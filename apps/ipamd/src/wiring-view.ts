import {
  type DesiredNode,
  describeEni,
  describeHost,
  describePod,
  explain,
  explainIptables,
  type IptablesBackend,
} from '@vpc-cni/host-network';

/**
 * What a node is to hold, and a repair makes so, in the words of `ip`, `sysctl` and `iptables-save`: for people
 * who compare it with what it holds. Links of ENIs stand there by their MAC, pods by their host link.
 *
 * @param backend that the host uses; nf_tables while nobody has looked.
 */
export function wiringView(
  { settings, enis, pods }: DesiredNode,
  backend: IptablesBackend = 'nf_tables',
): unknown {
  const { packetFilter, ...host } = describeHost(settings, {
    primaryLinkName: settings.primaryMac,
    isLocalRuleMoved: false,
    iptables: { backend, hasRandomFully: true },
  });
  return {
    backend,
    host: explain(host),
    iptables: explainIptables(packetFilter.ipv4),
    ip6tables: explainIptables(packetFilter.ipv6),
    nft: packetFilter.connmarkRuleset?.trimEnd().split('\n') ?? [],
    enis: Object.fromEntries(enis.map((eni) => [eni.mac, explain(describeEni(eni, settings))])),
    pods: Object.fromEntries(
      pods.map((attachment) => {
        const { host, pod } = describePod(attachment);
        return [attachment.hostLinkName, { host: explain(host), pod: explain(pod) }];
      }),
    ),
  };
}
