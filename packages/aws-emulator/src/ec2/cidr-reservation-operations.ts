import {
  CreateSubnetCidrReservation$,
  type CreateSubnetCidrReservationRequest,
  type CreateSubnetCidrReservationResult,
  DeleteSubnetCidrReservation$,
  type DeleteSubnetCidrReservationRequest,
  type DeleteSubnetCidrReservationResult,
  GetSubnetCidrReservations$,
  type GetSubnetCidrReservationsRequest,
  type GetSubnetCidrReservationsResult,
  type SubnetCidrReservation,
} from '@aws-sdk/client-ec2';
import type { CidrReservationRecord } from '../cloud/cidr-reservations.ts';
import type { Cloud } from '../cloud/cloud.ts';
import { invalidValue, required } from '../cloud/ec2-error.ts';
import { setTags, type Tags } from '../cloud/tags.ts';
import { type FilterFields, select } from './filters.ts';
import { tagShapes } from './network-interface-shape.ts';
import { operation } from './operation.ts';

export const createSubnetCidrReservation = operation<
  CreateSubnetCidrReservationRequest,
  CreateSubnetCidrReservationResult
>(CreateSubnetCidrReservation$, (input, { cloud }) => {
  const tags: Tags = new Map();
  for (const specification of input.TagSpecifications ?? []) {
    setTags(tags, specification.Tags ?? []);
  }
  const subnet = cloud.network.subnet(required(input.SubnetId, 'subnetId'));
  const reservation = cloud.network.cidrReservations.add(subnet, {
    cidr: required(input.Cidr, 'cidr'),
    type: typeOf(required(input.ReservationType, 'reservationType')),
    description: input.Description,
    tags,
  });
  return { SubnetCidrReservation: reservationShape(cloud, reservation) };
});

export const deleteSubnetCidrReservation = operation<
  DeleteSubnetCidrReservationRequest,
  DeleteSubnetCidrReservationResult
>(DeleteSubnetCidrReservation$, (input, { cloud }) => {
  const id = required(input.SubnetCidrReservationId, 'subnetCidrReservationId');
  const reservation = cloud.network.cidrReservations.get(id);
  cloud.network.cidrReservations.end(reservation, cloud.network.subnet(reservation.subnetId));
  return { DeletedSubnetCidrReservation: reservationShape(cloud, reservation) };
});

// Source: EC2 API reference, GetSubnetCidrReservations, "Filter.N".
const fields: FilterFields<CidrReservationRecord> = {
  reservationType: (reservation) => reservation.type,
  'subnet-id': (reservation) => reservation.subnetId,
};

export const getSubnetCidrReservations = operation<
  GetSubnetCidrReservationsRequest,
  GetSubnetCidrReservationsResult
>(GetSubnetCidrReservations$, (input, { cloud }) => {
  const { subnetId } = cloud.network.subnet(required(input.SubnetId, 'subnetId'));
  const page = select({
    items: cloud.network.cidrReservations.of(subnetId),
    idOf: (reservation) => reservation.reservationId,
    tagsOf: ({ tags }) => tags,
    fields,
    filters: input.Filters,
    maxResults: input.MaxResults,
    nextToken: input.NextToken,
  });
  return {
    SubnetIpv4CidrReservations: page.items.map((one) => reservationShape(cloud, one)),
    SubnetIpv6CidrReservations: [],
    NextToken: page.nextToken,
  };
});

function typeOf(text: string): CidrReservationRecord['type'] {
  if (text !== 'prefix' && text !== 'explicit') {
    throw invalidValue(`Value (${text}) for parameter reservationType is invalid.`);
  }
  return text;
}

const reservationShape = (
  { accountId }: Cloud,
  reservation: CidrReservationRecord,
): SubnetCidrReservation => ({
  SubnetCidrReservationId: reservation.reservationId,
  SubnetId: reservation.subnetId,
  Cidr: reservation.cidr,
  ReservationType: reservation.type,
  OwnerId: accountId,
  Description: reservation.description,
  Tags: tagShapes(reservation.tags),
});
