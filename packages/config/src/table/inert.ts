import type { SettingTable } from '../setting.ts';

/** Variables that manifests in use still set, and that nothing reads any longer. */
export const inert = {
  AWS_VPC_K8S_CNI_CONFIGURE_RPFILTER: {
    parser: 'BA',
    byDefault: true,
    readBy: [],
    status: 'inert',
    since: 'v1.12.1',
    effect: 'None: the init container always sets `rp_filter` of the primary link to 2 (loose).',
  },
  ENABLE_NFTABLES: {
    parser: 'BA',
    byDefault: false,
    readBy: [],
    status: 'inert',
    since: 'v1.14.0',
    effect: "None: the host's own choice between nftables and legacy iptables is followed.",
  },
  AGENT_LOG_PATH: {
    parser: 'SA',
    byDefault: 'aws-k8s-agent.log',
    readBy: [],
    status: 'inert',
    since: 'v1.12.1',
    effect: 'None: `AWS_VPC_K8S_CNI_LOG_FILE` says where ipamd logs.',
  },
} as const satisfies SettingTable;
