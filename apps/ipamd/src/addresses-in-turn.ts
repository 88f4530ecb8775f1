import type { AddressPort, AttachmentQueue } from '@vpc-cni/plugin';

/**
 * The address book for a plugin that runs in a process of its own: there every verb has a queue to itself,
 * and this one is what they share. A DEL, and the ADD of a pod's next sandbox, end an ADD that waits for
 * an address.
 */
export const addressesInTurn = (addresses: AddressPort, queue: AttachmentQueue): AddressPort => ({
  ...addresses,
  // How it is wired is not remembered: nobody here knows when that is done.
  reserve: (key, pod, { signal, podUid, onEveryCard = false }) =>
    queue.runAdd(key, { pod, signal }, (until) =>
      addresses.reserve(key, pod, {
        signal: until,
        onEveryCard,
        ...(podUid === undefined ? {} : { podUid }),
      }),
    ),
  release: (key) => queue.runDel(key, () => addresses.release(key)),
});
