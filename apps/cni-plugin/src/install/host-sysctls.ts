import type { DesiredSysctl } from '@vpc-cni/host-network';
import type { InstallSettings } from './settings.ts';

/**
 * What the host's kernel must be told before the daemon runs; the daemon itself may not write these.
 *
 * Replies of NodePort connections come in by one ENI and leave by another, hence loose reverse-path filtering. Early
 * demultiplexing would hand kubelet's probes of pods with branch ENIs to the wrong socket.
 */
export const hostSysctls = (
  { isIpv6, egress, disablesTcpEarlyDemux }: InstallSettings,
  primaryLinkName: string,
): readonly DesiredSysctl[] => {
  const must = (key: string, value: string): DesiredSysctl => ({ key, value, isOptional: false });
  const forwardsIpv6 = isIpv6 || egress.isEnabled;
  return [
    must(`net/ipv4/conf/${primaryLinkName}/rp_filter`, '2'),
    // Absent before Linux 4.6.
    { ...must('net/ipv4/tcp_early_demux', disablesTcpEarlyDemux ? '0' : '1'), isOptional: true },
    ...(isIpv6 ? [must('net/ipv6/conf/all/disable_ipv6', '0')] : []),
    ...(forwardsIpv6
      ? [
          must('net/ipv6/conf/all/forwarding', '1'),
          // A host that forwards ignores router advertisements otherwise, and loses its default route.
          must(`net/ipv6/conf/${primaryLinkName}/accept_ra`, '2'),
        ]
      : []),
  ];
};
