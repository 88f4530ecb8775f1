import { parseArgs } from '@vpc-cni/cni-spec';
import type { PodIdentity } from './ports.ts';

/**
 * Reads which pod `CNI_ARGS` speaks of.
 *
 * @throws {CniError} 4 when the text is malformed or has unknown keys without `IgnoreUnknown`.
 */
export function readPodIdentity(args: string): PodIdentity {
  const values = parse(args);
  return {
    podNamespace: values.K8S_POD_NAMESPACE ?? '',
    podName: values.K8S_POD_NAME ?? '',
  };
}

/** The pod's UID, which some runtimes leave out; throws as {@link readPodIdentity}. */
export const readPodUid = (args: string): string | undefined => parse(args).K8S_POD_UID;

const parse = (args: string) =>
  parseArgs(args, {
    K8S_POD_NAMESPACE: 'string',
    K8S_POD_NAME: 'string',
    K8S_POD_INFRA_CONTAINER_ID: 'string',
    K8S_POD_UID: 'string',
  });
