import type { Clock } from './clock.ts';
import { Ec2Error } from './cloud/ec2-error.ts';
import { allows, type IamQuestion } from './iam/policy.ts';
import type { KnobBoard } from './knob-board.ts';
import type { KnobTarget } from './knobs.ts';
import { Unanswered } from './unanswered.ts';

/** Whoever asks: the emulator knows no accounts. */
const CALLER = 'arn:aws:sts::123456789012:assumed-role/node/session';

/** What the knobs do to a call, on its way in and on its way out. */
export class CallGate {
  readonly #knobs: KnobBoard;
  readonly #clock: Clock;
  readonly #closing: AbortSignal;

  /** @param closing ends every wait, so that a long latency does not hold up a closing emulator. */
  constructor(knobs: KnobBoard, clock: Clock, closing: AbortSignal) {
    this.#knobs = knobs;
    this.#clock = clock;
    this.#closing = closing;
  }

  /** Lets a call in after its latency, or throws an `Ec2Error` or {@link Unanswered}. */
  async enter(targets: readonly KnobTarget[]): Promise<void> {
    const latencyMs = this.#knobs.latencyOf(targets);
    if (latencyMs > 0) {
      await this.#clock.sleep(latencyMs, { signal: this.#closing });
    }
    this.#hang(targets, 'before');
    this.#knobs.admit(targets);
  }

  /** Throws the `Ec2Error` of a call that the policy does not allow. */
  authorize(questions: readonly IamQuestion[]): void {
    const { policy } = this.#knobs;
    const refused = policy && questions.find((question) => !allows(policy, question));
    if (refused !== undefined) {
      throw new Ec2Error(
        'UnauthorizedOperation',
        `You are not authorized to perform this operation. User: ${CALLER} is not authorized to perform: ${refused.action} on resource: ${refused.resource} because no identity-based policy allows the ${refused.action} action`,
      );
    }
  }

  /** How far the answer to a read is behind, in milliseconds. */
  lagOf(targets: readonly KnobTarget[]): number {
    return this.#knobs.lagOf(targets);
  }

  /** The paths below `meta-data/` that are to be missing. */
  get hiddenMetadata(): ReadonlySet<string> {
    return this.#knobs.hiddenMetadata;
  }

  /** Lets the answer out of a call that has taken effect, or throws as {@link enter} does. */
  leave(targets: readonly KnobTarget[]): void {
    this.#hang(targets, 'after');
    this.#knobs.conclude(targets);
  }

  #hang(targets: readonly KnobTarget[], when: 'before' | 'after'): void {
    const resumed = this.#knobs.hangOf(targets, when);
    if (resumed !== undefined) {
      throw new Unanswered(aborted(AbortSignal.any([resumed, this.#closing])));
    }
  }
}

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) {
      resolve();
    }
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
