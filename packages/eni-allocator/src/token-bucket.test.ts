import { describe, expect, test } from '@jest/globals';
import { createFakeClock, type FakeClock } from '@vpc-cni/testing';
import { createTokenBucket, type TokenBucket } from './token-bucket.ts';

const policy = { maxWaitMs: 60_000, jitter: 0, random: () => 0 };
const limit = { burst: 2, perSecond: 1 };

const setUp = (change: Partial<typeof policy> = {}) => {
  const clock = createFakeClock();
  const bucket = createTokenBucket(limit, { ...policy, ...change }, clock);
  return { clock, bucket };
};

/** Starts `count` calls and notes for each how long it waited. */
function startCalls(bucket: TokenBucket, clock: FakeClock, count: number) {
  const startedAtMs = clock.nowMs();
  const waits: number[] = [];
  for (let call = 0; call < count; call += 1) {
    void bucket.take(undefined).then(() => waits.push(clock.nowMs() - startedAtMs));
  }
  return waits;
}

/** A call that EC2 throttles, or not. */
async function call(bucket: TokenBucket, wasThrottled: boolean): Promise<void> {
  const turn = await bucket.take(undefined);
  if (turn.kind === 'go') {
    turn.end(wasThrottled);
  }
}

describe('createTokenBucket', () => {
  test('lets the burst through and holds the rest back', async () => {
    const { clock, bucket } = setUp();
    const waits = startCalls(bucket, clock, 5);
    await clock.advance(10_000);
    expect(waits).toEqual([0, 0, 1_000, 2_000, 3_000]);
  });

  test('refills up to the burst and no further', async () => {
    const { clock, bucket } = setUp();
    await clock.advance(3_600_000);
    const waits = startCalls(bucket, clock, 3);
    await clock.advance(10_000);
    expect(waits).toEqual([0, 0, 1_000]);
  });

  test('adds a random share to the waits', async () => {
    const { clock, bucket } = setUp({ jitter: 0.5, random: () => 0.5 });
    const waits = startCalls(bucket, clock, 3);
    await clock.advance(10_000);
    expect(waits).toEqual([0, 0, 1_250]);
  });

  test('refuses who would wait too long, and says how long', async () => {
    const { clock, bucket } = setUp({ maxWaitMs: 1_500 });
    const turns = Promise.all([1, 2, 3, 4].map(() => bucket.take(undefined)));
    await clock.advance(10_000);
    expect((await turns).map(({ kind }) => kind)).toEqual(['go', 'go', 'go', 'too-long']);
    expect((await turns)[3]).toEqual({ kind: 'too-long', waitMs: 1_000 });
  });

  test('gives the place of an aborted call to the next, in order', async () => {
    const { clock, bucket } = setUp();
    const abort = new AbortController();
    const waits = startCalls(bucket, clock, 3);
    const aborted = bucket.take(abort.signal);
    aborted.catch(() => {});
    const later = startCalls(bucket, clock, 1);
    await clock.advance(500);
    abort.abort(new Error('shutting down'));
    await expect(aborted).rejects.toThrow('shutting down');
    await clock.advance(10_000);
    expect([...waits, ...later]).toEqual([0, 0, 1_000, 2_000]);
    expect(bucket.figures()).toMatchObject({ callCount: 4, waiting: 0 });
  });

  test('serves nobody who is aborted already', async () => {
    const { bucket } = setUp();
    const signal = AbortSignal.abort(new Error('shutting down'));
    await expect(bucket.take(signal)).rejects.toThrow('shutting down');
    expect(bucket.figures()).toMatchObject({ tokens: 2, waiting: 0 });
  });

  test('is not drained by a clock that is set back', async () => {
    let nowMs = 1_000_000;
    const clock = { nowMs: () => nowMs, sleep: async () => {} };
    const bucket = createTokenBucket(limit, policy, clock);
    nowMs -= 500_000;
    expect(bucket.figures().tokens).toBe(2);
  });
});

describe('what a bucket learns', () => {
  test('half the rate and no token left after a throttle', async () => {
    const { bucket } = setUp();
    await call(bucket, true);
    expect(bucket.figures()).toEqual({
      perSecond: 0.5,
      ceilingPerSecond: 1,
      tokens: 0,
      waiting: 0,
      callCount: 1,
      throttledCount: 1,
    });
  });

  test('one lesson from calls that were on their way together', async () => {
    const { bucket } = setUp();
    const turns = await Promise.all([bucket.take(undefined), bucket.take(undefined)]);
    for (const turn of turns) {
      expect(turn.kind).toBe('go');
      if (turn.kind === 'go') {
        turn.end(true);
      }
    }
    expect(bucket.figures()).toMatchObject({ perSecond: 0.5, throttledCount: 2 });
  });

  test('a fortieth of the ceiling back from each success, up to the ceiling', async () => {
    const { clock, bucket } = setUp();
    await call(bucket, true);
    await clock.advance(600_000);
    await call(bucket, false);
    expect(bucket.figures().perSecond).toBeCloseTo(0.525);
    for (let calls = 0; calls < 30; calls += 1) {
      await clock.advance(10_000);
      await call(bucket, false);
    }
    expect(bucket.figures().perSecond).toBe(1);
  });

  test('not to ask at all is never the lesson', async () => {
    const { clock, bucket } = setUp();
    for (let calls = 0; calls < 30; calls += 1) {
      await clock.advance(600_000);
      await call(bucket, true);
    }
    expect(bucket.figures().perSecond).toBe(1 / 128);
  });

  test('makes those wait longer who wait already', async () => {
    const { clock, bucket } = setUp();
    const first = await bucket.take(undefined);
    await bucket.take(undefined);
    const waits = startCalls(bucket, clock, 1);
    await clock.advance(500);
    if (first.kind === 'go') {
      first.end(true);
    }
    await clock.advance(10_000);
    expect(waits).toEqual([2_500]); // not 1 000: the half token is gone, and the rate is half
  });
});

test('callers that share a quota find their share of it: little throttling, little waste', async () => {
  const clock = createFakeClock();
  // EC2's bucket for changes: 5 a second. Four nodes would like to call twice a second each.
  const shared = { tokens: 5, filledAtMs: clock.nowMs() };
  let served = 0;
  let refused = 0;
  const askEc2 = (): boolean => {
    const elapsedMs = clock.nowMs() - shared.filledAtMs;
    shared.tokens = Math.min(5, shared.tokens + (elapsedMs * 5) / 1000);
    shared.filledAtMs = clock.nowMs();
    if (shared.tokens < 1) {
      refused += 1;
      return false;
    }
    shared.tokens -= 1;
    served += 1;
    return true;
  };
  const abort = new AbortController();
  const node = async () => {
    const bucket = createTokenBucket({ burst: 10, perSecond: 2 }, policy, clock);
    for (;;) {
      const turn = await bucket.take(abort.signal);
      if (turn.kind === 'go') {
        turn.end(!askEc2());
      }
    }
  };
  const nodes = Promise.allSettled([node(), node(), node(), node()]);
  await clock.advance(60_000); // learning
  [served, refused] = [0, 0];
  await clock.advance(300_000);
  abort.abort();
  await nodes;
  // Undisturbed, EC2 would serve 1 500; without learning, 900 of 2 400 calls would be refused.
  expect(served).toBeGreaterThan(1_500 * 0.8);
  expect(refused / (served + refused)).toBeLessThan(0.05);
});
