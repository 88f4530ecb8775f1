/** Lines that are written while they are read. */
export interface LineFeed {
  push(line: string): void;
  /** After what was pushed the reader sees the end, or the error. */
  end(error?: Error): void;
  readonly lines: AsyncIterableIterator<string>;
}

/** @param onLeft called when the reader wants no more. */
export function createLineFeed(onLeft: () => void): LineFeed {
  const waiting: string[] = [];
  let ended: { readonly error: Error | undefined } | undefined;
  let wake: () => void = () => {};

  const lines: AsyncIterableIterator<string> = {
    [Symbol.asyncIterator]: () => lines,
    next: async () => {
      while (waiting.length === 0 && ended === undefined) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      const value = waiting.shift();
      if (value !== undefined) return { value, done: false };
      if (ended?.error !== undefined) throw ended.error;
      return { value: undefined, done: true };
    },
    return: async () => {
      onLeft();
      return { value: undefined, done: true };
    },
  };

  return {
    push: (line) => {
      if (ended === undefined) waiting.push(line);
      wake();
    },
    end: (error) => {
      ended ??= { error };
      wake();
    },
    lines,
  };
}
