/** What the daemon is waiting for before it can serve. */
export interface StartupPhase {
  /** What is being done, e.g. "reading instance metadata". */
  readonly name: string;
  /** The last failure; absent on the first attempt. */
  readonly failure?: string;
}

export interface PhaseRunner {
  /** Runs `step` until it succeeds, waiting longer after each failure (0.25 s to 5 s). */
  run<T>(name: string, step: () => Promise<T>): Promise<T>;
}

const FIRST_RETRY_MS = 250;
const LONGEST_RETRY_MS = 5_000;

/**
 * Start-up as a series of named phases: a dependency that is away never ends the process, it is
 * named to everybody who asks (`onPhase`) until it is back.
 */
export function createPhaseRunner(options: {
  readonly clock: {
    sleep(ms: number, options?: { readonly signal?: AbortSignal }): Promise<void>;
  };
  readonly signal: AbortSignal;
  readonly onPhase: (phase: StartupPhase) => void;
}): PhaseRunner {
  const { clock, signal, onPhase } = options;
  return {
    run: async (name, step) => {
      onPhase({ name });
      for (let retryMs = FIRST_RETRY_MS; ; retryMs = Math.min(LONGEST_RETRY_MS, 2 * retryMs)) {
        signal.throwIfAborted();
        try {
          return await step();
        } catch (error) {
          signal.throwIfAborted();
          onPhase({ name, failure: error instanceof Error ? error.message : String(error) });
        }
        await clock.sleep(retryMs, { signal });
      }
    },
  };
}
