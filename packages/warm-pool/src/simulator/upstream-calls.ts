import type { Course } from './clock.ts';
import type { Ec2Call, RetryPolicy } from './ec2.ts';
import type { Node } from './node.ts';

// How patiently v1.23.1 calls EC2; section numbers are those of its reference.

/** §7.1: the standard retryer of the SDK. */
const SDK_RETRY: RetryPolicy = {
  attempts: 3,
  delayMs: (attempt, random) => random() * Math.min(20_000, 1_000 * 2 ** attempt),
};
/** §0: around calls that free an ENI. */
const WRAPPER_TRIES = 12;
const WRAPPER_CAP_MS = 60_000;

/** A call with the SDK's retries; false: throttled to the end. */
export function* callWithRetry({ ec2, random }: Node, action: Ec2Call): Course<boolean> {
  for (let attempt = 1; ; attempt++) {
    if (yield* ec2.call(action)) {
      return true;
    }
    if (attempt === SDK_RETRY.attempts) {
      return false;
    }
    yield SDK_RETRY.delayMs(attempt, random);
  }
}

/** §0: up to 12 tries; the wait between them doubles up to a minute. */
export function* tries(firstDelayMs: number, attempt: () => Course<boolean>): Course<boolean> {
  for (let number = 1; number <= WRAPPER_TRIES; number++) {
    if (yield* attempt()) {
      return true;
    }
    if (number < WRAPPER_TRIES) {
      yield Math.min(WRAPPER_CAP_MS, firstDelayMs * 2 ** (number - 1));
    }
  }
  return false;
}

/** §8.5: it looks after 0, 0.1, 0.3, 0.7 … s, and so notices late. */
export function pollsUntil(delayMs: number): number {
  let atMs = 0;
  for (let gapMs = 100; atMs < delayMs; gapMs = Math.min(WRAPPER_CAP_MS, 2 * gapMs)) {
    atMs += gapMs;
  }
  return atMs;
}
