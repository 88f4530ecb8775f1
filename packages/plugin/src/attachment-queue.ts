import type { AttachmentKey } from './ports.ts';

/** Runs the operations of one attachment one after the other, those of different ones at once. */
export interface AttachmentQueue {
  run<T>(key: AttachmentKey, operation: () => Promise<T>): Promise<T>;
}

/** CNI leaves it open whether a runtime may have two operations of one attachment under way; ours never has. */
export function createAttachmentQueue(): AttachmentQueue {
  const tails = new Map<string, Promise<unknown>>();
  return {
    run: (key, operation) => {
      const id = JSON.stringify([key.networkName, key.containerId, key.interfaceName]);
      const result = (tails.get(id) ?? Promise.resolve()).then(operation);
      const tail = result.then(
        () => {},
        () => {},
      );
      tails.set(id, tail);
      void tail.then(() => {
        if (tails.get(id) === tail) tails.delete(id);
      });
      return result;
    },
  };
}
