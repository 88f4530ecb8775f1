import type { AttachOutcome, DeleteOutcome, DetachOutcome } from '../ports.ts';
import { awsCodeOf, messageOf } from './translate-error.ts';

// Refusals that belong to the normal life of an ENI. EC2 reports several of them as
// InvalidParameterValue and tells them apart in its sentence only; this is the place that reads it.
// Each function throws what it does not know.

const IS_SLOT_TAKEN = /already has an interface attached at device index/i;
const IS_IN_USE = /currently in use/i;

/** @internal */
export function attachOutcomeOf(error: unknown): AttachOutcome {
  const awsCode = awsCodeOf(error);
  if (awsCode === 'InvalidParameterValue' && IS_SLOT_TAKEN.test(messageOf(error))) {
    return { kind: 'device-number-taken' };
  }
  if (awsCode === 'InvalidNetworkInterface.InUse' || isInUse(error)) {
    return { kind: 'eni-in-use' };
  }
  throw error;
}

/** @internal */
export function detachOutcomeOf(error: unknown): DetachOutcome {
  switch (awsCodeOf(error)) {
    case 'InvalidAttachmentID.NotFound':
    case 'InvalidNetworkInterfaceID.NotFound':
      return 'not-attached';
    case 'IncorrectState':
      return 'busy';
    default:
      throw error;
  }
}

/** @internal */
export function deleteOutcomeOf(error: unknown): DeleteOutcome {
  switch (awsCodeOf(error)) {
    case 'InvalidNetworkInterfaceID.NotFound':
      return 'not-found';
    case 'InvalidNetworkInterface.InUse':
    case 'IncorrectState':
      return 'in-use';
    default:
      if (isInUse(error)) {
        return 'in-use';
      }
      throw error;
  }
}

const isInUse = (error: unknown): boolean =>
  awsCodeOf(error) === 'InvalidParameterValue' && IS_IN_USE.test(messageOf(error));
