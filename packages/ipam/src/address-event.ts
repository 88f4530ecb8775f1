import type { Ec2Intent } from './ec2-intent.ts';
import type { EniDescription, EniId } from './eni-description.ts';
import type { IpAddress } from './ip-address.ts';
import type { IpPrefix } from './ip-prefix.ts';
import type { PlacedReservation, Reservation } from './reservation.ts';

/**
 * State of one address: free → reserved → cooling → free, and free → draining → free or gone.
 *
 * - `free`: may be reserved now.
 * - `reserved`: held by a CNI attachment.
 * - `cooling`: released less than the cool-down ago; neither free nor to be given back.
 * - `draining`: promised to EC2, so it may not be reserved.
 *
 * An address that EC2 takes away leaves the book from any state; who held it then is stranded. The
 * addresses of a prefix come, drain and go together.
 */
export type AddressState = 'free' | 'reserved' | 'cooling' | 'draining';

/** A change of the address book, told after it has happened and in the order it happened. */
export type AddressEvent =
  | { readonly kind: 'eni-added'; readonly eni: EniDescription }
  | { readonly kind: 'eni-removed'; readonly eni: EniDescription }
  | {
      readonly kind: 'address-added';
      readonly eniId: EniId;
      readonly address: IpAddress;
      /** `cooling` when the address comes back while its last release is still remembered. */
      readonly state: 'free' | 'cooling';
    }
  | {
      readonly kind: 'address-removed';
      readonly eniId: EniId;
      readonly address: IpAddress;
      /** `reserved` when the address was lost; its reservation is stranded. */
      readonly state: AddressState;
    }
  /** EC2 assigned a block of addresses at once; those whose last release is remembered are cooling. */
  | { readonly kind: 'prefix-added'; readonly eniId: EniId; readonly prefix: IpPrefix }
  /** Its addresses are gone with it; what was reserved of them is stranded. */
  | { readonly kind: 'prefix-removed'; readonly eniId: EniId; readonly prefix: IpPrefix }
  | {
      readonly kind: 'reserved';
      readonly reservation: PlacedReservation;
      /** How long the address had rested, milliseconds; absent when it was never used. */
      readonly idleMs?: number;
    }
  /** A reservation from before a restart has its address, or a stranded one has it again. */
  | { readonly kind: 'restored'; readonly reservation: PlacedReservation }
  /** An attachment holds an address that no ENI of the book has, from now on. */
  | { readonly kind: 'stranded'; readonly reservation: Reservation }
  /** It is known whose address this is that was recovered without its pod. */
  | { readonly kind: 'identified'; readonly reservation: Reservation }
  | { readonly kind: 'released'; readonly reservation: Reservation; readonly atMs: number }
  /** After a restart: the address was released by an earlier process and goes on cooling. */
  | {
      readonly kind: 'cooling-resumed';
      readonly eniId: EniId;
      readonly address: IpAddress;
      readonly releasedAtMs: number;
    }
  | { readonly kind: 'cooled'; readonly eniId: EniId; readonly address: IpAddress }
  | { readonly kind: 'drained'; readonly eniId: EniId; readonly address: IpAddress }
  | { readonly kind: 'undrained'; readonly eniId: EniId; readonly address: IpAddress }
  | { readonly kind: 'prefix-drained'; readonly eniId: EniId; readonly prefix: IpPrefix }
  | { readonly kind: 'prefix-undrained'; readonly eniId: EniId; readonly prefix: IpPrefix }
  | { readonly kind: 'intent-begun'; readonly intent: Ec2Intent }
  | { readonly kind: 'intent-ended'; readonly intent: Ec2Intent };

/** Listens to the address book. */
export type AddressEventListener = (event: AddressEvent) => void;
