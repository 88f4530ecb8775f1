import type { StatusReason } from './api-error.ts';
import type { Verb } from './api-request.ts';

/** Which requests a knob turns; what is left out means any. */
export interface Target {
  readonly verb?: Verb;
  /** As in rules: `pods`, `nodes/status`. */
  readonly resource?: string;
  readonly name?: string;
}

/** How the server is away. */
export type Unavailability =
  /** Nothing listens: connections are refused, open ones are cut. */
  | 'refused'
  /** Connections are accepted and reset at once. */
  | 'reset'
  /** Requests are read and never answered; open watches say nothing more. */
  | 'hanging';

/** A failure for requests to come: an answer, or none. */
export type InjectedFailure = (
  | {
      readonly status: number;
      readonly reason: StatusReason;
      readonly message?: string;
      /** Sent as the header `Retry-After`. */
      readonly retryAfterSeconds?: number;
    }
  /** The connection is cut. */
  | { readonly cut: true }
) & {
  /** How many requests fail; 1 by default. */
  readonly count?: number;
  /** Whether the request is caught before it takes effect, or after, so that only its answer is lost. */
  readonly when?: 'before' | 'after';
};

/** Everything about the emulator that can be turned while it runs. */
export interface Knobs {
  /** Delay before each answer in milliseconds; the latest setting that fits a request counts. */
  setLatency(target: Target, ms: number): void;
  /** The next requests fail. */
  failNext(target: Target, failure: InjectedFailure): void;
  /** Requests get no answer until {@link resume}. */
  hang(target: Target): void;
  /** Ends all hanging; what hung is cut. */
  resume(): void;
  /** Ends all open watches, as a server does that goes away: cleanly, or by cutting connections. */
  endWatches(how: 'closed' | 'cut'): void;
  /** Open watches say nothing more and stay open, as over a connection that is half dead. */
  freezeWatches(): void;
  /** Forgets all changes up to now: watches from before begin with 410 Gone. */
  compact(): void;
  /** Takes the server away or brings it back. Resolves when it holds. */
  setUnavailable(mode: false | Unavailability): Promise<void>;
}
