import type { AddressEventListener } from './address-event.ts';
import type { AddressRecord } from './address-record.ts';
import {
  type AddressStatistics,
  type EniSnapshot,
  enisOf,
  statisticsOf,
} from './address-statistics.ts';
import { AddressTable } from './address-table.ts';
import {
  type AttachmentMetadata,
  type CniAttachmentKey,
  requireMetadata,
} from './attachment-key.ts';
import { type Checkpoint, nsFromMs } from './checkpoint.ts';
import { CoolDown } from './cool-down.ts';
import type { EniDescription, EniId } from './eni-description.ts';
import { EventRelay } from './event-relay.ts';
import { Holdings, type PlacedHolding } from './holdings.ts';
import { IpamError } from './ipam-error.ts';
import type { Ipv4Address } from './ipv4-address.ts';
import { exhausted, type Reservation, type ReserveOutcome } from './reservation.ts';
import { type RestoreOutcome, restoreCheckpoint } from './restore.ts';

const DRAIN = { from: 'free', to: 'draining' } as const;
const UNDRAIN = { from: 'draining', to: 'free' } as const;

/**
 * Who holds which address of this node's ENIs.
 *
 * EC2 assigns addresses to ENIs; the book reserves them for CNI attachments. Among free addresses
 * the one released longest ago is taken, never-used ones before all others in the order they were
 * added, so the address of a dead pod rests as long as the pool allows and never less than the
 * cool-down.
 *
 * The book lives in memory, is changed synchronously by one owner and reads no clock: every
 * `nowMs` is Unix milliseconds. When the clock goes back, no cool-down gets shorter and none
 * takes longer than one full cool-down from then.
 */
export class AddressBook {
  readonly #table = new AddressTable();
  readonly #holdings = new Holdings(this.#table);
  readonly #relay = new EventRelay();
  readonly #coolDown: CoolDown;

  /**
   * @param options.addressCooldownMs how long a released address rests before it may be reserved
   *   again, milliseconds, 0 or more (the reference's `IP_COOLDOWN_PERIOD` is 30 s).
   */
  constructor(options: { readonly addressCooldownMs: number }) {
    this.#coolDown = new CoolDown(this.#table, options.addressCooldownMs, this.#relay);
  }

  /**
   * Adds an ENI without addresses. Adding the same one again changes nothing.
   *
   * @throws {IpamError} `eni-mismatch` when it is known with another description.
   */
  addEni(eni: EniDescription): void {
    if (this.#table.addEni(eni)) {
      this.#relay.add({ kind: 'eni-added', eni });
      this.#relay.flush();
    }
  }

  /**
   * Removes an ENI with its addresses; their releases stay remembered. An unknown one is no error.
   *
   * @throws {IpamError} `eni-in-use` when an attachment holds an address of it; nothing changes.
   */
  removeEni(eniId: EniId): void {
    const eni = this.#table.eni(eniId);
    if (eni === undefined) {
      return;
    }
    const reservedCount = eni.counts.reserved;
    if (reservedCount > 0) {
      throw new IpamError(
        'eni-in-use',
        `removing ${eniId}: ${reservedCount} of its addresses are reserved; release them first`,
        { facts: { eniId, reservedCount } },
      );
    }
    for (const record of [...eni.addresses.values()]) {
      this.#remove(record);
    }
    this.#table.deleteEni(eni);
    this.#relay.add({ kind: 'eni-removed', eni: eni.description });
    this.#relay.flush();
  }

  /**
   * Takes an ENI away that EC2 no longer attaches, with its addresses. What attachments hold of it is
   * stranded: they keep it, and have it again should the address be added. An unknown one is no error.
   *
   * @returns what is stranded by it.
   */
  loseEni(eniId: EniId): readonly Reservation[] {
    const stranded = this.#holdings.on(eniId).map((holding) => this.#strand(holding));
    this.removeEni(eniId);
    return stranded;
  }

  /**
   * Adds an address that EC2 assigned to an ENI. Adding it again changes nothing. An attachment that
   * holds it has it again at once; one whose release is still remembered comes back cooling.
   *
   * @throws {IpamError} `eni-unknown`, or `address-elsewhere` when another ENI has it.
   */
  addAddress(eniId: EniId, address: Ipv4Address): void {
    const record = this.#table.addAddress(eniId, address);
    if (record === undefined) {
      return;
    }
    const state = record.state === 'cooling' ? 'cooling' : 'free';
    this.#relay.add({ kind: 'address-added', eniId, address, state });
    const reservation = this.#holdings.unstrand(record);
    if (reservation !== undefined) {
      this.#relay.add({ kind: 'restored', reservation });
    }
    this.#relay.flush();
  }

  /**
   * Removes an address that EC2 no longer assigns to the ENI. One the ENI does not have is no error.
   *
   * @throws {IpamError} `address-in-use` when an attachment holds it.
   */
  removeAddress(eniId: EniId, address: Ipv4Address): void {
    const record = this.#table.eni(eniId)?.addresses.get(address);
    if (record !== undefined) {
      this.#remove(record);
      this.#relay.flush();
    }
  }

  /**
   * Takes an address away that EC2 no longer assigns to the ENI, whoever holds it, as
   * {@link loseEni} does.
   *
   * @returns what is stranded by it, if it was held.
   */
  loseAddress(eniId: EniId, address: Ipv4Address): Reservation | undefined {
    const holding = this.#holdings.on(eniId).find(({ record }) => record.address === address);
    const stranded = holding === undefined ? undefined : this.#strand(holding);
    this.removeAddress(eniId, address);
    this.#relay.flush();
    return stranded;
  }

  /**
   * Promises free addresses to EC2, so that nobody may reserve them: all of them or none.
   *
   * @throws {IpamError} `address-unknown`, `address-in-use` when reserved, `address-not-free` when
   *   cooling or draining, each as of the last call that carried the time.
   */
  drain(eniId: EniId, addresses: readonly Ipv4Address[]): void {
    for (const { address } of this.#table.moveAll(eniId, addresses, DRAIN)) {
      this.#relay.add({ kind: 'drained', eniId, address });
    }
    this.#relay.flush();
  }

  /**
   * Takes addresses back that EC2 did not unassign after all: all of them or none.
   *
   * @throws {IpamError} `address-unknown`, or the code of the state that one of them is in.
   */
  undrain(eniId: EniId, addresses: readonly Ipv4Address[]): void {
    for (const { address } of this.#table.moveAll(eniId, addresses, UNDRAIN)) {
      this.#relay.add({ kind: 'undrained', eniId, address });
    }
    this.#relay.flush();
  }

  /**
   * Reserves one address for a CNI attachment.
   *
   * Repeating the call with the same key returns the same reservation, so a lost reply does no harm.
   *
   * @returns `reserved`; `stranded` when the attachment holds an address that no ENI has now; or
   *   `exhausted` with the counts and the wait until the first cooling address is free.
   * @throws {TypeError} when the key is not complete or a member of it or of `metadata` is no text.
   */
  reserve(key: CniAttachmentKey, metadata: AttachmentMetadata, nowMs: number): ReserveOutcome {
    const held = this.#holdings.get(key);
    if (held !== undefined) {
      return held.record === undefined
        ? { kind: 'stranded', reservation: held.reservation }
        : { kind: 'reserved', reservation: held.reservation, isNew: false };
    }
    requireMetadata(metadata);
    this.#coolDown.letTimePass(nowMs);
    const record = this.#table.firstFree;
    if (record === undefined) {
      const outcome = exhausted(this.#statistics(), nowMs);
      this.#relay.flush();
      return outcome;
    }
    const reservation = this.#holdings.add(record, {
      key,
      ipv4: record.address,
      allocatedAtNs: nsFromMs(nowMs),
      metadata,
    });
    this.#relay.add({ kind: 'reserved', reservation });
    this.#relay.flush();
    return { kind: 'reserved', reservation, isNew: true };
  }

  /**
   * Releases what an attachment holds; the address starts to cool, a stranded one should it turn up.
   *
   * @returns what was held, or `undefined` when the attachment is unknown.
   * @throws {TypeError} when the key has no container id or no interface name.
   */
  release(key: CniAttachmentKey, nowMs: number): Reservation | undefined {
    const held = this.#holdings.getMigrated(key);
    if (held === undefined) {
      return undefined;
    }
    this.#coolDown.letTimePass(nowMs);
    this.#holdings.delete(held);
    if (held.record === undefined) {
      this.#coolDown.note(held.reservation.address);
    } else {
      this.#coolDown.begin(held.record);
    }
    this.#relay.add({ kind: 'released', reservation: held.reservation, atMs: nowMs });
    this.#relay.flush();
    return held.reservation;
  }

  /** What an attachment holds. */
  find(key: CniAttachmentKey): Reservation | undefined {
    return this.#holdings.get(key)?.reservation;
  }

  /** All reservations, stranded ones included, in the order they were made. */
  reservations(): readonly Reservation[] {
    return this.#holdings.all().map(({ reservation }) => reservation);
  }

  /** The node's addresses by state at `nowMs`. */
  statistics(nowMs: number): AddressStatistics {
    this.#coolDown.letTimePass(nowMs);
    this.#relay.flush();
    return this.#statistics();
  }

  /** The ENIs at `nowMs`, in the order they were added. */
  enis(nowMs: number): readonly EniSnapshot[] {
    this.#coolDown.letTimePass(nowMs);
    this.#relay.flush();
    return enisOf(this.#table);
  }

  /** What a restart must know: all reservations and the releases still remembered. */
  toCheckpoint(): Checkpoint {
    return {
      allocations: this.#holdings.all().map(({ allocation }) => allocation),
      recentReleases: this.#coolDown.recentReleases(),
    };
  }

  /**
   * Takes over an earlier process's checkpoint, after the ENIs and addresses have been added.
   *
   * Attachments keep their address and their original time, stranded if no ENI has it yet; of two that
   * claim one address the first wins. What cannot be taken over is dropped and returned, never an
   * error. Released addresses finish the cool-down they had begun.
   */
  restore(checkpoint: Checkpoint, nowMs: number): RestoreOutcome {
    this.#coolDown.letTimePass(nowMs);
    const parts = { holdings: this.#holdings, coolDown: this.#coolDown, relay: this.#relay };
    const outcome = restoreCheckpoint(checkpoint, parts);
    this.#relay.flush();
    return outcome;
  }

  /**
   * Tells `listener` of every change from now on, after it has happened; the returned function ends
   * that. The end of a cool-down is told by the first call after it that carries the time. What a
   * listener throws reaches whoever made the change, once all listeners have been told.
   */
  subscribe(listener: AddressEventListener): () => void {
    return this.#relay.subscribe(listener);
  }

  #statistics(): AddressStatistics {
    return statisticsOf(this.#table, this.#holdings, this.#coolDown);
  }

  #strand(holding: PlacedHolding): Reservation {
    const { eniId } = holding.reservation.eni;
    const reservation = this.#holdings.strand(holding);
    const { address } = reservation;
    this.#relay.add({ kind: 'address-removed', eniId, address, state: 'reserved' });
    this.#relay.add({ kind: 'stranded', reservation });
    return reservation;
  }

  #remove(record: AddressRecord): void {
    const state = this.#table.deleteAddress(record);
    const { address, eni } = record;
    const { eniId } = eni.description;
    this.#relay.add({ kind: 'address-removed', eniId, address, state });
  }
}
