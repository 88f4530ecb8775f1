import { isAbsolute } from 'node:path';

/** Environment variables as a process has them. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** What the installer can be told. Names and defaults are those of the AWS VPC CNI unless marked as ours. */
export interface InstallSettings {
  /** `HOST_CNI_BIN_PATH`: the host's directory of CNI programs, as this container sees it. */
  readonly binDirectory: string;
  /** `HOST_CNI_CONFDIR_PATH`. */
  readonly confDirectory: string;
  /** Ours: where the daemon's socket is. */
  readonly runDirectory: string;
  /** Ours, `AWS_VPC_K8S_CNI_INSTALL_WAIT`, in seconds: how long to wait for an address before complaining. */
  readonly readyWaitMs: number;
  /** `AWS_EC2_METADATA_SERVICE_ENDPOINT`, as the AWS SDKs read it. */
  readonly imdsEndpoint: string | undefined;
  readonly isIpv6: boolean;
  readonly egress: EgressSettings;
  readonly disablesTcpEarlyDemux: boolean;
  readonly chain: ChainSettings;
}

/** What goes into the configuration list. */
export interface ChainSettings {
  readonly vethPrefix: string;
  readonly podMtuBytes: number;
  readonly podSgEnforcingMode: string;
  readonly pluginLogFile: string;
  readonly pluginLogLevel: string;
  readonly randomizeSnat: string;
  /** `ENABLE_BANDWIDTH_PLUGIN`. */
  readonly hasBandwidth: boolean;
  /** `DISABLE_POD_V6`. */
  readonly disablesPodIpv6: boolean;
}

/** The other family's way out of the node: IPv4 in an IPv6 cluster, IPv6 in an IPv4 cluster. */
export interface EgressSettings {
  readonly isEnabled: boolean;
  readonly logFile: string;
}

/** A variable whose value cannot be used, and what to do about it. */
export interface SettingProblem {
  readonly variable: string;
  readonly value: string;
  readonly expected: string;
  readonly remedy: string;
}

/** The settings, and what was wrong: of `notices` the default was taken, with `problems` nothing may be installed. */
export interface ReadSettings {
  readonly settings: InstallSettings;
  readonly problems: readonly SettingProblem[];
  readonly notices: readonly SettingProblem[];
}

export const describeProblem = ({ variable, value, expected, remedy }: SettingProblem): string =>
  `${variable} is ${JSON.stringify(value)}, expected ${expected}: ${remedy}`;

const DEFAULT_MTU_BYTES = 9001;
const MAX_VETH_PREFIX_BYTES = 4;
const DEFAULT_READY_WAIT_S = 60;

const TRUE_WORDS = ['1', 't', 'T', 'TRUE', 'true', 'True'];
const FALSE_WORDS = ['0', 'f', 'F', 'FALSE', 'false', 'False'];

/** Reads everything at once, so that one look at the log tells all that is wrong. */
export function readInstallSettings(environment: Environment): ReadSettings {
  const problems: SettingProblem[] = [];
  const notices: SettingProblem[] = [];
  const insist = (isFine: boolean, variable: string, expected: string, remedy: string) => {
    if (!isFine) problems.push({ variable, value: environment[variable] ?? '', expected, remedy });
  };

  const text = (variable: string, byDefault: string) => environment[variable] ?? byDefault;
  const boolean = (variable: string, byDefault: boolean): boolean => {
    const value = environment[variable];
    if (value === undefined) return byDefault;
    if (TRUE_WORDS.includes(value)) return true;
    if (FALSE_WORDS.includes(value)) return false;
    const remedy = `${byDefault} is used`;
    notices.push({ variable, value, expected: 'true or false', remedy });
    return byDefault;
  };
  const integer = (variable: string, byDefault: number, [min, max]: readonly [number, number]) => {
    const value = environment[variable] ?? `${byDefault}`;
    const number = /^[+-]?\d+$/.test(value) ? Number(value) : Number.NaN;
    const isFine = number >= min && number <= max;
    const range = max === Number.MAX_SAFE_INTEGER ? `of at least ${min}` : `from ${min} to ${max}`;
    insist(isFine, variable, `a whole number ${range}`, `unset it for ${byDefault}`);
    return isFine ? number : byDefault;
  };
  const directory = (variable: string, byDefault: string) => {
    const value = text(variable, byDefault);
    const remedy = `mount the host's directory at ${byDefault} and unset it`;
    insist(isAbsolute(value), variable, 'an absolute path', remedy);
    return value;
  };

  const isIpv6 = boolean('ENABLE_IPv6', false);
  const mtuRange = [isIpv6 ? 1280 : 576, DEFAULT_MTU_BYTES] as const;
  const eniMtuBytes = integer('AWS_VPC_ENI_MTU', DEFAULT_MTU_BYTES, mtuRange);
  integer('IP_COOLDOWN_PERIOD', 30, [0, Number.MAX_SAFE_INTEGER]); // the daemon's; wrong, it must not start

  const vethPrefix = text('AWS_VPC_K8S_CNI_VETHPREFIX', 'eni') || 'eni'; // as the daemon reads it
  insist(
    Buffer.byteLength(vethPrefix) <= MAX_VETH_PREFIX_BYTES &&
      !['eth', 'lo', 'vlan'].includes(vethPrefix),
    'AWS_VPC_K8S_CNI_VETHPREFIX',
    'at most 4 bytes, and none of eth, lo, vlan, which other links have',
    'unset it for eni',
  );

  const pluginLogFile = text('AWS_VPC_K8S_PLUGIN_LOG_FILE', `${LOG_DIRECTORY}/plugin.log`);
  insist(
    pluginLogFile.toLowerCase() !== 'stdout',
    'AWS_VPC_K8S_PLUGIN_LOG_FILE',
    'stderr or a path on the host',
    "stdout carries the plugin's results; set it to stderr",
  );

  const podSgEnforcingMode = text('POD_SECURITY_GROUP_ENFORCING_MODE', 'strict');
  insist(
    !boolean('ENABLE_POD_ENI', false) || ['strict', 'standard'].includes(podSgEnforcingMode),
    'POD_SECURITY_GROUP_ENFORCING_MODE',
    'strict or standard',
    'unset it for strict',
  );

  const warmTargets = ['WARM_PREFIX_TARGET', 'WARM_IP_TARGET', 'MINIMUM_IP_TARGET'];
  insist(
    !boolean('ENABLE_PREFIX_DELEGATION', false) ||
      warmTargets.some((variable) => Number(environment[variable]) > 0),
    'WARM_PREFIX_TARGET',
    `one of ${warmTargets.join(', ')} above 0, because ENABLE_PREFIX_DELEGATION is true`,
    'set WARM_PREFIX_TARGET to 1',
  );

  const egressVersion = isIpv6 ? 'V4' : 'V6';
  return {
    settings: {
      binDirectory: directory('HOST_CNI_BIN_PATH', '/host/opt/cni/bin'),
      confDirectory: directory('HOST_CNI_CONFDIR_PATH', '/host/etc/cni/net.d'),
      runDirectory: environment['AWS_VPC_K8S_CNI_RUN_DIR'] || '/var/run/aws-node',
      readyWaitMs: 1000 * integer('AWS_VPC_K8S_CNI_INSTALL_WAIT', DEFAULT_READY_WAIT_S, [1, 3600]),
      imdsEndpoint: environment['AWS_EC2_METADATA_SERVICE_ENDPOINT'] || undefined,
      isIpv6,
      egress: {
        isEnabled: boolean(`ENABLE_${egressVersion}_EGRESS`, isIpv6),
        logFile: text(
          `AWS_VPC_K8S_EGRESS_${egressVersion}_PLUGIN_LOG_FILE`,
          `${LOG_DIRECTORY}/egress-${egressVersion.toLowerCase()}-plugin.log`,
        ),
      },
      disablesTcpEarlyDemux: boolean('DISABLE_TCP_EARLY_DEMUX', false),
      chain: {
        vethPrefix,
        podMtuBytes: integer('POD_MTU', eniMtuBytes, mtuRange),
        podSgEnforcingMode,
        pluginLogFile,
        pluginLogLevel: text('AWS_VPC_K8S_PLUGIN_LOG_LEVEL', 'Debug'),
        randomizeSnat: text('AWS_VPC_K8S_CNI_RANDOMIZESNAT', 'prng'),
        hasBandwidth: boolean('ENABLE_BANDWIDTH_PLUGIN', false),
        disablesPodIpv6: boolean('DISABLE_POD_V6', false),
      },
    },
    problems,
    notices,
  };
}

const LOG_DIRECTORY = '/var/log/aws-routed-eni';
