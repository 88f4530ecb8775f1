import { type AddressBook, type EniPlace, isIpAddress, type Reservation } from '@vpc-cni/ipam';
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
    reserve: async (key, pod, { signal, wiring }) => {
      const metadata = { ...pod, interfacesCount: 1, ...(wiring === undefined ? {} : { wiring }) };
      const reply = await desk.reserve(key, metadata, { signal });
      if (reply.kind === 'refused') {
        onRefusal();
        return reply;
      }
      const { reservation, isNew } = reply;
      const held = { ...heldAddressOf(reservation), eni: placeOf(reservation.eni) };
      return { kind: 'reserved', held, isNew };
    },
    find: async (key) => {
      const reservation = book.find(key);
      return reservation && heldAddressOf(reservation);
    },
    identify: async (key, { address, ...metadata }) => {
      const reservation = isIpAddress(address)
        ? book.identify(address, { key, metadata })
        : undefined;
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

function heldAddressOf({ key, address, eni, metadata }: Reservation): HeldAddress {
  return {
    key,
    address,
    ...(eni === undefined ? {} : { eni: placeOf(eni) }),
    podNamespace: metadata.podNamespace ?? '',
    podName: metadata.podName ?? '',
  };
}

const placeOf = ({ deviceNumber, routeTableId }: EniPlace) => ({ deviceNumber, routeTableId });
