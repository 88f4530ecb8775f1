import {
  type AttachmentRequest,
  type CniResult,
  CURRENT_VERSION,
  convertResult,
  type PluginConf,
  parsePrevResult,
} from '@vpc-cni/cni-spec';
import { branchLinkIn } from './dummy-interface.ts';
import { readPodIdentity } from './pod-identity.ts';
import type { RememberedBranch, RememberedPod } from './ports.ts';

/**
 * The address that the runtime remembers of the ADD: the first one, for plugins chained behind this one
 * only add some. `undefined` when there is none.
 *
 * @throws {CniError} when there is a result, and it cannot be read.
 */
export function rememberedAddress(conf: PluginConf): string | undefined {
  return addressIn(rememberedResult(conf));
}

function rememberedResult(conf: PluginConf): Partial<CniResult> {
  const result = parsePrevResult(conf);
  return result === undefined ? {} : convertResult(result, CURRENT_VERSION);
}

/** The next hop of a pod that was given an ENI of its own, which no other pod's result has. */
export const withRouter = (
  branch: NonNullable<RememberedPod['branch']>,
  conf: PluginConf,
): RememberedBranch | undefined => {
  const router = rememberedResult(conf).ips?.[0]?.gateway;
  return router === undefined ? undefined : { ...branch, router };
};

const addressIn = ({ ips: [ip] = [] }: Partial<CniResult>) => ip?.address.split('/')[0];

/**
 * The pod as the runtime's memory of its ADD has it; `undefined` when there is none, or none that can
 * be read: a DEL must not fail for that.
 */
export function rememberedPodOf({ conf, args }: AttachmentRequest): RememberedPod | undefined {
  try {
    const result = rememberedResult(conf);
    const address = addressIn(result);
    if (address === undefined) return undefined;
    const branch = branchLinkIn(result.interfaces ?? []);
    return { ...readPodIdentity(args), address, ...(branch === undefined ? {} : { branch }) };
  } catch {
    return undefined;
  }
}
