import { found, invalidValue } from './ec2-error.ts';
import type { CidrReservationId, IdSource, SubnetId } from './ids.ts';
import { contains, type Ipv4Cidr, ipv4Range, overlaps } from './ipv4.ts';
import type { ReservationType, SubnetAddresses } from './subnet-addresses.ts';
import type { Tags } from './tags.ts';

/** A CIDR reservation of a subnet. */
export interface CidrReservationRecord {
  readonly reservationId: CidrReservationId;
  readonly subnetId: SubnetId;
  readonly cidr: Ipv4Cidr;
  readonly type: ReservationType;
  readonly description: string;
  readonly tags: Tags;
}

/** A subnet as far as reservations go. */
interface ReservedSubnet {
  readonly subnetId: SubnetId;
  readonly addresses: SubnetAddresses;
}

/** The CIDR reservations of all subnets. */
export class CidrReservations {
  readonly all = new Map<CidrReservationId, CidrReservationRecord>();
  readonly #ids: IdSource;

  constructor(ids: IdSource) {
    this.#ids = ids;
  }

  /** A copy for reading: later changes do not touch it. */
  copy(): CidrReservations {
    const copy = new CidrReservations(this.#ids);
    for (const [id, reservation] of this.all) {
      copy.all.set(id, { ...reservation, tags: new Map(reservation.tags) });
    }
    return copy;
  }

  of(subnetId: SubnetId): readonly CidrReservationRecord[] {
    return [...this.all.values()].filter((reservation) => reservation.subnetId === subnetId);
  }

  get(reservationId: string): CidrReservationRecord {
    const reservation = this.all.get(reservationId as CidrReservationId);
    const code = 'InvalidSubnetCidrReservationID.NotFound';
    return found(reservation, code, `subnet CIDR reservation ID '${reservationId}'`);
  }

  /** Reserves a range of a subnet; addresses in it that are in use stay in use. */
  add(
    { subnetId, addresses }: ReservedSubnet,
    request: {
      readonly cidr: string;
      readonly type: ReservationType;
      readonly description?: string | undefined;
      readonly tags?: Tags | undefined;
    },
  ): CidrReservationRecord {
    const range = ipv4Range(request.cidr);
    if (range === undefined || !contains(addresses.range, range)) {
      throw invalidValue(`Value (${request.cidr}) for parameter cidr is not within the subnet.`);
    }
    const others = this.of(subnetId).map(({ cidr }) => ipv4Range(cidr));
    if (others.some((other) => other !== undefined && overlaps(other, range))) {
      throw invalidValue(`The CIDR ${request.cidr} overlaps with another reservation.`);
    }
    addresses.reserve(range, request.type);
    const reservation: CidrReservationRecord = {
      reservationId: this.#ids.cidrReservation(),
      subnetId,
      cidr: request.cidr as Ipv4Cidr, // parsed above
      type: request.type,
      description: request.description ?? '',
      tags: request.tags ?? new Map(),
    };
    this.all.set(reservation.reservationId, reservation);
    return reservation;
  }

  /** Ends a reservation; its free addresses can be chosen again. */
  end({ reservationId, cidr }: CidrReservationRecord, { addresses }: ReservedSubnet): void {
    const range = ipv4Range(cidr);
    if (range !== undefined) {
      addresses.unreserve(range);
    }
    this.all.delete(reservationId);
  }
}
