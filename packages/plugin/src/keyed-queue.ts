/** Runs operations of one key one after the other, those of different keys at once. */
export interface KeyedQueue {
  run<T>(key: string, operation: () => Promise<T>): Promise<T>;
  /** Whether an operation of that key runs or waits. */
  has(key: string): boolean;
}

export function createKeyedQueue(): KeyedQueue {
  const tails = new Map<string, Promise<unknown>>();
  return {
    run: (key, operation) => {
      const result = (tails.get(key) ?? Promise.resolve()).then(operation);
      const tail = result.then(
        () => {},
        () => {},
      );
      tails.set(key, tail);
      void tail.then(() => {
        if (tails.get(key) === tail) tails.delete(key);
      });
      return result;
    },
    has: (key) => tails.has(key),
  };
}
