import type { Ec2Operation } from './ec2/operation-names.ts';
import type { ec2BucketSizeOf } from './ec2-buckets.ts';
import type { IamPolicy } from './iam/policy.ts';

/**
 * What a knob turns: one EC2 action, all of them (`ec2`), the whole metadata service (`imds`), or
 * only the call that gives its session tokens (`imds-token`).
 */
export type KnobTarget = Ec2Operation | 'ec2' | 'imds' | 'imds-token';

/** How a service is away. */
export type Unavailability =
  /** Nothing listens: connections are refused, open ones are cut. */
  | 'refused'
  /** Connections are accepted and reset at once. */
  | 'reset'
  /** Requests are read and never answered. */
  | 'hanging';

/** Whether a call is caught before it takes effect, or after, so that only its answer is lost. */
export type Moment = 'before' | 'after';

/** A failure for calls to come: an error to answer with, or no answer at all. */
export type InjectedFailure = (
  | {
      /** EC2 error code, for instance `RequestLimitExceeded`. */
      readonly code: string;
      readonly message: string;
      /** HTTP status; by default the one that EC2 uses for the code. */
      readonly status?: number;
    }
  | {
      /** The connection is cut without an answer. */
      readonly cut: true;
    }
) & {
  /** How many calls fail; 1 by default. */
  readonly count?: number;
  /** `before` by default. */
  readonly when?: Moment;
};

/** A token bucket: `burst` calls at once, refilled at `perSecond`. */
export interface BucketSize {
  readonly burst: number;
  readonly perSecond: number;
}

/** Everything about an emulator that can be turned while it runs. */
export interface Knobs {
  /** Delay before each answer, by target; an action's own value beats the one for `ec2`. */
  readonly latencyMs: Partial<Record<KnobTarget, number>>;
  /**
   * From `AttachNetworkInterface` to the link in the instance; 0 attaches before the answer, and
   * `Infinity` leaves the ENI `attaching` until somebody detaches it.
   */
  attachDelayMs: number;
  /**
   * From `DetachNetworkInterface` to `available`; 0 detaches before the answer, and `Infinity`
   * leaves the ENI `detaching` until somebody forces it.
   */
  detachDelayMs: number;
  /**
   * How far reads are behind what has happened, in milliseconds; `Infinity` keeps showing the oldest
   * state that is known, which is the present when nothing lagged before. For `imds` that is what metadata says of ENIs and networks, for `ec2` or a single action
   * what `Describe…` and `Get…` answer. An action's own lag beats the one for `ec2`; `undefined`
   * removes it. What happened before the first lag was set is visible from the beginning.
   */
  setLag(target: Ec2Operation | 'ec2' | 'imds', lagMs: number | undefined): void;
  /**
   * Metadata has no such path any more, as happens around an attachment.
   *
   * @param path below `/latest/meta-data/`, for instance
   *   `network/interfaces/macs/02:…/local-ipv4s`; of a folder everything in it goes.
   */
  hideMetadata(path: string): void;
  /** Ends {@link hideMetadata}. */
  showMetadata(path: string): void;
  /** The next calls fail. Injections for one target queue up; an action's own come first. */
  failNext(target: KnobTarget, failure: InjectedFailure): void;
  /** Every call fails until {@link allow}, by default as a missing IAM permission does. */
  deny(target: KnobTarget, failure?: { readonly code: string; readonly message: string }): void;
  /** Ends {@link deny}. */
  allow(target: KnobTarget): void;
  /**
   * The caller's role has this policy and no other: EC2 refuses what it does not allow, for the resources and tags
   * of each call. `undefined` allows everything again.
   *
   * @throws {TypeError} for what is not emulated: `NotAction` and its kind, rare condition operators.
   */
  usePolicy(policy: IamPolicy | undefined): void;
  /**
   * Calls get no answer, and their connections stay open until {@link resume} cuts them. The other
   * calls go on: hanging `imds-token` is what a hop limit too small looks like.
   *
   * @param when `before` by default: the calls have no effect.
   */
  hang(target: KnobTarget, when?: Moment): void;
  /** Ends {@link hang}. */
  resume(target: KnobTarget): void;
  /**
   * Throttles calls: without a token EC2 answers `RequestLimitExceeded`. Several targets share one
   * bucket. `undefined` removes it.
   */
  setBucket(targets: KnobTarget | readonly KnobTarget[], size: BucketSize | undefined): void;
  /** Gives every action a bucket of its own, as large as EC2's: {@link ec2BucketSizeOf}. */
  useEc2Buckets(): void;
  /**
   * Takes a whole service away or brings it back; `true` means `refused`. Resolves when it holds.
   */
  setUnavailable(service: 'ec2' | 'imds', mode: boolean | Unavailability): Promise<void>;
}
