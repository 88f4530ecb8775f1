import {
  type AddressBook,
  type CniAttachmentKey,
  type EniPlace,
  isIpAddress,
  type PlacedReservation,
  type Reservation,
} from '@vpc-cni/ipam';
import type { AddressPort, HeldAddress, Refusal } from '@vpc-cni/plugin';
import type { AddressDesk } from '@vpc-cni/pool-controller';

/** The plugin's view of the address book. */
export function createAddressPort(options: {
  readonly book: AddressBook;
  readonly desk: AddressDesk;
  /** Whether pods may have an address of every network card. */
  readonly allowsEveryCard: boolean;
  readonly onRefusal: () => void;
}): AddressPort {
  const { book, desk, allowsEveryCard, onRefusal } = options;
  const find = (key: CniAttachmentKey) => book.findAll(key).map(heldAddressOf);
  return {
    reserve: async (key, pod, { signal, wiring, onEveryCard = false }) => {
      if (onEveryCard && !allowsEveryCard) return MULTI_NIC_DISABLED;
      const metadata = { ...pod, ...(wiring === undefined ? {} : { wiring }) };
      const reply = await desk.reserve(key, metadata, { signal, onEveryCard });
      if (reply.kind === 'refused') {
        onRefusal();
        return reply;
      }
      const { reservations, isNew } = reply;
      const [first, ...more] = reservations;
      return {
        kind: 'reserved',
        held: [placedAddressOf(first), ...more.map(placedAddressOf)],
        isNew,
      };
    },
    find: async (key) => find(key),
    identify: async (key, { addresses, branch: _, ...metadata }) => {
      for (const address of addresses.filter(isIpAddress))
        book.identify(address, { key, metadata });
      return find(key);
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

const placedAddressOf = (reservation: PlacedReservation) => ({
  ...heldAddressOf(reservation),
  eni: placeOf(reservation.eni),
});

const MULTI_NIC_DISABLED: Refusal = {
  kind: 'refused',
  reason: 'multi-nic-disabled',
  message:
    'the pod asks for an address of every network card (its annotation k8s.amazonaws.com/nicConfig is multi-nic-attachment): set ENABLE_MULTI_NIC to true on this node, or remove the annotation',
};

const placeOf = ({ deviceNumber, routeTableId }: EniPlace) => ({ deviceNumber, routeTableId });
