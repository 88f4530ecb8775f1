import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Netlink } from '../netlink/netlink.ts';
import { createObserver, type Observer } from './observe.ts';

/**
 * For several who look at one namespace at once: those who ask in the same turn of the event loop share the observer of
 * the next one. It begins to look when all of them have asked, so none is told of a time before.
 */
export function shareObservers(netlink: Netlink): () => Promise<Observer> {
  let next: Promise<Observer> | undefined;
  const begin = async () => {
    await nextTurn();
    next = undefined;
    return createObserver(netlink);
  };
  return () => {
    next ??= begin();
    return next;
  };
}
