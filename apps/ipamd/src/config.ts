import { checkSettings, type Environment, type Finding, type Ipv4Cidr } from '@vpc-cni/config';
import { parseAdditionalEniTags } from '@vpc-cni/eni-allocator';
import { parseWarmTargets, type WarmTargets } from '@vpc-cni/warm-pool';
import type { ReadinessMarks } from './cluster/mark-readiness.ts';

/** Everything ipamd is told by its environment; `@vpc-cni/config` has the table of the variables. */
export interface IpamdConfig {
  /** Directory of sockets, checkpoint and deferred DELs; the launcher reads the same variable. */
  readonly runDirectory: string;
  readonly checkpointPath: string;
  readonly clusterName: string;
  /** `VPC_CNI_VERSION`, for user agents; empty for that of the program. */
  readonly productVersion: string;
  readonly ec2Endpoint: string | undefined;
  readonly imdsEndpoint: string | undefined;
  readonly httpTimeoutMs: number;
  /** Of pods' addresses: `ipv6` with `ENABLE_IPv6`. */
  readonly podFamily: 'ipv4' | 'ipv6';
  readonly targets: WarmTargets;
  readonly enis: EniConfig;
  readonly addressCooldownMs: number;
  /** How long an ADD waits for an address that is on its way. */
  readonly addWaitMs: number;
  readonly host: HostConfig;
  /** How often host, ENIs and pods are looked at, and what others changed of them is undone. */
  readonly repairIntervalMs: number;
  readonly cluster: ClusterConfig;
  readonly grpc: GrpcConfig;
  /** `NETWORK_POLICY_ENFORCING_MODE` as it was written; empty without network policies. */
  readonly networkPolicyMode: string;
  /** Where the container runtime may listen for CRI; the first that exists is asked. */
  readonly criSockets: readonly string[];
  /** Of HTTP probes: `host:port` or `unix:<path>`; `undefined` when switched off. */
  readonly healthAddress: string | undefined;
  /** `undefined` when switched off. */
  readonly metricsPort: number | undefined;
  /** `host:port` or `unix:<path>`; `undefined` when switched off. */
  readonly introspectionAddress: string | undefined;
  readonly logFile: string;
  /** In lower case. */
  readonly logLevel: string;
  /** With any of these the daemon must not start. */
  readonly problems: readonly Finding[];
  readonly notices: readonly Finding[];
}

/** What concerns the ENIs of the node. */
export interface EniConfig {
  /** `MANAGE_UNTAGGED_ENI`. */
  readonly managesUntagged: boolean;
  /** `ENABLE_SUBNET_DISCOVERY`: new ENIs may go to any subnet that is tagged for pods. */
  readonly discoversSubnets: boolean;
  /** False with `DISABLE_NETWORK_RESOURCE_PROVISIONING`. */
  readonly provisions: boolean;
  /** `ENABLE_IMDS_ONLY_MODE`: EC2 is not even asked. Then {@link provisions} is false. */
  readonly imdsOnly: boolean;
  /** False with `DISABLE_LEAKED_ENI_CLEANUP`, and with `ENABLE_IPv6`. */
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

/** What concerns Kubernetes. */
export interface ClusterConfig {
  /** `MY_NODE_NAME`; empty without one. */
  readonly nodeName: string;
  /** `MY_POD_NAME`; empty without one. */
  readonly podName: string;
  /** `CLUSTER_ENDPOINT`: URL of the API server, where it is not the in-cluster one. */
  readonly clusterEndpoint: string | undefined;
  /** The variables that say where the API server is, as they are. */
  readonly apiServer: Environment;
  /** `AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG`. */
  readonly customNetworking: boolean;
  /** Key of the node's annotation that names the ENIConfig. */
  readonly eniConfigAnnotationDef: string;
  /** Key of the node's label that names the ENIConfig. */
  readonly eniConfigLabelDef: string;
  /** `ENABLE_POD_ENI`: pods may have security groups of their own. */
  readonly podEni: boolean;
  readonly podSecurityGroupEnforcingMode: 'strict' | 'standard';
  /** `ANNOTATE_POD_IP`. */
  readonly annotatePodIp: boolean;
  /** `AWS_VPC_K8S_CNI_STARTUP_TAINT` and `…_NETWORK_CONDITION`: what of the node shows that it is ready. */
  readonly marks: ReadinessMarks;
  /** `AWS_MANAGE_ENIS_NON_SCHEDULABLE`: a cordoned node's ENIs are looked after too. */
  readonly manageEnisNonSchedulable: boolean;
}

/** What concerns callers that were written for the AWS VPC CNI. */
export interface GrpcConfig {
  /** Also serves `127.0.0.1:50051`, as releases before 1.23 did. */
  readonly alsoOnTcp: boolean;
}

export const METRICS_PORT = 61678;

const CRI_SOCKETS = ['/run/containerd/containerd.sock', '/run/crio/crio.sock'];

/** What Kubernetes sets in pods, and people outside. */
const API_SERVER_VARIABLES = [
  'KUBERNETES_SERVICE_HOST',
  'KUBERNETES_SERVICE_PORT',
  'KUBECONFIG',
  'CLUSTER_ENDPOINT',
];

/** Reads the configuration. What cannot be used is the default, and told in `notices` or `problems`. */
export function readConfig(environment: Environment): IpamdConfig {
  const { values, problems, notices } = checkSettings(environment, ['ipamd']);
  const tags = readAdditionalTags(values.ADDITIONAL_ENI_TAGS);
  return {
    runDirectory: values.AWS_VPC_K8S_CNI_RUN_DIR,
    checkpointPath: values.AWS_VPC_K8S_CNI_BACKING_STORE,
    clusterName: values.CLUSTER_NAME,
    productVersion: values.VPC_CNI_VERSION,
    ec2Endpoint: values.AWS_EC2_ENDPOINT,
    imdsEndpoint: values.AWS_EC2_METADATA_SERVICE_ENDPOINT,
    httpTimeoutMs: 1000 * values.HTTP_TIMEOUT,
    podFamily: values.ENABLE_IPv6 ? 'ipv6' : 'ipv4',
    targets: parseWarmTargets(environment),
    enis: {
      managesUntagged: values.MANAGE_UNTAGGED_ENI,
      discoversSubnets: values.ENABLE_SUBNET_DISCOVERY,
      provisions: !values.DISABLE_NETWORK_RESOURCE_PROVISIONING,
      imdsOnly: values.ENABLE_IMDS_ONLY_MODE,
      // A node of an IPv6 cluster creates next to no ENIs, and its IAM policy lets it delete none.
      deletesLeaked: !values.DISABLE_LEAKED_ENI_CLEANUP && !values.ENABLE_IPv6,
      additionalTags: tags.tags,
    },
    addressCooldownMs: 1000 * values.IP_COOLDOWN_PERIOD,
    addWaitMs: 1000 * values.AWS_VPC_K8S_CNI_ADD_WAIT,
    host: {
      vethPrefix: values.AWS_VPC_K8S_CNI_VETHPREFIX,
      eniMtuBytes: values.AWS_VPC_ENI_MTU,
      connmark: values.AWS_VPC_K8S_CNI_CONNMARK,
      nodePortSupport: values.AWS_VPC_CNI_NODE_PORT_SUPPORT,
      externalSnat: values.AWS_VPC_K8S_CNI_EXTERNALSNAT,
      excludeSnatCidrs: values.AWS_VPC_K8S_CNI_EXCLUDE_SNAT_CIDRS,
      externalServiceCidrs: values.AWS_EXTERNAL_SERVICE_CIDRS,
      randomizeSnat: values.AWS_VPC_K8S_CNI_RANDOMIZESNAT,
      hasEgressPlugin: values.ENABLE_V6_EGRESS,
    },
    repairIntervalMs: 1000 * values.AWS_VPC_K8S_CNI_REPAIR_INTERVAL,
    cluster: {
      nodeName: values.MY_NODE_NAME,
      podName: values.MY_POD_NAME,
      clusterEndpoint: values.CLUSTER_ENDPOINT,
      apiServer: Object.fromEntries(
        API_SERVER_VARIABLES.map((variable) => [variable, environment[variable] || undefined]),
      ),
      customNetworking: values.AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG,
      eniConfigAnnotationDef: values.ENI_CONFIG_ANNOTATION_DEF,
      eniConfigLabelDef: values.ENI_CONFIG_LABEL_DEF,
      podEni: values.ENABLE_POD_ENI,
      podSecurityGroupEnforcingMode: values.POD_SECURITY_GROUP_ENFORCING_MODE,
      annotatePodIp: values.ANNOTATE_POD_IP,
      marks: {
        startupTaint: values.AWS_VPC_K8S_CNI_STARTUP_TAINT,
        networkCondition: values.AWS_VPC_K8S_CNI_NETWORK_CONDITION,
      },
      manageEnisNonSchedulable: values.AWS_MANAGE_ENIS_NON_SCHEDULABLE,
    },
    grpc: { alsoOnTcp: values.AWS_VPC_K8S_CNI_GRPC_ON_TCP },
    networkPolicyMode: values.NETWORK_POLICY_ENFORCING_MODE,
    criSockets: criSockets(values.AWS_VPC_K8S_CNI_CRI_SOCKET),
    healthAddress: unlessNone(values.AWS_VPC_K8S_CNI_HEALTH_BIND_ADDRESS),
    metricsPort: values.DISABLE_METRICS ? undefined : METRICS_PORT,
    introspectionAddress: values.DISABLE_INTROSPECTION
      ? undefined
      : values.INTROSPECTION_BIND_ADDRESS,
    logFile: values.AWS_VPC_K8S_CNI_LOG_FILE,
    logLevel: values.AWS_VPC_K8S_CNI_LOGLEVEL.toLowerCase(),
    problems,
    notices: [...notices, ...tags.notices],
  };
}

const unlessNone = (value: string) => (value === 'none' ? undefined : value);

/** A path, perhaps with kubelet's `unix://` before it, or `none`. */
function criSockets(value: string | undefined): readonly string[] {
  if (value === 'none') return [];
  return value === undefined ? CRI_SOCKETS : [value.replace(/^unix:\/\//, '')];
}

/** The tags that EC2 takes, and notices of those it does not. */
export function readAdditionalTags(value = '') {
  const { tags, refusals } = parseAdditionalEniTags(value);
  const notices = refusals.map(
    ({ key, reason }): Finding => ({
      variable: 'ADDITIONAL_ENI_TAGS',
      value: key ?? value,
      expected: reason,
      remedy: 'left out',
    }),
  );
  return { tags, notices };
}
