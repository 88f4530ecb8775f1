import type { SettingTable } from '../setting.ts';

const LOG_LEVELS = ['DEBUG', 'INFO', 'WARN', 'ERROR', 'FATAL'] as const;
const LOG_DIRECTORY = '/var/log/aws-routed-eni';

/** Logs, metrics and introspection. */
export const diagnostics = {
  AWS_VPC_K8S_CNI_LOGLEVEL: {
    parser: 'SB',
    byDefault: 'Debug',
    choices: LOG_LEVELS,
    anyCase: true,
    manifest: { 'aws-node': 'DEBUG' },
    readBy: ['ipamd'],
    status: 'seed',
    effect: 'Least level that ipamd logs.',
  },
  AWS_VPC_K8S_CNI_LOG_FILE: {
    parser: 'SB',
    byDefault: `/host${LOG_DIRECTORY}/ipamd.log`,
    manifest: { 'aws-node': `/host${LOG_DIRECTORY}/ipamd.log` },
    readBy: ['ipamd'],
    status: 'seed',
    effect: 'Where ipamd logs: a path, `stdout` or `stderr`.',
    invalid: 'what cannot be written goes to stderr, with a notice',
  },
  AWS_VPC_K8S_PLUGIN_LOG_FILE: {
    parser: 'SA',
    byDefault: `${LOG_DIRECTORY}/plugin.log`,
    manifest: { 'aws-node': `${LOG_DIRECTORY}/plugin.log` },
    readBy: ['entry'],
    status: 'seed',
    effect: 'Where the plugin logs: a path on the host, or `stderr`, which empty means too.',
    invalid: "the installer refuses `stdout` in any case: it carries the plugin's results",
  },
  AWS_VPC_K8S_PLUGIN_LOG_LEVEL: {
    parser: 'SA',
    byDefault: 'Debug',
    choices: LOG_LEVELS,
    anyCase: true,
    manifest: { 'aws-node': 'DEBUG' },
    readBy: ['entry'],
    status: 'seed',
    effect: 'Least level that the plugin logs.',
    invalid: 'debug',
  },
  AWS_VPC_K8S_EGRESS_V4_PLUGIN_LOG_FILE: {
    parser: 'SA',
    byDefault: `${LOG_DIRECTORY}/egress-v4-plugin.log`,
    readBy: ['entry'],
    status: 'newer',
    since: 'v1.10.0',
    effect: 'Where the egress plugin of an IPv6 cluster logs.',
  },
  AWS_VPC_K8S_EGRESS_V6_PLUGIN_LOG_FILE: {
    parser: 'SA',
    byDefault: `${LOG_DIRECTORY}/egress-v6-plugin.log`,
    readBy: ['entry'],
    status: 'newer',
    since: 'v1.13.0',
    effect: 'Where the egress plugin of an IPv4 cluster logs.',
  },
  INTROSPECTION_BIND_ADDRESS: {
    parser: 'SB',
    byDefault: '127.0.0.1:61679',
    readBy: ['ipamd'],
    status: 'seed',
    effect: 'Where introspection listens: `host:port`, or `unix:` and a path.',
    invalid: 'tried again for ever, and logged',
  },
  DISABLE_INTROSPECTION: {
    parser: 'BA',
    byDefault: false,
    manifest: { 'aws-node': 'false' },
    readBy: ['ipamd'],
    status: 'seed',
    effect: 'There is no introspection.',
  },
  DISABLE_METRICS: {
    parser: 'BA',
    byDefault: false,
    manifest: { 'aws-node': 'false' },
    readBy: ['ipamd'],
    status: 'seed',
    effect: 'There is no `/metrics` on port 61678.',
  },
} as const satisfies SettingTable;
