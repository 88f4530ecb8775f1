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
 * The addresses that the runtime remembers of the ADD: first those of this plugin, for others that are
 * chained behind it only add some.
 *
 * @throws {CniError} when there is a result, and it cannot be read.
 */
export function rememberedAddresses(conf: PluginConf): readonly string[] {
  return addressesIn(rememberedResult(conf));
}

function rememberedResult(conf: PluginConf): Partial<CniResult> {
  const result = parsePrevResult(conf);
  return result === undefined ? {} : convertResult(result, CURRENT_VERSION);
}

const addressesIn = ({ ips = [] }: Partial<CniResult>): readonly string[] =>
  ips.flatMap(({ address }) => address.split('/')[0] ?? []);

/** The next hop of a pod that was given an ENI of its own, which no other pod's result has. */
export const withRouter = (
  branch: NonNullable<RememberedPod['branch']>,
  conf: PluginConf,
): RememberedBranch | undefined => {
  const router = rememberedResult(conf).ips?.[0]?.gateway;
  return router === undefined ? undefined : { ...branch, router };
};

/**
 * The pod as the runtime's memory of its ADD has it; `undefined` when there is none, or none that can
 * be read: a DEL must not fail for that.
 */
export function rememberedPodOf({ conf, args }: AttachmentRequest): RememberedPod | undefined {
  try {
    const result = rememberedResult(conf);
    const [first, ...more] = addressesIn(result);
    if (first === undefined) return undefined;
    const branch = branchLinkIn(result.interfaces ?? []);
    return {
      ...readPodIdentity(args),
      addresses: [first, ...more],
      ...(branch === undefined ? {} : { branch }),
    };
  } catch {
    return undefined;
  }
}
