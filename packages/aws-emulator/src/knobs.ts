import { Ec2Error } from './cloud/ec2-error.ts';
import type { Ec2Operation } from './ec2/operation-names.ts';

/** What a knob turns: one EC2 action, all of them, or the metadata service. */
export type KnobTarget = Ec2Operation | 'ec2' | 'imds';

/** How a service is away. */
export type Unavailability =
  /** Nothing listens: connections are refused, open ones are cut. */
  | 'refused'
  /** Connections are accepted and reset at once. */
  | 'reset'
  /** Requests are read and never answered. */
  | 'hanging';

/** An error to answer with. */
export interface InjectedFailure {
  /** EC2 error code, for instance `RequestLimitExceeded`. */
  readonly code: string;
  readonly message: string;
  /** HTTP status; by default the one that EC2 uses for the code. */
  readonly status?: number;
  /** How many calls fail; 1 by default. */
  readonly count?: number;
  /** `after` lets the call take effect and loses its answer; `before` (default) prevents it. */
  readonly when?: 'before' | 'after';
}

/** A token bucket: `burst` calls at once, refilled at `perSecond`. */
export interface BucketSize {
  readonly burst: number;
  readonly perSecond: number;
}

/** Everything about an emulator that can be turned while it runs. */
export interface Knobs {
  /** Delay before each answer, by target; an action's own value beats the one for `ec2`. */
  readonly latencyMs: Partial<Record<KnobTarget, number>>;
  /** From `AttachNetworkInterface` to the link in the instance; 0 attaches before the answer. */
  attachDelayMs: number;
  /** From `DetachNetworkInterface` to `available`; 0 detaches before the answer. */
  detachDelayMs: number;
  /** The next calls fail. Injections for one target queue up; an action's own come first. */
  failNext(target: KnobTarget, failure: InjectedFailure): void;
  /** Every call fails until {@link allow}, by default as a missing IAM permission does. */
  deny(target: KnobTarget, failure?: { readonly code: string; readonly message: string }): void;
  /** Ends {@link deny}. */
  allow(target: KnobTarget): void;
  /**
   * Throttles calls: without a token EC2 answers `RequestLimitExceeded`. Several targets share one
   * bucket. `undefined` removes it.
   */
  setBucket(targets: KnobTarget | readonly KnobTarget[], size: BucketSize | undefined): void;
  /**
   * Takes a whole service away or brings it back; `true` means `refused`. Resolves when it holds.
   */
  setUnavailable(service: 'ec2' | 'imds', mode: boolean | Unavailability): Promise<void>;
}

interface Bucket extends BucketSize {
  tokens: number;
  filledAtMs: number;
}

type Pending = InjectedFailure & { left: number };

/** The knobs, and what they mean for a call. */
export class KnobBoard implements Knobs {
  readonly latencyMs: Partial<Record<KnobTarget, number>> = {};
  attachDelayMs: number;
  detachDelayMs = 0;
  readonly setUnavailable: Knobs['setUnavailable'];
  readonly #nowMs: () => number;
  readonly #failures = new Map<KnobTarget, Pending[]>();
  readonly #denials = new Map<KnobTarget, { readonly code: string; readonly message: string }>();
  readonly #buckets = new Map<KnobTarget, Bucket>();

  constructor(options: {
    readonly attachDelayMs: number;
    readonly nowMs: () => number;
    readonly setUnavailable: Knobs['setUnavailable'];
  }) {
    this.attachDelayMs = options.attachDelayMs;
    this.#nowMs = options.nowMs;
    this.setUnavailable = options.setUnavailable;
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

  /** The delay before the answer to a call. */
  latencyOf(targets: readonly KnobTarget[]): number {
    const first = targets.find((target) => this.latencyMs[target] !== undefined);
    return first === undefined ? 0 : (this.latencyMs[first] ?? 0);
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

  #throwNext(targets: readonly KnobTarget[], when: 'before' | 'after'): void {
    for (const target of targets) {
      const queue = this.#failures.get(target) ?? [];
      const next = queue.find((failure) => (failure.when ?? 'before') === when);
      if (next !== undefined) {
        next.left -= 1;
        this.#failures.set(
          target,
          queue.filter(({ left }) => left > 0),
        );
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
