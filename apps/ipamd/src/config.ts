import { join } from 'node:path';
import { parseAdditionalEniTags } from '@vpc-cni/eni-allocator';
import type { Ipv4Cidr } from '@vpc-cni/host-network';
import { parseWarmTargets, type WarmTargets } from '@vpc-cni/warm-pool';
import { type Environment, readEnvironment, type SettingNotice } from './environment.ts';

/** Everything ipamd can be told. Names and defaults are those of the AWS VPC CNI unless marked as ours. */
export interface IpamdConfig {
  /** Ours: directory of sockets, checkpoint and deferred DELs; the launcher reads the same variable. */
  readonly runDirectory: string;
  readonly checkpointPath: string;
  readonly clusterName: string;
  readonly ec2Endpoint: string | undefined;
  readonly httpTimeoutMs: number;
  readonly targets: WarmTargets;
  readonly enis: EniConfig;
  readonly addressCooldownMs: number;
  /** Ours: how long an ADD waits for an address that is on its way. */
  readonly addWaitMs: number;
  readonly host: HostConfig;
  /** Ours: how often host, ENIs and pods are looked at, and what others changed of them is undone. */
  readonly repairIntervalMs: number;
  readonly grpc: GrpcConfig;
  /** Ours: where the container runtime may listen for CRI; the first that exists is asked. */
  readonly criSockets: readonly string[];
  /** `undefined` when switched off. */
  readonly metricsPort: number | undefined;
  /** `host:port` or `unix:<path>`; `undefined` when switched off. */
  readonly introspectionAddress: string | undefined;
  readonly logFile: string;
  readonly logLevel: string;
  readonly notices: readonly SettingNotice[];
}

/** What concerns the ENIs of the node. */
export interface EniConfig {
  /** `MANAGE_UNTAGGED_ENI`. */
  readonly managesUntagged: boolean;
  /** `ENABLE_SUBNET_DISCOVERY`: new ENIs may go to any subnet that is tagged for pods. */
  readonly discoversSubnets: boolean;
  /** False with `DISABLE_NETWORK_RESOURCE_PROVISIONING`. */
  readonly provisions: boolean;
  /** False with `DISABLE_LEAKED_ENI_CLEANUP`. */
  readonly deletesLeaked: boolean;
  /** `ADDITIONAL_ENI_TAGS`, those that EC2 takes. */
  readonly additionalTags: Readonly<Record<string, string>>;
}

/** What concerns the host's rules; the rest of them comes from instance metadata. */
export interface HostConfig {
  readonly vethPrefix: string;
  readonly eniMtuBytes: number;
  readonly connmark: number;
  readonly nodePortSupport: boolean;
  readonly externalSnat: boolean;
  readonly excludeSnatCidrs: readonly Ipv4Cidr[];
  readonly externalServiceCidrs: readonly Ipv4Cidr[];
  readonly randomizeSnat: 'prng' | 'hashrandom' | 'none';
  /** `ENABLE_V6_EGRESS`: the installer chains a plugin for it. */
  readonly hasEgressPlugin: boolean;
}

/** What concerns callers that were written for the AWS VPC CNI. */
export interface GrpcConfig {
  /** Ours: also serves `127.0.0.1:50051`, as releases before 1.23 did. */
  readonly alsoOnTcp: boolean;
  /** `NETWORK_POLICY_ENFORCING_MODE` as it was written; empty without network policies. */
  readonly networkPolicyMode: string;
}

export const DEFAULT_RUN_DIRECTORY = '/var/run/aws-node';
export const METRICS_PORT = 61678;

const CRI_SOCKETS = ['/run/containerd/containerd.sock', '/run/crio/crio.sock'];

const isIpv4Cidr = (text: string): text is Ipv4Cidr => {
  const [, octets, length] = /^((?:\d{1,3}\.){3}\d{1,3})\/(\d{1,2})$/.exec(text) ?? [];
  if (octets === undefined) return false;
  return octets.split('.').every((octet) => Number(octet) <= 255) && Number(length) <= 32;
};

/**
 * Reads the configuration; what cannot be used falls back to its default and is listed in `notices`.
 *
 * @throws {TypeError} when `NETWORK_POLICY_ENFORCING_MODE` is none of the modes: no default is safe.
 */
export function readConfig(environment: Environment): IpamdConfig {
  const read = readEnvironment(environment);
  const runDirectory = read.text('AWS_VPC_K8S_CNI_RUN_DIR', DEFAULT_RUN_DIRECTORY);
  const tags = readAdditionalTags(environment);
  return {
    runDirectory,
    checkpointPath: read.text('AWS_VPC_K8S_CNI_BACKING_STORE', join(runDirectory, 'ipam.json')),
    clusterName: read.text('CLUSTER_NAME', ''),
    ec2Endpoint: environment['AWS_EC2_ENDPOINT'] || undefined,
    httpTimeoutMs: 1000 * read.integer('HTTP_TIMEOUT', 10, { min: 10 }),
    targets: { ...parseWarmTargets(environment), ...NOT_YET },
    enis: {
      managesUntagged: read.boolean('MANAGE_UNTAGGED_ENI', true),
      discoversSubnets: read.boolean('ENABLE_SUBNET_DISCOVERY', true),
      provisions: !read.boolean('DISABLE_NETWORK_RESOURCE_PROVISIONING', false),
      deletesLeaked: !read.boolean('DISABLE_LEAKED_ENI_CLEANUP', false),
      additionalTags: tags.tags,
    },
    addressCooldownMs: 1000 * read.integer('IP_COOLDOWN_PERIOD', 30, { min: 0 }),
    addWaitMs: 1000 * read.integer('AWS_VPC_K8S_CNI_ADD_WAIT', 30, { min: 0, max: 100 }),
    host: {
      vethPrefix: read.text('AWS_VPC_K8S_CNI_VETHPREFIX', 'eni'),
      eniMtuBytes: read.integer('AWS_VPC_ENI_MTU', 9001, { min: 576, max: 9001 }),
      connmark: read.integer('AWS_VPC_K8S_CNI_CONNMARK', 0x80, { min: 1, max: 0xffffffff }),
      nodePortSupport: read.boolean('AWS_VPC_CNI_NODE_PORT_SUPPORT', true),
      externalSnat: read.boolean('AWS_VPC_K8S_CNI_EXTERNALSNAT', false),
      excludeSnatCidrs: read.list('AWS_VPC_K8S_CNI_EXCLUDE_SNAT_CIDRS', isIpv4Cidr),
      externalServiceCidrs: read.list('AWS_EXTERNAL_SERVICE_CIDRS', isIpv4Cidr),
      randomizeSnat: read.oneOf('AWS_VPC_K8S_CNI_RANDOMIZESNAT', 'prng', [
        'prng',
        'hashrandom',
        'none',
      ]),
      hasEgressPlugin: read.boolean('ENABLE_V6_EGRESS', false),
    },
    repairIntervalMs:
      1000 * read.integer('AWS_VPC_K8S_CNI_REPAIR_INTERVAL', 30, { min: 1, max: 3600 }),
    grpc: {
      alsoOnTcp: read.boolean('AWS_VPC_K8S_CNI_GRPC_ON_TCP', false),
      networkPolicyMode: readNetworkPolicyMode(environment),
    },
    criSockets: readCriSockets(environment['AWS_VPC_K8S_CNI_CRI_SOCKET']),
    metricsPort: read.boolean('DISABLE_METRICS', false) ? undefined : METRICS_PORT,
    introspectionAddress: read.boolean('DISABLE_INTROSPECTION', false)
      ? undefined
      : read.text('INTROSPECTION_BIND_ADDRESS', '127.0.0.1:61679'),
    logFile: read.text('AWS_VPC_K8S_CNI_LOG_FILE', 'stdout'),
    logLevel: read.text('AWS_VPC_K8S_CNI_LOGLEVEL', 'Debug').toLowerCase(),
    notices: [...read.notices, ...tags.notices, ...notYetNotices(environment)],
  };
}

/** What the daemon cannot do yet is not planned, whatever the environment says. */
const NOT_YET = { addressFamily: 'ipv4', customNetworking: false } as const;

function notYetNotices(environment: Environment): readonly SettingNotice[] {
  const asked = parseWarmTargets(environment);
  const notice = (variable: string): SettingNotice => ({
    variable,
    value: environment[variable] ?? '',
    expected: 'false: this release cannot do it yet',
    used: 'false',
  });
  return [
    ...(asked.addressFamily === 'ipv6' ? [notice('ENABLE_IPv6')] : []),
    ...(asked.customNetworking === true ? [notice('AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG')] : []),
  ];
}

/** A path, perhaps with kubelet's `unix://` before it, or `none`. */
function readCriSockets(value = ''): readonly string[] {
  if (value === 'none') return [];
  return value === '' ? CRI_SOCKETS : [value.replace(/^unix:\/\//, '')];
}

/** Case does not matter, and whoever asks is told the mode as it was written. */
function readNetworkPolicyMode(environment: Environment): string {
  const variable = 'NETWORK_POLICY_ENFORCING_MODE';
  const mode = environment[variable];
  if (mode === undefined) return '';
  if (/^(none|standard|strict)$/i.test(mode)) return mode;
  throw new TypeError(
    `${variable} is ${JSON.stringify(mode)}, expected none, standard or strict; leave it out for none at all`,
  );
}

function readAdditionalTags(environment: Environment) {
  const variable = 'ADDITIONAL_ENI_TAGS';
  const value = environment[variable] ?? '';
  const { tags, refusals } = parseAdditionalEniTags(value);
  const notices = refusals.map(
    ({ key, reason }): SettingNotice => ({
      variable,
      value: key ?? value,
      expected: reason,
      used: 'left out',
    }),
  );
  return { tags, notices };
}
