import type { SettingTable } from '../setting.ts';

/** Custom networking. */
export const customNetworking = {
  AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG: {
    parser: 'BB',
    byDefault: false,
    manifest: { 'aws-node': 'false' },
    readBy: ['ipamd'],
    status: 'seed',
    effect:
      "Pods' ENIs have subnet and security groups of the node's `ENIConfig`; the primary ENI serves no pods.",
  },
  ENI_CONFIG_ANNOTATION_DEF: {
    parser: 'SB',
    byDefault: 'k8s.amazonaws.com/eniConfig',
    readBy: ['ipamd'],
    status: 'seed',
    effect:
      'Node annotation that names the `ENIConfig`. The label `vpc.amazonaws.com/externalEniConfig` goes before it.',
  },
  ENI_CONFIG_LABEL_DEF: {
    parser: 'SB',
    byDefault: 'k8s.amazonaws.com/eniConfig',
    readBy: ['ipamd'],
    status: 'seed',
    effect:
      'Node label that names the `ENIConfig`, where no annotation does. `topology.kubernetes.io/zone` gives each zone its own. Without any of them the name is `default`.',
  },
} as const satisfies SettingTable;
