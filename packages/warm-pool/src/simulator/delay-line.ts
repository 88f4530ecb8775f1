import type { Clock } from './clock.ts';

/**
 * Things that all take the same time, and so end in the order in which they began: a line, of which
 * only the first needs the clock.
 */
export interface DelayLine<Item> {
  add(item: Item): void;
}

export function createDelayLine<Item>(
  clock: Clock,
  delayMs: number,
  end: (item: Item) => void,
): DelayLine<Item> {
  let line: { readonly item: Item; readonly endsAtMs: number }[] = [];
  let next = 0;
  let isWatching = false;

  const watchFirst = () => {
    const first = line[next];
    isWatching = first !== undefined;
    if (first !== undefined) {
      clock.at(first.endsAtMs, endDue);
    }
  };
  /** All that is due ends before anything else happens at this instant. */
  const endDue = () => {
    for (let first = line[next]; first !== undefined; first = line[next]) {
      if (first.endsAtMs > clock.nowMs) {
        break;
      }
      next += 1;
      end(first.item);
    }
    if (2 * next > line.length) {
      line = line.slice(next);
      next = 0;
    }
    watchFirst();
  };

  return {
    add(item) {
      line.push({ item, endsAtMs: clock.nowMs + delayMs });
      if (!isWatching) {
        watchFirst();
      }
    },
  };
}
