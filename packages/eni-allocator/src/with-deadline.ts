import { aroundEachCall } from './around-each-call.ts';
import type { Clock } from './clock.ts';
import { describeCall } from './describe-call.ts';
import { EniAllocatorError } from './eni-allocator-error.ts';
import type { Ec2NetworkPort } from './ports.ts';

/**
 * The port, with each call ended after `deadlineMs`, whatever keeps it: all pages of an answer
 * together, an answer that trickles, an endpoint that hangs. It rejects with `unreachable` then, and
 * may or may not have been carried out.
 *
 * Stack it right around the port that talks to EC2: waiting for a token or between tries is bounded by
 * those wrappers themselves.
 */
export function withDeadline(
  port: Ec2NetworkPort,
  deadlineMs: number,
  clock: Clock,
): Ec2NetworkPort {
  return aroundEachCall(port, async (operation, call, options, request) => {
    options.signal?.throwIfAborted();
    const over = new AbortController();
    const signal =
      options.signal === undefined ? over.signal : AbortSignal.any([options.signal, over.signal]);
    const timeUp = clock.sleep(deadlineMs, { signal: over.signal }).then(() => {
      const { doing, facts } = describeCall(operation, request);
      throw new EniAllocatorError(
        'unreachable',
        `${doing}: no answer within ${deadlineMs} ms; it may have been carried out`,
        { facts: { ...facts, deadlineMs } },
      );
    });
    try {
      return await Promise.race([call({ signal }), timeUp]);
    } finally {
      over.abort(); // ends the call, or the wait for its end
    }
  });
}
