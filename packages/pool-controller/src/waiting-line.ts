import type { PoolRefusal } from './refusal.ts';

/** What a waiting ADD is told: look again, or give up. */
export type Word = { readonly kind: 'look-again' } | PoolRefusal;

/** An ADD that waits. */
export interface Waiting {
  /** Latest instant (Unix ms) until which it is ready to wait. */
  readonly deadlineMs: number;
  /** The network cards that it needs an address of each; or one address, of any card. */
  readonly needs: 'any-card' | readonly number[];
}

/** ADDs that wait for an address, first come first served. */
export interface WaitingLine {
  readonly length: number;
  readonly waiting: readonly Waiting[];
  /** Resolves with the next word; rejects when the signal aborts. */
  wait(waiting: Waiting, signal: AbortSignal): Promise<Word>;
  /** Gives everybody the word, in order of arrival; `wordFor` may let some go on waiting. */
  tell(wordFor: (waiting: Waiting) => Word | undefined): void;
}

interface Waiter {
  readonly waiting: Waiting;
  readonly hear: (word: Word) => void;
}

export function createWaitingLine(): WaitingLine {
  const waiters = new Set<Waiter>();
  return {
    get length() {
      return waiters.size;
    },
    get waiting() {
      return [...waiters].map(({ waiting }) => waiting);
    },
    wait: (waiting, signal) =>
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
          waiting,
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
        const word = wordFor(waiter.waiting);
        if (word !== undefined) waiter.hear(word);
      }
    },
  };
}
