import { EventQueue } from './event-queue.ts';

/**
 * A course of events in virtual time, written down as one would tell it: it yields how many
 * milliseconds it waits before it goes on.
 */
export type Course<Result = void> = Generator<number, Result, void>;

/** Virtual time: it stands still while something happens, and then jumps to the next event. */
export interface Clock {
  readonly nowMs: number;
  /** Lets something happen at an instant, or now if that has passed. */
  at(atMs: number, happen: () => void): void;
  /** Starts a course now. */
  run<Result>(course: Course<Result>, onEnd?: (result: Result) => void): void;
}

/** The clock of a simulation, and the crank that turns it. */
export class VirtualClock implements Clock {
  nowMs: number;
  readonly #events = new EventQueue();

  constructor(startMs: number) {
    this.nowMs = startMs;
  }

  get nextAtMs(): number | undefined {
    return this.#events.nextAtMs;
  }

  at(atMs: number, happen: () => void): void {
    this.#events.add(Math.max(atMs, this.nowMs), happen);
  }

  run<Result>(course: Course<Result>, onEnd?: (result: Result) => void): void {
    const goOn = () => {
      const step = course.next();
      if (step.done === true) {
        onEnd?.(step.value);
      } else if (step.value > 0) {
        this.at(this.nowMs + step.value, goOn);
      } else {
        goOn();
      }
    };
    goOn();
  }

  /** Jumps to the next event and lets it happen. */
  turn(): void {
    const event = this.#events.take();
    if (event !== undefined) {
      this.nowMs = event.atMs;
      event.happen();
    }
  }
}
