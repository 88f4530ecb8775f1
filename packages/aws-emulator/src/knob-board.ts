import { setMaxListeners } from 'node:events';
import { Ec2Error } from './cloud/ec2-error.ts';
import { ec2Operations } from './ec2/operation-names.ts';
import { ec2BucketSizeOf } from './ec2-buckets.ts';
import { type IamPolicy, requireReadable } from './iam/policy.ts';
import type { BucketSize, InjectedFailure, Knobs, KnobTarget, Moment } from './knobs.ts';
import { Unanswered } from './unanswered.ts';

interface Bucket extends BucketSize {
  tokens: number;
  filledAtMs: number;
}

type Pending = InjectedFailure & { left: number };

interface Hang {
  readonly when: Moment;
  readonly resumed: AbortController;
}

/** The knobs, and what they mean for a call. */
export class KnobBoard implements Knobs {
  readonly latencyMs: Partial<Record<KnobTarget, number>> = {};
  attachDelayMs: number;
  detachDelayMs = 0;
  readonly setUnavailable: Knobs['setUnavailable'];
  readonly hiddenMetadata = new Set<string>();
  policy: IamPolicy | undefined;
  readonly #nowMs: () => number;
  readonly #onLag: (lagsMs: readonly number[]) => void;
  readonly #lags = new Map<KnobTarget, number>();
  readonly #failures = new Map<KnobTarget, Pending[]>();
  readonly #denials = new Map<KnobTarget, { readonly code: string; readonly message: string }>();
  readonly #buckets = new Map<KnobTarget, Bucket>();
  readonly #hangs = new Map<KnobTarget, Hang>();

  constructor(options: {
    readonly attachDelayMs: number;
    readonly nowMs: () => number;
    /** Hears all lags whenever one is set. */
    readonly onLag: (lagsMs: readonly number[]) => void;
    readonly setUnavailable: Knobs['setUnavailable'];
  }) {
    this.attachDelayMs = options.attachDelayMs;
    this.#nowMs = options.nowMs;
    this.#onLag = options.onLag;
    this.setUnavailable = options.setUnavailable;
  }

  setLag(target: KnobTarget, lagMs: number | undefined): void {
    if (lagMs === undefined) {
      this.#lags.delete(target);
    } else {
      this.#lags.set(target, lagMs);
    }
    this.#onLag([...this.#lags.values()]);
  }

  hideMetadata(path: string): void {
    this.hiddenMetadata.add(path);
  }

  showMetadata(path: string): void {
    this.hiddenMetadata.delete(path);
  }

  failNext(target: KnobTarget, failure: InjectedFailure): void {
    const queue = this.#failures.get(target) ?? [];
    this.#failures.set(target, [...queue, { ...failure, left: failure.count ?? 1 }]);
  }

  deny(
    target: KnobTarget,
    failure = {
      code: 'UnauthorizedOperation',
      message: 'You are not authorized to perform this operation.',
    },
  ): void {
    this.#denials.set(target, failure);
  }

  allow(target: KnobTarget): void {
    this.#denials.delete(target);
  }

  usePolicy(policy: IamPolicy | undefined): void {
    if (policy !== undefined) {
      requireReadable(policy);
    }
    this.policy = policy;
  }

  hang(target: KnobTarget, when: Moment = 'before'): void {
    this.resume(target);
    const resumed = new AbortController();
    // Every call that hangs listens to it; hundreds at once are no leak.
    setMaxListeners(0, resumed.signal);
    this.#hangs.set(target, { when, resumed });
  }

  resume(target: KnobTarget): void {
    this.#hangs.get(target)?.resumed.abort();
    this.#hangs.delete(target);
  }

  setBucket(targets: KnobTarget | readonly KnobTarget[], size: BucketSize | undefined): void {
    const bucket = size && { ...size, tokens: size.burst, filledAtMs: this.#nowMs() };
    for (const target of typeof targets === 'string' ? [targets] : targets) {
      if (bucket === undefined) {
        this.#buckets.delete(target);
      } else {
        this.#buckets.set(target, bucket);
      }
    }
  }

  useEc2Buckets(): void {
    for (const operation of ec2Operations) {
      this.setBucket(operation, ec2BucketSizeOf(operation));
    }
  }

  /** How far the answer to a read is behind. */
  lagOf(targets: readonly KnobTarget[]): number {
    const target = targets.find((candidate) => this.#lags.has(candidate));
    return target === undefined ? 0 : (this.#lags.get(target) ?? 0);
  }

  /** The delay before the answer to a call. */
  latencyOf(targets: readonly KnobTarget[]): number {
    const first = targets.find((target) => this.latencyMs[target] !== undefined);
    return first === undefined ? 0 : (this.latencyMs[first] ?? 0);
  }

  /** The end of the hanging that a call falls into; `undefined` when it may go on. */
  hangOf(targets: readonly KnobTarget[], when: Moment): AbortSignal | undefined {
    const hang = targets
      .map((target) => this.#hangs.get(target))
      .find((candidate) => candidate?.when === when);
    return hang?.resumed.signal;
  }

  /** Throws what a call shall fail with before it has any effect. */
  admit(targets: readonly KnobTarget[]): void {
    for (const target of targets) {
      if (!this.#takeToken(target)) {
        throw new Ec2Error('RequestLimitExceeded', 'Request limit exceeded.');
      }
    }
    for (const target of targets) {
      const denial = this.#denials.get(target);
      if (denial !== undefined) {
        throw new Ec2Error(denial.code, denial.message);
      }
    }
    this.#throwNext(targets, 'before');
  }

  /** Throws what a call shall fail with although it has taken effect. */
  conclude(targets: readonly KnobTarget[]): void {
    this.#throwNext(targets, 'after');
  }

  #throwNext(targets: readonly KnobTarget[], when: Moment): void {
    for (const target of targets) {
      const queue = this.#failures.get(target) ?? [];
      const next = queue.find((failure) => (failure.when ?? 'before') === when);
      if (next !== undefined) {
        next.left -= 1;
        this.#failures.set(
          target,
          queue.filter(({ left }) => left > 0),
        );
        if ('cut' in next) {
          throw new Unanswered(Promise.resolve());
        }
        const status = next.status === undefined ? {} : { status: next.status };
        throw new Ec2Error(next.code, next.message, status);
      }
    }
  }

  #takeToken(target: KnobTarget): boolean {
    const bucket = this.#buckets.get(target);
    if (bucket === undefined) {
      return true;
    }
    const nowMs = this.#nowMs();
    const refill = ((nowMs - bucket.filledAtMs) / 1000) * bucket.perSecond;
    bucket.tokens = Math.min(bucket.burst, bucket.tokens + refill);
    bucket.filledAtMs = nowMs;
    if (bucket.tokens < 1) {
      return false;
    }
    bucket.tokens -= 1;
    return true;
  }
}
