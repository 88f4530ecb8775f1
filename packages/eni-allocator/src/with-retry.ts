import { aroundEachCall } from './around-each-call.ts';
import type { Clock } from './clock.ts';
import { type EniAllocatorErrorCode, isEniAllocatorError } from './eni-allocator-error.ts';
import type { Ec2NetworkPort, Ec2Operation } from './ports.ts';

/** How often and how patiently {@link withRetry} repeats a call. */
export interface RetryPolicy {
  /** Tries in all, the first one included; at least 1. */
  readonly attempts: number;
  /** Wait before the second try, in milliseconds; doubles from try to try. */
  readonly baseDelayMs: number;
  /** No wait is longer, jitter aside. */
  readonly maxDelayMs: number;
  /** Up to this share of the wait is added at random, so that a fleet does not march in step. */
  readonly jitter: number;
  /** A number from 0 up to 1. */
  readonly random: () => number;
}

/** Six tries within about 20 s: 0.5, 1, 2, 4, 8 s and up to half as much again. */
export const defaultRetryPolicy: RetryPolicy = {
  attempts: 6,
  baseDelayMs: 500,
  maxDelayMs: 20_000,
  jitter: 0.5,
  random: Math.random,
};

/**
 * The port, with calls repeated that EC2 throttled, had no time for or did not answer.
 *
 * A call that was throttled or came too soon (`busy`) was not carried out and is repeated whatever it is.
 * A call without an answer may have been carried out, so those that assign addresses or prefixes, and
 * would do so twice, are not repeated then; every other operation of the port may be. The last error is
 * the one that is thrown, unless it tells nothing of an earlier try that had no answer: then that one's.
 */
export function withRetry(port: Ec2NetworkPort, policy: RetryPolicy, clock: Clock): Ec2NetworkPort {
  return aroundEachCall(port, async (operation, call, options) => {
    let unanswered: unknown;
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await call(options);
      } catch (error) {
        if (isOf(error, 'unreachable')) {
          unanswered = error;
        }
        if (attempt >= policy.attempts || !mayRepeat(operation, error)) {
          throw isOf(error, 'throttled', 'busy') ? (unanswered ?? error) : error;
        }
      }
      await clock.sleep(retryDelayMs(policy, attempt), sleepOptions(options.signal));
    }
  });
}

const isOf = (error: unknown, ...codes: readonly EniAllocatorErrorCode[]): boolean =>
  isEniAllocatorError(error) && codes.includes(error.code);

/** They would assign twice. */
const ASSIGNS: ReadonlySet<Ec2Operation> = new Set([
  'assignAddresses',
  'assignPrefixes',
  'assignIpv6Prefixes',
]);

function mayRepeat(operation: Ec2Operation, error: unknown): boolean {
  return (
    isOf(error, 'throttled', 'busy') || (isOf(error, 'unreachable') && !ASSIGNS.has(operation))
  );
}

/** The wait after the given failed try (1, 2, …), in milliseconds. */
export function retryDelayMs(policy: RetryPolicy, attempt: number): number {
  const delay = Math.min(policy.maxDelayMs, policy.baseDelayMs * 2 ** (attempt - 1));
  return Math.round(delay * (1 + policy.jitter * policy.random()));
}

/** @internal */
export const sleepOptions = (signal: AbortSignal | undefined) =>
  signal === undefined ? {} : { signal };
