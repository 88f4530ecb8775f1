import { checkSettings, type Environment, type Finding } from '@vpc-cni/config';

/** What the installer is told by its environment; `@vpc-cni/config` has the table of the variables. */
export interface InstallSettings {
  /** `HOST_CNI_BIN_PATH`: the host's directory of CNI programs, as this container sees it. */
  readonly binDirectory: string;
  /** `HOST_CNI_CONFDIR_PATH`. */
  readonly confDirectory: string;
  /** Where the daemon's socket is. */
  readonly runDirectory: string;
  /** `AWS_VPC_K8S_CNI_INSTALL_WAIT`: how long to wait for an address before complaining. */
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

/** The settings, and what was wrong: of `notices` the default was taken, with `problems` nothing may be installed. */
export interface ReadSettings {
  readonly settings: InstallSettings;
  readonly problems: readonly Finding[];
  readonly notices: readonly Finding[];
}

/** Reads everything at once, so that one look at the log tells all that is wrong. */
export function readInstallSettings(environment: Environment): ReadSettings {
  const { values, problems, notices } = checkSettings(environment, ['init', 'entry']);
  const settings: InstallSettings = {
    binDirectory: values.HOST_CNI_BIN_PATH,
    confDirectory: values.HOST_CNI_CONFDIR_PATH,
    runDirectory: values.AWS_VPC_K8S_CNI_RUN_DIR,
    readyWaitMs: 1000 * values.AWS_VPC_K8S_CNI_INSTALL_WAIT,
    imdsEndpoint: values.AWS_EC2_METADATA_SERVICE_ENDPOINT,
    isIpv6: values.ENABLE_IPv6,
    egress: values.ENABLE_IPv6
      ? {
          isEnabled: values.ENABLE_V4_EGRESS,
          logFile: values.AWS_VPC_K8S_EGRESS_V4_PLUGIN_LOG_FILE,
        }
      : {
          isEnabled: values.ENABLE_V6_EGRESS,
          logFile: values.AWS_VPC_K8S_EGRESS_V6_PLUGIN_LOG_FILE,
        },
    disablesTcpEarlyDemux: values.DISABLE_TCP_EARLY_DEMUX,
    chain: {
      vethPrefix: values.AWS_VPC_K8S_CNI_VETHPREFIX,
      podMtuBytes: values.POD_MTU,
      podSgEnforcingMode: values.POD_SECURITY_GROUP_ENFORCING_MODE,
      pluginLogFile: values.AWS_VPC_K8S_PLUGIN_LOG_FILE,
      pluginLogLevel: values.AWS_VPC_K8S_PLUGIN_LOG_LEVEL,
      randomizeSnat: values.AWS_VPC_K8S_CNI_RANDOMIZESNAT,
      hasBandwidth: values.ENABLE_BANDWIDTH_PLUGIN,
      disablesPodIpv6: values.DISABLE_POD_V6,
    },
  };
  return { settings, problems, notices };
}
