import { setMaxListeners } from 'node:events';
import { ApiError } from './api-error.ts';
import { type ApiRequest, ruleNameOf } from './api-request.ts';
import type { Clock } from './clock.ts';
import type { InjectedFailure, Knobs, Target } from './knobs.ts';
import { ConnectionCut } from './service.ts';

/** What the knobs do to a request, on its way in and on its way out. */
export class CallGate implements Pick<Knobs, 'setLatency' | 'failNext' | 'hang' | 'resume'> {
  readonly #clock: Clock;
  #latencies: { readonly target: Target; readonly ms: number }[] = [];
  #failures: { readonly target: Target; readonly failure: InjectedFailure; left: number }[] = [];
  #hanging: Target[] = [];
  #resumed = freeController();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  setLatency(target: Target, ms: number): void {
    this.#latencies = [{ target, ms }, ...this.#latencies];
  }

  failNext(target: Target, failure: InjectedFailure): void {
    this.#failures.push({ target, failure, left: failure.count ?? 1 });
  }

  hang(target: Target): void {
    this.#hanging.push(target);
  }

  resume(): void {
    this.#hanging = [];
    this.#resumed.abort();
    this.#resumed = freeController();
  }

  /** Lets a request in after its latency, or throws what it fails with. */
  async enter(request: ApiRequest, signal: AbortSignal): Promise<void> {
    const latency = this.#latencies.find(({ target }) => fits(target, request));
    if (latency !== undefined && latency.ms > 0) await this.#clock.sleep(latency.ms, { signal });
    if (this.#hanging.some((target) => fits(target, request))) {
      await aborted(AbortSignal.any([signal, this.#resumed.signal]));
      throw new ConnectionCut();
    }
    this.#fail(request, 'before');
  }

  /** Lets the answer out, or throws. */
  leave(request: ApiRequest): void {
    this.#fail(request, 'after');
  }

  #fail(request: ApiRequest, when: 'before' | 'after'): void {
    const next = this.#failures.find(
      ({ target, failure }) => fits(target, request) && (failure.when ?? 'before') === when,
    );
    if (next === undefined) return;
    next.left -= 1;
    this.#failures = this.#failures.filter(({ left }) => left > 0);
    const { failure } = next;
    if ('cut' in failure) throw new ConnectionCut();
    const { status, reason, message = reason, retryAfterSeconds } = failure;
    throw new ApiError(
      status,
      reason,
      message,
      retryAfterSeconds === undefined ? {} : { retryAfterSeconds },
    );
  }
}

const fits = ({ verb, resource, name }: Target, request: ApiRequest): boolean =>
  (verb === undefined || verb === request.verb) &&
  (resource === undefined || resource === ruleNameOf(request)) &&
  (name === undefined || name === request.name);

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });

function freeController(): AbortController {
  const controller = new AbortController();
  // Every request that hangs listens to it; hundreds at once are no leak.
  setMaxListeners(0, controller.signal);
  return controller;
}
