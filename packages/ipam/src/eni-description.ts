import type { Ipv4Address } from './ipv4-address.ts';

/** EC2's identifier of an elastic network interface. */
export type EniId = `eni-${string}`;
/** EC2's identifier of a subnet. */
export type SubnetId = `subnet-${string}`;

/**
 * What an ENI is to the pool.
 *
 * - `ordinary`: serves pods.
 * - `excluded`: closed to new pods; those that hold addresses of it keep them.
 * - `trunk`: carries branch ENIs, and serves pods as others do.
 * - `efa`: an Elastic Fabric Adapter, which serves pods as others do.
 */
export type EniRole = 'ordinary' | 'excluded' | 'trunk' | 'efa';

/** What the address book knows of an ENI besides its addresses. */
export interface EniDescription {
  readonly eniId: EniId;
  /** EC2's device index: the slot on the network card. */
  readonly deviceNumber: number;
  readonly networkCardIndex: number;
  readonly isPrimary: boolean;
  /** Route table that the ENI's pods leave by. */
  readonly routeTableId: number;
  readonly subnetId: SubnetId;
  /** The ENI's own address; never given to a pod. */
  readonly primaryAddress: Ipv4Address;
  /** When this process learnt of the ENI, Unix milliseconds. */
  readonly attachedAtMs: number;
  /** Default `ordinary`. */
  readonly role?: EniRole;
}

/** True when two descriptions are of the same ENI in the same place; role and age do not matter. */
export const isSameEni = (a: EniDescription, b: EniDescription): boolean =>
  a.eniId === b.eniId &&
  a.deviceNumber === b.deviceNumber &&
  a.networkCardIndex === b.networkCardIndex &&
  a.isPrimary === b.isPrimary &&
  a.routeTableId === b.routeTableId &&
  a.subnetId === b.subnetId &&
  a.primaryAddress === b.primaryAddress;
