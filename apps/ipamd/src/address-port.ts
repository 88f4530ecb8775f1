import type { AddressBook, Reservation } from '@vpc-cni/ipam';
import type { AddressPort, HeldAddress } from '@vpc-cni/plugin';
import type { AddressDesk } from '@vpc-cni/pool-controller';

/** The plugin's view of the address book. */
export function createAddressPort(options: {
  readonly book: AddressBook;
  readonly desk: AddressDesk;
  readonly onRefusal: () => void;
}): AddressPort {
  const { book, desk, onRefusal } = options;
  return {
    reserve: async (key, pod, { signal }) => {
      const reply = await desk.reserve(key, { ...pod, interfacesCount: 1 }, { signal });
      if (reply.kind === 'refused') {
        onRefusal();
        return reply;
      }
      return { kind: 'reserved', held: heldAddressOf(reply.reservation), isNew: reply.isNew };
    },
    find: async (key) => {
      const reservation = book.find(key);
      return reservation && heldAddressOf(reservation);
    },
    release: async (key) => {
      await desk.release(key);
    },
    list: async (networkName) =>
      book
        .reservations()
        .filter(({ key }) => key.networkName === networkName)
        .map(heldAddressOf),
  };
}

export function heldAddressOf(reservation: Reservation): HeldAddress {
  const { key, address, deviceNumber, routeTableId, metadata } = reservation;
  return {
    key,
    address,
    deviceNumber,
    routeTableId,
    podNamespace: metadata.podNamespace ?? '',
    podName: metadata.podName ?? '',
  };
}
