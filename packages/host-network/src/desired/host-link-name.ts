import { hash } from 'node:crypto';

const HASH_CHARACTERS = 11;

/** Prefix of the host links of strict pods, whatever prefix is configured. */
export const STRICT_LINK_PREFIX = 'vlan';

export interface HostLinkNameInput {
  /** At most 4 characters. */
  readonly prefix: string;
  readonly podNamespace: string;
  readonly podName: string;
  /** Number of the pod's interface; default 0, its first. */
  readonly index?: number;
}

/**
 * The name of a pod's link on the host: prefix and the first 11 hexadecimal digits of SHA-1 over
 * `<namespace>.<pod>`, for further interfaces `<namespace>.<pod>.<index>`. Calico names its links alike.
 */
export function hostLinkName({
  prefix,
  podNamespace,
  podName,
  index = 0,
}: HostLinkNameInput): string {
  const pod = `${podNamespace}.${podName}${index === 0 ? '' : `.${index}`}`;
  return prefix + hash('sha1', pod).slice(0, HASH_CHARACTERS);
}
