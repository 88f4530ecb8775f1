/** So many that each step is taken for many in a row, and few enough that nobody waits for long. */
const DEFAULT_WIDTH = 16;

/** Lets in together who comes together. */
export interface Gate {
  /** Somebody has come, and may want to enter. */
  arrive(): void;
  /** Who came has gone, whether in or not. */
  leave(): void;
  /**
   * Resolves at once for whoever is the only one who has come; for others together with all that wait, as soon as a
   * turn of the event loop brings nobody new, or the width is reached.
   */
  enter(): Promise<void>;
}

/**
 * Node accepts one connection per turn of the event loop, so what comes at the same time would be spread over as many
 * turns, each at another step, and every turn would take the processor through all the code there is. Together they
 * go from step to step, and what they write can be shared.
 */
export function createGate(width = DEFAULT_WIDTH): Gate {
  let presentCount = 0;
  let hasArrival = false;
  let waiting: (() => void)[] = [];

  const watch = () => {
    if (hasArrival && waiting.length < width) {
      hasArrival = false;
      setImmediate(watch);
      return;
    }
    const group = waiting;
    waiting = [];
    for (const enter of group) enter();
  };

  return {
    arrive: () => {
      presentCount += 1;
      hasArrival = true;
    },
    leave: () => {
      presentCount -= 1;
    },
    enter: async () => {
      if (presentCount <= 1) return;
      await new Promise<void>((resolve) => {
        if (waiting.length === 0) setImmediate(watch);
        waiting.push(resolve);
      });
    },
  };
}
