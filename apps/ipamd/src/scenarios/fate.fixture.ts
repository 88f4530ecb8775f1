/** The moments at which a process can be killed: before and after each EC2 call, before each write. */
export interface Fate {
  /** What has been passed so far, in order, such as `EC2 CreateNetworkInterface: before`. */
  readonly moments: readonly string[];
  readonly isDead: boolean;
  /** Passes a moment; never resolves once the process is dead. */
  pass(moment: string): Promise<void>;
  kill(): void;
  /** From now on it lives until {@link kill}. */
  spare(): void;
  /** Resolves when the process dies. */
  readonly died: Promise<void>;
}

/**
 * @param killAt the number of the moment, from 0, at which the process dies. Whatever it does from then
 *   on reaches nobody, as after SIGKILL. Default: it lives until {@link Fate.kill}.
 * @param isFatal the moments that are counted. Default: all.
 */
export function createFate(
  killAt = Number.POSITIVE_INFINITY,
  isFatal: (moment: string) => boolean = () => true,
): Fate {
  let fatalCount = 0;
  const moments: string[] = [];
  const { promise: died, resolve: die } = Promise.withResolvers<void>();
  let isDead = false;
  let isSpared = false;
  const kill = () => {
    isDead = true;
    die();
  };
  return {
    moments,
    died,
    kill,
    spare: () => {
      isSpared = true;
    },
    get isDead() {
      return isDead;
    },
    pass: async (moment) => {
      if (!isSpared && fatalCount === killAt && isFatal(moment)) kill();
      if (isFatal(moment)) fatalCount += 1;
      if (isDead) return new Promise<never>(() => {});
      moments.push(moment);
    },
  };
}

/** What a call is named after. */
type Request = { readonly path?: string; readonly body?: unknown };

/** The call as a process with that fate makes it. */
export const subjectTo =
  <Q extends Request, A extends readonly unknown[], R>(
    fate: Fate,
    nameOf: (request: Q) => string,
    call: (request: Q, ...more: A) => Promise<R>,
  ) =>
  async (request: Q, ...more: A): Promise<R> => {
    await fate.pass(`${nameOf(request)}: before`);
    const answer = await call(request, ...more);
    await fate.pass(`${nameOf(request)}: after`);
    return answer;
  };

/** The call as that process makes it, where nobody needs to know when exactly it dies. */
export const unlessDead =
  <A extends readonly unknown[], R>(fate: Fate, call: (...args: A) => Promise<R>) =>
  async (...args: A): Promise<R> => {
    const answer = await call(...args);
    return fate.isDead ? new Promise<never>(() => {}) : answer;
  };
