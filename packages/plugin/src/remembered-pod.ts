import {
  type AttachmentRequest,
  CURRENT_VERSION,
  convertResult,
  parsePrevResult,
} from '@vpc-cni/cni-spec';
import { readPodIdentity } from './pod-identity.ts';
import type { RememberedPod } from './ports.ts';

/**
 * The pod as the runtime's memory of its ADD has it; `undefined` when there is none, or none that can
 * be read: a DEL must not fail for that.
 */
export function rememberedPodOf({ conf, args }: AttachmentRequest): RememberedPod | undefined {
  try {
    const result = parsePrevResult(conf);
    if (result === undefined) return undefined;
    const [ip] = convertResult(result, CURRENT_VERSION).ips ?? [];
    const [address = ''] = ip?.address.split('/') ?? [];
    return address === '' ? undefined : { ...readPodIdentity(args), address };
  } catch {
    return undefined;
  }
}
