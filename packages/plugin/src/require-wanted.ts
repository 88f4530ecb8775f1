import { type AttachmentRequest, CNI_ERROR, CniError, isCniError } from '@vpc-cni/cni-spec';

/** Nobody will read the answer, and the runtime's DEL may have been here already. @throws {CniError} 11, or why. */
export function requireWanted({ aborted, reason }: AttachmentRequest['signal']): void {
  if (!aborted) return;
  if (isCniError(reason)) throw reason;
  throw new CniError(CNI_ERROR.tryAgainLater, 'the runtime gave up on this ADD');
}
