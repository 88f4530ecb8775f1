import { CNI_ERROR, CniError } from '@vpc-cni/cni-spec';
import type { Refusal } from '@vpc-cni/plugin';

/** The refusal of a daemon that could not be asked: the same as of one that is starting. */
export const awayRefusal = (error: unknown): Refusal => ({
  kind: 'refused',
  reason: 'starting',
  message: `ipamd cannot be asked: ${textOf(error)}; ${LOOK_AT}`,
});

/**
 * What DEL, CHECK and GC fail with when the daemon could not be asked. This program keeps nothing for
 * later, as the launcher does with a DEL; it relies on the runtime.
 */
export const awayError = (error: unknown): CniError =>
  new CniError(
    CNI_ERROR.tryAgainLater,
    "the node's network daemon (aws-node) is away",
    `ipamd cannot be asked: ${textOf(error)}; the runtime repeats a DEL until it succeeds; ${LOOK_AT}`,
    { cause: error },
  );

const LOOK_AT = 'look at: kubectl -n kube-system logs ds/aws-node';

const textOf = (error: unknown) => (error instanceof Error ? error.message : String(error));
