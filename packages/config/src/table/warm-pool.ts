import type { SettingTable } from '../setting.ts';

/** What is kept warm, and the limits of the pool. */
export const warmPool = {
  WARM_ENI_TARGET: {
    parser: 'IB',
    byDefault: 1,
    range: [0],
    manifest: { 'aws-node': '1' },
    readBy: ['ipamd'],
    status: 'seed',
    effect: "ENIs' worth of addresses kept free; 0 grows the pool only when nothing is free.",
  },
  WARM_IP_TARGET: {
    parser: 'IB',
    byDefault: 0,
    defaultMeans: '0: not set',
    range: [0],
    readBy: ['entry', 'ipamd'],
    status: 'seed',
    effect:
      'Addresses kept free; surplus goes back to EC2. More EC2 calls than the other targets: set `MINIMUM_IP_TARGET` beside it.',
  },
  MINIMUM_IP_TARGET: {
    parser: 'IB',
    byDefault: 0,
    defaultMeans: '0: not set',
    range: [0],
    readBy: ['entry', 'ipamd'],
    status: 'seed',
    since: 'v1.6.0',
    effect: 'Addresses the node holds at least, used or not. Alone it also stops growth above it.',
  },
  WARM_PREFIX_TARGET: {
    parser: 'IB',
    byDefault: 0,
    range: [0],
    manifest: { 'aws-node': '1' },
    readBy: ['entry', 'ipamd'],
    status: 'seed',
    since: 'v1.9.0',
    effect: 'With `ENABLE_PREFIX_DELEGATION`: /28 prefixes kept wholly free.',
  },
  MAX_ENI: {
    parser: 'IB',
    byDefault: undefined,
    defaultMeans: "the instance type's limit",
    range: [1],
    readBy: ['ipamd'],
    status: 'seed',
    effect: "ENIs the node may have, never more than the instance type's limit.",
  },
  IP_COOLDOWN_PERIOD: {
    parser: 'IA',
    byDefault: 30,
    range: [0],
    unit: 'seconds',
    readBy: ['entry', 'ipamd'],
    status: 'newer',
    since: 'v1.15.0',
    effect:
      'How long a released address rests before another pod may have it; 0 is allowed and unwise.',
  },
} as const satisfies SettingTable;
