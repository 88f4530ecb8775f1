import type { SettingTable } from '../setting.ts';

/** Life of ENIs, and access to EC2. */
export const enisAndEc2 = {
  DISABLE_NETWORK_RESOURCE_PROVISIONING: {
    parser: 'BA',
    byDefault: false,
    manifest: { 'aws-node': 'false' },
    readBy: ['ipamd'],
    status: 'seed',
    since: 'v1.9.1',
    effect:
      'Nothing of EC2 is changed: no ENI, address, tag or security group. What somebody else attaches is used.',
  },
  ENABLE_IMDS_ONLY_MODE: {
    parser: 'BA',
    byDefault: false,
    manifest: { 'aws-node': 'false' },
    readBy: ['ipamd'],
    status: 'newer',
    since: 'v1.19.6',
    effect:
      'EC2 is neither changed nor asked, so that the node needs no IAM policy: ENIs and addresses are those that instance metadata shows, at start and once a minute. It tells neither tags nor kinds of ENIs: all of them serve pods, and with `ENABLE_POD_ENI` none is known as a trunk. (The AWS VPC CNI still calls EC2 in this mode: `DescribeSubnets` with subnet discovery on, and more for unknown instance types and where metadata differs from what it knows.)',
  },
  DISABLE_LEAKED_ENI_CLEANUP: {
    parser: 'BA',
    byDefault: false,
    readBy: ['ipamd'],
    status: 'newer',
    since: 'v1.13.0',
    effect: 'ENIs that vanished nodes of the cluster left behind are not deleted.',
  },
  AWS_MANAGE_ENIS_NON_SCHEDULABLE: {
    parser: 'BB',
    byDefault: false,
    readBy: ['ipamd'],
    status: 'newer',
    since: 'v1.12.6',
    effect:
      'A cordoned node attaches and detaches ENIs too; by default it neither grows nor shrinks.',
  },
  MANAGE_UNTAGGED_ENI: {
    parser: 'BA',
    byDefault: true,
    readBy: ['ipamd'],
    status: 'newer',
    since: 'v1.10.0',
    effect:
      'Secondary ENIs without the tag `node.k8s.amazonaws.com/instance_id` of this instance belong to the pool too.',
  },
  ENABLE_SUBNET_DISCOVERY: {
    parser: 'BB',
    byDefault: true,
    manifest: { 'aws-node': 'true' },
    readBy: ['ipamd'],
    status: 'newer',
    since: 'v1.18.0',
    effect:
      "New ENIs go to the subnet of the zone, tagged `kubernetes.io/role/cni`, with most free addresses. False: to the node's own.",
  },
  ENABLE_MULTI_NIC: {
    parser: 'BA',
    byDefault: false,
    manifest: { 'aws-node': 'false' },
    readBy: ['ipamd'],
    status: 'newer',
    since: 'v1.20.0',
    effect: 'Pods may ask for an address on every network card of the instance.',
    notYet: 'pods get one address, on network card 0',
  },
  ADDITIONAL_ENI_TAGS: {
    parser: 'SB',
    byDefault: '{}',
    manifest: { 'aws-node': '{}' },
    readBy: ['ipamd'],
    status: 'seed',
    since: 'v1.6.0',
    effect:
      'Tags of every ENI of the pool, as a JSON object of texts; keys that contain `k8s.amazonaws.com` are left out.',
    invalid: 'no tags, or the tag is left out, with a notice',
  },
  CLUSTER_NAME: {
    parser: 'SB',
    byDefault: '',
    readBy: ['ipamd'],
    status: 'seed',
    effect:
      "Tags ENIs as the cluster's, limits the clean-up of leaked ENIs to them, and counts cluster tags of subnets. Needed by IAM policies that are scoped to the cluster.",
  },
  AWS_EC2_ENDPOINT: {
    parser: 'SB',
    byDefault: undefined,
    defaultMeans: "the region's",
    readBy: ['ipamd'],
    status: 'newer',
    since: 'v1.13.0',
    effect:
      'URL of the EC2 API. (The AWS VPC CNI documents this and does not do it; here it does what is documented.)',
    invalid: 'every call to EC2 fails, and is named',
  },
  HTTP_TIMEOUT: {
    parser: 'IB',
    byDefault: 10,
    range: [10],
    unit: 'seconds',
    readBy: ['ipamd'],
    status: 'newer',
    since: 'v1.7.9',
    effect: 'How long a call to EC2 or to instance metadata may be silent.',
  },
} as const satisfies SettingTable;
