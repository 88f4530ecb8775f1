import type { SettingTable } from '../setting.ts';

/** IP family and address mode. */
export const addressMode = {
  ENABLE_IPv4: {
    parser: 'BA',
    byDefault: false,
    manifest: { 'aws-node': 'true' },
    readBy: ['ipamd'],
    status: 'seed',
    since: 'v1.10.0',
    effect: 'Pods get IPv4 addresses. Exactly one of this and `ENABLE_IPv6` is true.',
  },
  ENABLE_IPv6: {
    parser: 'BA',
    byDefault: false,
    manifest: { 'aws-vpc-cni-init': 'false', 'aws-node': 'false' },
    readBy: ['init', 'entry', 'ipamd'],
    status: 'seed',
    since: 'v1.10.0',
    effect:
      'Pods get IPv6 addresses out of one /80 prefix for each ENI. Set it in both containers; it needs `ENABLE_PREFIX_DELEGATION` and excludes custom networking.',
  },
  ENABLE_PREFIX_DELEGATION: {
    parser: 'BA',
    byDefault: false,
    manifest: { 'aws-node': 'false' },
    readBy: ['entry', 'ipamd'],
    status: 'seed',
    since: 'v1.9.0',
    effect:
      "Each slot of an ENI holds a /28 prefix with 16 addresses instead of one address. May be switched on a running node; kubelet's max-pods is another matter.",
  },
  ENABLE_V4_EGRESS: {
    parser: 'BA',
    byDefault: true,
    readBy: ['entry'],
    status: 'newer',
    since: 'v1.15.1',
    effect:
      "In an IPv6 cluster, pods reach IPv4 destinations through an address of 169.254.172.0/22 and the node's. No effect in an IPv4 cluster, nor on pods that exist.",
  },
  ENABLE_V6_EGRESS: {
    parser: 'BA',
    byDefault: false,
    readBy: ['init', 'entry', 'ipamd'],
    status: 'newer',
    since: 'v1.13.0',
    effect:
      "In an IPv4 cluster, pods reach IPv6 destinations through an address of fd00::ac:00/118 and the node's. Set it in both containers. No effect in an IPv6 cluster, nor where the primary ENI has no IPv6 address.",
  },
  DISABLE_POD_V6: {
    parser: 'BA',
    byDefault: false,
    readBy: ['entry'],
    status: 'newer',
    since: 'v1.15.0',
    effect: 'IPv6 is switched off in pods, by the plugin `tuning` at the end of the chain.',
  },
} as const satisfies SettingTable;
