import { aroundEachCall } from './around-each-call.ts';
import { type EniAllocatorErrorCode, isEniAllocatorError } from './eni-allocator-error.ts';
import type { Ec2NetworkPort, Ec2Operation } from './ports.ts';

/** How one call ended. `aborted` is anything that is not an error of this package. */
export type CallOutcome =
  | { readonly kind: 'ok' }
  | {
      readonly kind: 'failed';
      readonly code: EniAllocatorErrorCode;
      /** EC2's own word for the failure, where EC2 answered. */
      readonly awsCode: string | undefined;
    }
  | { readonly kind: 'aborted' };

/**
 * Told of every call as it starts; the function it returns is told once how the call ended.
 *
 * The observer brings its own stopwatch, if it wants one. What it throws is the caller's problem,
 * so it had better not.
 */
export type CallObserver = (operation: Ec2Operation) => (outcome: CallOutcome) => void;

/** The port, with every call reported to `observer`: for metrics, events and logs. */
export function withCallObserver(port: Ec2NetworkPort, observer: CallObserver): Ec2NetworkPort {
  return aroundEachCall(port, async (operation, call, options) => {
    const ended = observer(operation);
    let outcome: CallOutcome = { kind: 'ok' };
    try {
      return await call(options);
    } catch (error) {
      outcome = outcomeOf(error);
      throw error;
    } finally {
      ended(outcome);
    }
  });
}

function outcomeOf(error: unknown): CallOutcome {
  if (!isEniAllocatorError(error)) {
    return { kind: 'aborted' };
  }
  const awsCode = error.facts['awsCode'];
  return {
    kind: 'failed',
    code: error.code,
    awsCode: awsCode === undefined ? undefined : String(awsCode),
  };
}
