import { CNI_ERROR, CniError, isCniError } from '@vpc-cni/cni-spec';
import type { PolicyFailure, Refusal, RefusalReason, WiringFailure } from './ports.ts';

/** CNI error codes of this plugin's own (100 and above are free for plugins, CNI specification, "Error"). */
export const PLUGIN_ERROR = {
  /** The host could not be wired; the kernel's answer is in the details. */
  wiringFailed: 100,
  /** The container has the interface already: a second ADD without DEL. */
  attachmentExists: 101,
  /** CHECK found the wiring incomplete. */
  drifted: 102,
  /** The attachment's DEL came before its ADD was done, or the ADD of the pod's next sandbox. */
  overtaken: 103,
  /** The network policy agent has not taken the pod on, or could not be told that it is gone. */
  policyAgent: 104,
} as const;

const codeOfRefusal: Readonly<Record<RefusalReason, number>> = {
  starting: CNI_ERROR.tryAgainLater,
  cooling: CNI_ERROR.tryAgainLater,
  'subnet-full': CNI_ERROR.tryAgainLater,
  'no-free-prefix': CNI_ERROR.tryAgainLater,
  'eni-limit': CNI_ERROR.tryAgainLater,
  'at-max-pods': CNI_ERROR.tryAgainLater,
  'not-schedulable': CNI_ERROR.tryAgainLater,
  terminating: CNI_ERROR.tryAgainLater,
  'provisioning-disabled': CNI_ERROR.tryAgainLater,
  throttled: CNI_ERROR.tryAgainLater,
  permission: CNI_ERROR.tryAgainLater,
  'ec2-unavailable': CNI_ERROR.tryAgainLater,
  'checkpoint-unwritable': CNI_ERROR.tryAgainLater,
  'eni-absent': CNI_ERROR.tryAgainLater,
  kubernetes: CNI_ERROR.tryAgainLater,
  'branch-eni-pending': CNI_ERROR.tryAgainLater,
  'capacity-pending': CNI_ERROR.tryAgainLater,
};

const codeOfWiringFailure: Readonly<Record<WiringFailure, number>> = {
  'netns-not-found': CNI_ERROR.invalidNetns,
  'link-exists': PLUGIN_ERROR.attachmentExists,
};

/** The CNI error of an ADD for which there is no address. */
export function refusalError(refusal: Refusal): CniError {
  const { reason, message, retryAfterMs } = refusal;
  const wait =
    retryAfterMs === undefined ? '' : `; expected within ${Math.ceil(retryAfterMs / 1000)} s`;
  return new CniError(
    codeOfRefusal[reason],
    `no address for this pod yet (${reason})`,
    `${message}${wait}`,
  );
}

/** The CNI error of what the network policy agent has not done. */
export const policyError = ({ reason, message }: PolicyFailure, doing: string): CniError =>
  new CniError(PLUGIN_ERROR.policyAgent, `cannot ${doing} (${reason})`, message);

/** The CNI error of a failed set-up, told apart by the wiring error's `code`. */
export function wiringError(error: unknown, doing: string): CniError {
  if (isCniError(error)) return error;
  const details = error instanceof Error ? error.message : String(error);
  return new CniError(codeOfWiring(error), `cannot ${doing}`, details, { cause: error });
}

function codeOfWiring(error: unknown): number {
  const code = (error as { readonly code?: unknown } | undefined)?.code;
  return isWiringFailure(code) ? codeOfWiringFailure[code] : PLUGIN_ERROR.wiringFailed;
}

const isWiringFailure = (code: unknown): code is WiringFailure =>
  typeof code === 'string' && Object.hasOwn(codeOfWiringFailure, code);
