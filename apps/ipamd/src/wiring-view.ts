import {
  describeHost,
  describePod,
  explain,
  explainIptables,
  type HostSettings,
  hostLinkName,
  type IptablesBackend,
} from '@vpc-cni/host-network';
import type { Reservation } from '@vpc-cni/ipam';

/**
 * What the host is to hold, in the words of `ip`, `sysctl` and `iptables-save`: for people who compare it with
 * what it holds. The primary ENI's link stands there by its MAC.
 *
 * @param backend that the host uses; nf_tables while nobody has looked.
 */
export function wiringView(options: {
  readonly settings: HostSettings;
  readonly backend: IptablesBackend | undefined;
  readonly pods: readonly Reservation[];
}): unknown {
  const { settings, backend = 'nf_tables', pods } = options;
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
    pods: Object.fromEntries(pods.map((pod) => [podName(pod), podLines(settings, pod)])),
  };
}

const podName = ({ metadata: { podNamespace = '', podName = '' } }: Reservation) =>
  `${podNamespace}/${podName}`;

/** Its rules and routes; what else is on its links depends on the ADD. */
function podLines(
  { vethPrefix, eniMtuBytes }: HostSettings,
  { key, address, eni, metadata }: Reservation,
): readonly string[] {
  if (eni === undefined) return [`${address} is on no ENI that this node manages`];
  const { podNamespace = '', podName = '' } = metadata;
  const { host } = describePod({
    netnsPath: '',
    podLinkName: key.interfaceName,
    hostLinkName: hostLinkName({ prefix: vethPrefix, podNamespace, podName }),
    address,
    routeTableId: eni.routeTableId,
    mtuBytes: eniMtuBytes,
  });
  return explain({ routes: host.routes, rules: host.rules });
}
