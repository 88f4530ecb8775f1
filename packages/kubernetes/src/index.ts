// What programs on a node use.
export type { ApiAccess, ApiCredentials } from './api-access.ts';
export {
  type ApiClient,
  type ApiClientOptions,
  type CallOptions,
  createApiClient,
  type Patch,
  type Query,
  type WatchEvent,
} from './api-client.ts';
export type { ApiRequest, ApiResponse, ApiTransport } from './api-transport.ts';
export type { Clock } from './clock.ts';
export { addFeaturePatch, type CniNodeFeature, type RawCniNode } from './cni-node.ts';
export {
  DEFAULT_ENI_CONFIG_KEY,
  type EniConfigKeys,
  type EniConfigSpec,
  EXTERNAL_ENI_CONFIG_LABEL,
  eniConfigName,
  type RawEniConfig,
  readEniConfig,
} from './eni-config.ts';
export { type ClusterEvent, type EventContext, eventObject } from './events.ts';
export { type Followed, type FollowOptions, followObjects } from './follow-objects.ts';
export { createHttpTransport } from './http-transport.ts';
export { type InClusterOptions, inClusterAccess } from './in-cluster.ts';
export {
  isKubernetesError,
  KubernetesError,
  type KubernetesErrorCode,
} from './kubernetes-error.ts';
export {
  isSchedulable,
  type NodeFacts,
  nodeFactsOf,
  type Taint,
  UNSCHEDULABLE_TAINT,
} from './node-facts.ts';
export {
  type NetworkState,
  networkConditionPatch,
  type PatchedNode,
  removeTaintPatch,
} from './node-patches.ts';
export { type MergePatch, type PatchOutcome, patchObject, type Versioned } from './patch-object.ts';
export { POD_ENI_KEY, type PodEni, type PodFacts, podFactsOf, readPodEni } from './pod-eni.ts';
export { type AnnotatedPod, annotateIpPatch, forgetIpPatch, POD_IPS_KEY } from './pod-ips.ts';
export {
  CNI_NODES,
  ENI_CONFIGS,
  EVENTS,
  NODES,
  PODS,
  type Resource,
  type Subject,
} from './resources.ts';
export type { Verb } from './translate-failure.ts';
