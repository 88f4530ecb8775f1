import type { SettingTable } from '../setting.ts';

/** Additions of ours: few, all named `AWS_VPC_K8S_CNI_…`. */
export const ours = {
  AWS_VPC_K8S_CNI_RUN_DIR: {
    parser: 'SB',
    byDefault: '/var/run/aws-node',
    readBy: ['entry', 'ipamd', 'plugin'],
    status: 'ours',
    effect:
      'Directory of sockets, checkpoint and deferred DELs. For several daemons on one machine, as in the sandbox.',
  },
  AWS_VPC_K8S_CNI_ADD_WAIT: {
    parser: 'IB',
    byDefault: 30,
    range: [0, 100],
    unit: 'seconds',
    readBy: ['ipamd'],
    status: 'ours',
    effect:
      'How long an ADD waits for an address that is on its way. The AWS VPC CNI refuses at once; 0 does the same.',
  },
  AWS_VPC_K8S_CNI_REPAIR_INTERVAL: {
    parser: 'IB',
    byDefault: 30,
    range: [1, 3600],
    unit: 'seconds',
    readBy: ['ipamd'],
    status: 'ours',
    effect:
      'How often host, ENIs and pods are looked at, and what others changed of their links, routes, rules and filters is undone.',
  },
  AWS_VPC_K8S_CNI_INSTALL_WAIT: {
    parser: 'IA',
    byDefault: 60,
    range: [1, 3600],
    unit: 'seconds',
    readBy: ['entry'],
    status: 'ours',
    effect:
      'How long the installer waits for the first address before it complains; then it waits on.',
  },
  AWS_VPC_K8S_CNI_HEALTH_BIND_ADDRESS: {
    parser: 'SB',
    byDefault: '127.0.0.1:61680',
    readBy: ['ipamd'],
    status: 'ours',
    effect:
      'Where HTTP probes ask (`/healthz`, `/readyz`): `host:port`, `unix:` and a path, or `none`. It answers from the first moment on, and whatever else is switched off.',
    invalid: 'tried again for ever, and logged',
  },
  AWS_VPC_K8S_CNI_GRPC_ON_TCP: {
    parser: 'BB',
    byDefault: false,
    readBy: ['ipamd'],
    status: 'ours',
    effect:
      'Serves gRPC on 127.0.0.1:50051 too, for clients older than release 1.23 of the AWS VPC CNI. Every process of the node may call it.',
  },
  AWS_VPC_K8S_CNI_CRI_SOCKET: {
    parser: 'SB',
    byDefault: undefined,
    defaultMeans: 'the first of `/run/containerd/containerd.sock` and `/run/crio/crio.sock`',
    readBy: ['ipamd'],
    status: 'ours',
    effect:
      'Where the container runtime answers, asked which pods there are when a DEL or the checkpoint was lost; `none` asks nobody.',
  },
  AWS_VPC_K8S_CNI_STARTUP_TAINT: {
    parser: 'SB',
    byDefault: '',
    readBy: ['ipamd'],
    status: 'ours',
    effect:
      'Key of a taint that nodes start with, and that is taken away with the first address for pods. Needs the verb `patch` on `nodes`.',
  },
  AWS_VPC_K8S_CNI_NETWORK_CONDITION: {
    parser: 'BB',
    byDefault: false,
    readBy: ['ipamd'],
    status: 'ours',
    effect:
      'Sets the condition `NetworkUnavailable` of the node while it can give pods no address, which keeps pods away. Needs the verb `patch` on `nodes/status`.',
  },
} as const satisfies SettingTable;
