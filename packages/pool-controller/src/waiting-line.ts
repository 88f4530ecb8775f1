import type { PoolRefusal } from './refusal.ts';

/** What a waiting ADD is told: look again, or give up. */
export type Word = { readonly kind: 'look-again' } | PoolRefusal;

/** ADDs that wait for an address, first come first served. */
export interface WaitingLine {
  readonly length: number;
  /** Latest instant (Unix ms) until which each one is ready to wait. */
  readonly deadlinesMs: readonly number[];
  /** Resolves with the next word; rejects when the signal aborts. */
  wait(deadlineMs: number, signal: AbortSignal): Promise<Word>;
  /** Gives everybody the word, in order of arrival; `wordFor` may let some go on waiting. */
  tell(wordFor: (deadlineMs: number) => Word | undefined): void;
}

interface Waiter {
  readonly deadlineMs: number;
  readonly hear: (word: Word) => void;
}

export function createWaitingLine(): WaitingLine {
  const waiters = new Set<Waiter>();
  return {
    get length() {
      return waiters.size;
    },
    get deadlinesMs() {
      return [...waiters].map(({ deadlineMs }) => deadlineMs);
    },
    wait: (deadlineMs, signal) =>
      new Promise((resolve, reject) => {
        const leave = () => {
          waiters.delete(waiter);
          signal.removeEventListener('abort', onAbort);
        };
        const onAbort = () => {
          leave();
          reject(signal.reason);
        };
        const waiter: Waiter = {
          deadlineMs,
          hear: (word) => {
            leave();
            resolve(word);
          },
        };
        if (signal.aborted) {
          reject(signal.reason);
          return;
        }
        signal.addEventListener('abort', onAbort, { once: true });
        waiters.add(waiter);
      }),
    tell: (wordFor) => {
      for (const waiter of [...waiters]) {
        const word = wordFor(waiter.deadlineMs);
        if (word !== undefined) waiter.hear(word);
      }
    },
  };
}
