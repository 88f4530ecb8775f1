import type { AddressState } from './address-event.ts';
import type { EniDescription } from './eni-description.ts';
import type { Ipv4Address } from './ipv4-address.ts';

/** Addresses per state. */
export type StateCounts = Record<AddressState, number>;

export const noCounts = (): StateCounts => ({ free: 0, reserved: 0, cooling: 0, draining: 0 });

export const totalOf = (counts: Readonly<StateCounts>): number =>
  counts.free + counts.reserved + counts.cooling + counts.draining;

/** The book's own record of an ENI. */
export interface EniRecord {
  readonly description: EniDescription;
  readonly addresses: Map<Ipv4Address, AddressRecord>;
  readonly counts: StateCounts;
}

/** Idle since before anybody can remember: such addresses are handed out first. */
export const NEVER_USED = Number.NEGATIVE_INFINITY;

/** The book's own record of an address; a link of at most one {@link IdleQueue}. */
export interface AddressRecord {
  readonly address: Ipv4Address;
  readonly eni: EniRecord;
  state: AddressState;
  /** When it was last released, Unix milliseconds, or {@link NEVER_USED}. */
  idleSinceMs: number;
  previous: AddressRecord | undefined;
  next: AddressRecord | undefined;
}
