import {
  type AttachmentRequest,
  CURRENT_VERSION,
  convertResult,
  type PluginConf,
  parsePrevResult,
} from '@vpc-cni/cni-spec';
import { readPodIdentity } from './pod-identity.ts';
import type { RememberedPod } from './ports.ts';

/**
 * The address that the runtime remembers of the ADD: the first one, for plugins chained behind this one
 * only add some. `undefined` when there is none.
 *
 * @throws {CniError} when there is a result, and it cannot be read.
 */
export function rememberedAddress(conf: PluginConf): string | undefined {
  const result = parsePrevResult(conf);
  if (result === undefined) return undefined;
  const [ip] = convertResult(result, CURRENT_VERSION).ips ?? [];
  return ip?.address.split('/')[0];
}

/**
 * The pod as the runtime's memory of its ADD has it; `undefined` when there is none, or none that can
 * be read: a DEL must not fail for that.
 */
export function rememberedPodOf({ conf, args }: AttachmentRequest): RememberedPod | undefined {
  try {
    const address = rememberedAddress(conf);
    return address === undefined ? undefined : { ...readPodIdentity(args), address };
  } catch {
    return undefined;
  }
}
