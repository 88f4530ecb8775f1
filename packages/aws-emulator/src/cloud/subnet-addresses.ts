import type { EniId } from './ids.ts';
import {
  formatIpv4,
  type Ipv4Address,
  type Ipv4Cidr,
  type Ipv4Range,
  ipv4Range,
  overlaps,
} from './ipv4.ts';

/** How many addresses an IPv4 prefix of an ENI spans: a /28. */
export const PREFIX_SIZE = 16;

/** Why a particular address or prefix could not be taken. */
export type Refusal = 'outside' | 'reserved' | 'in-use';

/** What a CIDR reservation keeps its addresses for. */
export type ReservationType =
  /** Prefixes of ENIs; EC2 takes them from here first. */
  | 'prefix'
  /** Requests that name the address; EC2 chooses none of them by itself. */
  | 'explicit';

interface Reservation {
  readonly range: Ipv4Range;
  readonly type: ReservationType;
}

/**
 * Which address of one subnet belongs to which ENI.
 *
 * AWS keeps the first four addresses and the last one of every subnet to itself. A prefix takes a
 * whole aligned /28 in which nothing is used, so the first and the last /28 can never be one.
 * Addresses are taken in rising order from where the last search ended: a released address comes
 * round again as late as possible, and the order is the same in every run.
 *
 * @see Amazon VPC user guide, "Subnet sizing" and "Subnet CIDR reservations"; EC2 user guide,
 *   "Prefix delegation"
 */
export class SubnetAddresses {
  readonly range: Ipv4Range;
  readonly #cidr: string;
  /** Owner of each address; `null` is free, `'aws'` is kept by AWS, `'stranger'` is no ENI of ours. */
  readonly #owners: (EniId | 'aws' | 'stranger' | null)[];
  /** Taken addresses in each aligned block of 16. */
  readonly #takenInBlock: number[];
  #freeCount: number;
  #reservations: readonly Reservation[] = [];
  #nextAddress = 0;
  #nextBlock = 0;
  /** The last copy, for as long as it is like this one. */
  #latestCopy: SubnetAddresses | undefined;

  /** @throws {TypeError} when the CIDR is malformed or not between /16 and /28. */
  constructor(cidr: string, original?: SubnetAddresses) {
    this.#cidr = cidr;
    const range = ipv4Range(cidr);
    if (range === undefined || range.size < PREFIX_SIZE || range.size > 65_536) {
      throw new TypeError(`subnet CIDR: expected a network from /16 to /28, got ${cidr}`);
    }
    this.range = range;
    if (original !== undefined) {
      this.#owners = [...original.#owners];
      this.#takenInBlock = [...original.#takenInBlock];
      this.#freeCount = original.#freeCount;
      return;
    }
    this.#owners = new Array(range.size).fill(null);
    this.#takenInBlock = new Array(range.size / PREFIX_SIZE).fill(0);
    this.#freeCount = range.size;
    for (const index of [0, 1, 2, 3, range.size - 1]) {
      this.#take(index, 'aws');
    }
  }

  /** A copy for reading: later changes do not touch it. */
  copy(): SubnetAddresses {
    this.#latestCopy ??= new SubnetAddresses(this.#cidr, this);
    return this.#latestCopy;
  }

  /** Addresses that can still be assigned: EC2's `AvailableIpAddressCount`. */
  get freeCount(): number {
    return this.#freeCount;
  }

  /** Aligned /28 blocks that EC2 could choose for a prefix. */
  get freePrefixCount(): number {
    return this.#freeBlocks().length;
  }

  /** The ENI that holds an address of this subnet, alone or within a prefix. */
  ownerOf(address: number): EniId | undefined {
    const owner = this.#owners[address - this.range.base];
    return owner === 'aws' || owner === 'stranger' || owner === null ? undefined : owner;
  }

  /** Keeps a range of addresses from being chosen for anything else; those in use stay in use. */
  reserve(range: Ipv4Range, type: ReservationType): void {
    this.#reservations = [...this.#reservations, { range, type }];
  }

  /** The reverse of {@link reserve}. */
  unreserve(range: Ipv4Range): void {
    this.#reservations = this.#reservations.filter((one) => one.range.base !== range.base);
  }

  /** Takes `count` addresses for an ENI: all of them, or `undefined` when the subnet has fewer. */
  takeAddresses(count: number, owner: EniId): readonly Ipv4Address[] | undefined {
    if (this.#choosableCount() < count) {
      return undefined;
    }
    const taken: Ipv4Address[] = [];
    while (taken.length < count) {
      const index = this.#nextAddress;
      this.#nextAddress = (index + 1) % this.range.size;
      if (this.#owners[index] === null && this.#reservationOf(index, 1) === undefined) {
        this.#take(index, owner);
        taken.push(formatIpv4(this.range.base + index));
      }
    }
    return taken;
  }

  /** Takes `count` free aligned /28 blocks: all of them, or `undefined` when there are fewer. */
  takePrefixes(count: number, owner: EniId): readonly Ipv4Cidr[] | undefined {
    const blocks = this.#freeBlocks().slice(0, count);
    if (blocks.length < count) {
      return undefined;
    }
    this.#nextBlock = ((blocks.at(-1) ?? 0) + 1) % this.#takenInBlock.length;
    return blocks.map((block) => this.#takeBlock(block, owner));
  }

  /** Gives addresses to somebody who is not part of the model. */
  takeForStranger(addresses: readonly number[]): void {
    for (const address of addresses) {
      this.#take(address - this.range.base, 'stranger');
    }
  }

  /** Frees what {@link takeForStranger} took. */
  releaseFromStranger(addresses: readonly number[]): void {
    for (const address of addresses) {
      const index = address - this.range.base;
      if (this.#owners[index] !== 'stranger') {
        throw new TypeError(`release: ${formatIpv4(address)} is held by no stranger`);
      }
      this.#free(index);
    }
  }

  /** The first address of every block that could become a prefix, reservations aside. */
  wholeBlocks(): readonly number[] {
    return this.#takenInBlock.flatMap((taken, block) =>
      taken === 0 ? [this.range.base + block * PREFIX_SIZE] : [],
    );
  }

  /** Whether this very address could be taken now. */
  refusalOf(address: number): Refusal | undefined {
    const owner = this.#owners[address - this.range.base];
    if (owner === undefined) {
      return 'outside';
    }
    return owner === null ? undefined : owner === 'aws' ? 'reserved' : 'in-use';
  }

  /** Takes this very address. The caller has asked {@link refusalOf} before. */
  takeAddress(address: number, owner: EniId): Ipv4Address {
    this.#take(address - this.range.base, owner);
    return formatIpv4(address);
  }

  /** Whether this very /28 could be taken now. */
  prefixRefusalOf(prefix: Ipv4Range): Refusal | undefined {
    const refusals = Array.from({ length: prefix.size }, (_, i) => this.refusalOf(prefix.base + i));
    return refusals.find((refusal) => refusal !== undefined);
  }

  /** Takes this very /28. The caller has asked {@link prefixRefusalOf} before. */
  takePrefix(prefix: Ipv4Range, owner: EniId): Ipv4Cidr {
    return this.#takeBlock((prefix.base - this.range.base) / PREFIX_SIZE, owner);
  }

  /** Frees a range that an ENI held: one address or a prefix. */
  release(range: Ipv4Range): void {
    for (
      let index = range.base - this.range.base, left = range.size;
      left > 0;
      index += 1, left -= 1
    ) {
      const owner = this.#owners[index];
      if (owner === undefined || owner === null || owner === 'aws' || owner === 'stranger') {
        throw new TypeError(`release: ${formatIpv4(this.range.base + index)} is held by no ENI`);
      }
      this.#free(index);
    }
  }

  #free(index: number): void {
    this.#owners[index] = null;
    this.#countTaken(index, -1);
  }

  /** How many addresses EC2 may choose from: the free ones that are not reserved. */
  #choosableCount(): number {
    if (this.#reservations.length === 0) {
      return this.#freeCount;
    }
    return this.#owners.filter(
      (owner, index) => owner === null && this.#reservationOf(index, 1) === undefined,
    ).length;
  }

  /** Free blocks in the order of choice: reserved ones first, rising from the last choice. */
  #freeBlocks(): readonly number[] {
    const inReservation: number[] = [];
    const others: number[] = [];
    const blockCount = this.#takenInBlock.length;
    for (let step = 0; step < blockCount; step += 1) {
      const block = (this.#nextBlock + step) % blockCount;
      const reservation = this.#reservationOf(block * PREFIX_SIZE, PREFIX_SIZE);
      if (this.#takenInBlock[block] !== 0) {
        continue;
      }
      if (reservation === undefined) {
        others.push(block);
      } else if (reservation.type === 'prefix' && reservation.range.size >= PREFIX_SIZE) {
        inReservation.push(block);
      }
    }
    return [...inReservation, ...others];
  }

  /** The reservation that some of these addresses are in. */
  #reservationOf(index: number, size: number): Reservation | undefined {
    const range = { base: this.range.base + index, size };
    return this.#reservations.find((reservation) => overlaps(reservation.range, range));
  }

  #take(index: number, owner: EniId | 'aws' | 'stranger'): void {
    if (this.#owners[index] !== null) {
      throw new TypeError(`take: ${formatIpv4(this.range.base + index)} is not free`);
    }
    this.#owners[index] = owner;
    this.#countTaken(index, 1);
  }

  #takeBlock(block: number, owner: EniId): Ipv4Cidr {
    for (let index = block * PREFIX_SIZE; index < (block + 1) * PREFIX_SIZE; index += 1) {
      this.#take(index, owner);
    }
    return `${formatIpv4(this.range.base + block * PREFIX_SIZE)}/28`;
  }

  #countTaken(index: number, change: 1 | -1): void {
    const block = Math.floor(index / PREFIX_SIZE);
    this.#takenInBlock[block] = (this.#takenInBlock[block] ?? 0) + change;
    this.#freeCount -= change;
    this.#latestCopy = undefined;
  }
}
