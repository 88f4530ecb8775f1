import type { SettingTable } from '../setting.ts';

/** Security groups for pods, network policy and chained plugins. */
export const podsAndPolicy = {
  ENABLE_POD_ENI: {
    parser: 'BA',
    byDefault: false,
    manifest: { 'aws-node': 'false' },
    readBy: ['entry', 'ipamd'],
    status: 'seed',
    since: 'v1.7.0',
    effect:
      'Pods may have security groups of their own, on branch ENIs of a trunk that a slot is kept for. The node asks for the trunk by feature `SecurityGroupsForPods` of its CNINode; the label `vpc.amazonaws.com/has-trunk-attached` of older releases is read by nobody.',
  },
  POD_SECURITY_GROUP_ENFORCING_MODE: {
    parser: 'SA',
    byDefault: 'strict',
    choices: ['strict', 'standard'],
    readBy: ['entry', 'ipamd'],
    status: 'newer',
    since: 'v1.11.0',
    effect:
      "What passes the security groups of a pod's own: `strict` everything, `standard` not what stays on the node. Pods that exist keep what they have.",
    invalid: 'with `ENABLE_POD_ENI` the installer refuses; otherwise `strict`, with a notice',
  },
  NETWORK_POLICY_ENFORCING_MODE: {
    parser: 'SA',
    byDefault: '',
    defaultMeans: 'not set: the policy agent is not called',
    choices: ['none', 'strict', 'standard'],
    anyCase: true,
    manifest: { 'aws-node': 'standard' },
    readBy: ['ipamd'],
    status: 'newer',
    since: 'v1.17.1',
    effect:
      'Before the ADD of a pod is answered, the network policy agent (`/var/run/aws-node/npa.sock`) is told of the pod and of this mode, as it is written, and has to agree; when the pod is gone, it is told too. `strict`: what no policy allows is denied from the first packet on; `standard`: allowed until the agent has found the policies. With any value, `none` too, ADD fails where there is no agent: leave it out there.',
    invalid: 'ipamd refuses, the empty text included',
  },
  ENABLE_BANDWIDTH_PLUGIN: {
    parser: 'BA',
    byDefault: false,
    readBy: ['entry'],
    status: 'seed',
    since: 'v1.10.0',
    effect: 'Appends the plugin `bandwidth`. It cannot be combined with network policies.',
  },
  ANNOTATE_POD_IP: {
    parser: 'BA',
    byDefault: false,
    readBy: ['ipamd'],
    status: 'seed',
    since: 'v1.9.3',
    effect:
      'Annotates pods with their address (`vpc.amazonaws.com/pod-ips`) before kubelet reports it. Needs the verb `patch` on pods.',
  },
} as const satisfies SettingTable;
