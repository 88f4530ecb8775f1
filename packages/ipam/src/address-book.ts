import type { AddressEventListener } from './address-event.ts';
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
  recoveredKey,
  requireMetadata,
} from './attachment-key.ts';
import type { Checkpoint } from './checkpoint.ts';
import { CoolDown, type RestTimes } from './cool-down.ts';
import type { Ec2Block } from './ec2-block.ts';
import type { Ec2Intent } from './ec2-intent.ts';
import type { EniDescription, EniId, EniRole } from './eni-description.ts';
import { EniInventory } from './eni-inventory.ts';
import { EventRelay } from './event-relay.ts';
import { type Holding, Holdings } from './holdings.ts';
import { IntentLog } from './intent-log.ts';
import type { IpAddress } from './ip-address.ts';
import type { IpPrefix } from './ip-prefix.ts';
import { rememberedEnis } from './remembered-eni.ts';
import type {
  PlacedReservation,
  Reservation,
  ReserveEachOutcome,
  ReserveOutcome,
} from './reservation.ts';
import { reserveEach } from './reserve-each.ts';
import { type RestoreOutcome, restoreCheckpoint } from './restore.ts';

/** Which network card is meant. */
export interface CardChoice {
  /** Default 0. */
  readonly networkCardIndex?: number;
}

/** What else matters at a restart. */
export interface RestoreOptions {
  /**
   * Where in a /80 the first address is taken: a share of it, from 0 up to 1. Something random serves after
   * a checkpoint was lost, because nobody remembers which of its addresses were released lately. Default 0.
   */
  readonly beginAt?: number;
}

/**
 * Who holds which address of this node's ENIs.
 *
 * EC2 assigns addresses and prefixes to ENIs; the book reserves addresses for CNI attachments. Each
 * network card is a pool of its own, and an attachment holds at most one address per card. Which free
 * address is taken:
 *
 * - One released less than the cool-down ago: never.
 * - One that has rested less than `restMs`: only when none of the card has rested as long, and then
 *   the longest idle one.
 * - Of those that have rested, or were never used: one of the fullest prefix in use, else a single
 *   one, else one of an unused prefix; the longest idle in each case.
 * - Of a /80: the next one that nobody holds or has released lately, counting from its first address.
 *
 * The book lives in memory, is changed synchronously by one owner and reads no clock: every
 * `nowMs` is Unix milliseconds. When the clock goes back, no cool-down gets shorter and none
 * takes longer than one full cool-down from then.
 */
export class AddressBook {
  readonly #table = new AddressTable();
  readonly #holdings = new Holdings(this.#table);
  readonly #relay = new EventRelay();
  readonly #inventory = new EniInventory({
    table: this.#table,
    holdings: this.#holdings,
    relay: this.#relay,
  });
  readonly #intents = new IntentLog();
  readonly #coolDown: CoolDown;

  constructor(times: RestTimes) {
    this.#coolDown = new CoolDown(this.#table, this.#relay, times);
  }

  /**
   * Adds an ENI without addresses. Adding the same one again changes nothing but its role.
   *
   * @throws {IpamError} `eni-mismatch` when it is known with another description.
   */
  addEni(eni: EniDescription): void {
    this.#inventory.addEni(eni);
    this.#relay.flush();
  }

  /** Gives an ENI another role; an unknown one is no error. */
  setEniRole(eniId: EniId, role: EniRole): void {
    this.#inventory.setEniRole(eniId, role);
  }

  /**
   * Removes an ENI with its addresses; their releases stay remembered. An unknown one is no error.
   *
   * @throws {IpamError} `eni-in-use` when an attachment holds an address of it; nothing changes.
   */
  removeEni(eniId: EniId): void {
    this.#inventory.removeEni(eniId);
    this.#relay.flush();
  }

  /**
   * Takes an ENI away that EC2 no longer attaches, with its addresses. What attachments hold of it is
   * stranded: they keep it, and have it again should the address be added. An unknown one is no error.
   *
   * @returns what is stranded by it.
   */
  loseEni(eniId: EniId): readonly Reservation[] {
    return this.#told(this.#inventory.loseEni(eniId));
  }

  /**
   * Adds an address that EC2 assigned to an ENI. Adding it again changes nothing. An attachment that
   * holds it has it again at once; one whose release is still remembered comes back cooling.
   *
   * @throws {IpamError} `eni-unknown`, or `address-elsewhere` when another ENI or a prefix has it.
   */
  addAddress(eniId: EniId, address: IpAddress): void {
    this.#inventory.addAddress(eniId, address);
    this.#keepPromises();
    this.#relay.flush();
  }

  /**
   * Adds a prefix that EC2 assigned to an ENI: all its addresses, each as {@link addAddress} would.
   *
   * @throws {IpamError} `eni-unknown`, or `address-elsewhere` when one of its addresses is in the book
   *   otherwise; nothing changes.
   */
  addPrefix(eniId: EniId, prefix: IpPrefix): void {
    this.#inventory.addPrefix(eniId, prefix);
    this.#keepPromises();
    this.#relay.flush();
  }

  /**
   * Removes an address that EC2 no longer assigns to the ENI. One the ENI does not have, or has as part
   * of a prefix, is no error.
   *
   * @throws {IpamError} `address-in-use` when an attachment holds it.
   */
  removeAddress(eniId: EniId, address: IpAddress): void {
    this.#inventory.removeAddress(eniId, address);
    this.#relay.flush();
  }

  /**
   * Removes a prefix that EC2 no longer assigns to the ENI; the releases of its addresses stay
   * remembered. One the ENI does not have is no error.
   *
   * @throws {IpamError} `prefix-in-use` when an attachment holds an address of it; nothing changes.
   */
  removePrefix(eniId: EniId, prefix: IpPrefix): void {
    this.#inventory.removePrefix(eniId, prefix);
    this.#relay.flush();
  }

  /**
   * Takes an address away that EC2 no longer assigns to the ENI, whoever holds it, as
   * {@link loseEni} does.
   *
   * @returns what is stranded by it, if it was held.
   */
  loseAddress(eniId: EniId, address: IpAddress): Reservation | undefined {
    return this.#told(this.#inventory.loseAddress(eniId, address));
  }

  /**
   * Takes a prefix away that EC2 no longer assigns to the ENI, whoever holds addresses of it, as
   * {@link loseEni} does.
   *
   * @returns what is stranded by it.
   */
  losePrefix(eniId: EniId, prefix: IpPrefix): readonly Reservation[] {
    return this.#told(this.#inventory.losePrefix(eniId, prefix));
  }

  /**
   * Promises single addresses and whole prefixes to EC2, so that nobody may reserve them: all or none.
   *
   * @throws {IpamError} `address-unknown`, `prefix-unknown`, `address-in-use` when an address is
   *   reserved, `address-not-free` when one is cooling or draining, each as of the last call that
   *   carried the time.
   */
  drain(eniId: EniId, blocks: readonly Ec2Block[]): void {
    this.#inventory.drain(eniId, blocks);
    this.#relay.flush();
  }

  /**
   * Takes back what EC2 did not unassign after all: all of it or nothing.
   *
   * @throws {IpamError} `address-unknown`, `prefix-unknown`, or the code of the state that an address
   *   is in.
   */
  undrain(eniId: EniId, blocks: readonly Ec2Block[]): void {
    this.#inventory.undrain(eniId, blocks);
    this.#relay.flush();
  }

  /**
   * Notes what EC2 is about to be asked for; one with a known `intentId` takes the place of that. Save
   * the checkpoint before calling EC2: a restart gets the intent with {@link intents}.
   */
  beginIntent(intent: Ec2Intent): void {
    this.#intents.begin(intent);
    this.#relay.add({ kind: 'intent-begun', intent });
    this.#relay.flush();
  }

  /**
   * Notes that EC2 has answered, or that the outcome has been found out. An unknown one is no error.
   * What an earlier process promised to EC2 stays draining until it is taken back or removed.
   */
  endIntent(intentId: string): void {
    const intent = this.#intents.end(intentId);
    if (intent !== undefined) {
      this.#relay.add({ kind: 'intent-ended', intent });
      this.#relay.flush();
    }
  }

  /** What EC2 has been asked for without a known outcome, by an earlier process too; oldest first. */
  intents(): readonly Ec2Intent[] {
    return this.#intents.all();
  }

  /**
   * Reserves one address of a network card for a CNI attachment.
   *
   * Repeating the call with the same key returns the same reservation, so a lost reply does no harm.
   *
   * @returns `reserved`; `stranded` when the attachment holds an address that no ENI has now; or
   *   `exhausted` with the card's counts and the wait until its first cooling address is free.
   * @throws {TypeError} when the key is not complete or a member of it or of `metadata` is no text.
   */
  reserve(
    key: CniAttachmentKey,
    metadata: AttachmentMetadata,
    nowMs: number,
    { networkCardIndex = 0 }: CardChoice = {},
  ): ReserveOutcome {
    const outcome = this.reserveEach(key, metadata, nowMs, [networkCardIndex]);
    if (outcome.kind !== 'reserved') {
      return outcome;
    }
    const { reservations, isNew } = outcome;
    return { kind: 'reserved', reservation: reservations[0] as PlacedReservation, isNew }; // one card, one address
  }

  /**
   * Reserves one address on each of several network cards, or none at all; otherwise as
   * {@link reserve}. What the attachment holds of them already, it keeps.
   *
   * @returns `exhausted` with the first card that has no address free.
   */
  reserveEach(
    key: CniAttachmentKey,
    metadata: AttachmentMetadata,
    nowMs: number,
    networkCardIndexes: readonly number[],
  ): ReserveEachOutcome {
    const outcome = reserveEach({ key, metadata, nowMs }, networkCardIndexes, {
      table: this.#table,
      holdings: this.#holdings,
      coolDown: this.#coolDown,
      relay: this.#relay,
      letTimePass: (now) => this.#letTimePass(now),
    });
    return this.#told(outcome);
  }

  /**
   * Releases what an attachment holds on a network card; the address starts to cool, a stranded one
   * should it turn up.
   *
   * @returns what was held, or `undefined` when the attachment is unknown.
   * @throws {TypeError} when the key has no container id or no interface name.
   */
  release(
    key: CniAttachmentKey,
    nowMs: number,
    { networkCardIndex = 0 }: CardChoice = {},
  ): Reservation | undefined {
    const held = this.#holdings.getMigrated(key, networkCardIndex);
    if (held === undefined) {
      return undefined;
    }
    this.#release(held, nowMs);
    return this.#told(held.reservation);
  }

  /** As {@link release}, on all network cards: the attachment has come to its end. */
  releaseAll(key: CniAttachmentKey, nowMs: number): readonly Reservation[] {
    const held = this.#holdings.ofAttachment(key);
    for (const holding of held) {
      this.#release(holding, nowMs);
    }
    return this.#told(held.map(({ reservation }) => reservation));
  }

  /**
   * Tells whose address it is that is held under its {@link recoveredKey}.
   *
   * @returns the reservation under its real key; `undefined` when the address is not held that way or
   *   the attachment holds another one of that card.
   */
  identify(
    address: IpAddress,
    pod: { readonly key: CniAttachmentKey; readonly metadata: AttachmentMetadata },
  ): Reservation | undefined {
    requireMetadata(pod.metadata);
    const [held] = this.#holdings.ofAttachment(recoveredKey(address));
    if (
      held === undefined ||
      this.#holdings.get(pod.key, held.reservation.networkCardIndex) !== undefined
    ) {
      return undefined;
    }
    const reservation = this.#holdings.rename(held, pod.key, pod.metadata);
    this.#relay.add({ kind: 'identified', reservation });
    return this.#told(reservation);
  }

  /** What an attachment holds on a network card: what {@link release} would release. */
  find(key: CniAttachmentKey, { networkCardIndex = 0 }: CardChoice = {}): Reservation | undefined {
    return this.#holdings.getMigrated(key, networkCardIndex)?.reservation;
  }

  /** What {@link releaseAll} would release, by network card ascending. */
  findAll(key: CniAttachmentKey): readonly Reservation[] {
    return this.#holdings.ofAttachment(key).map(({ reservation }) => reservation);
  }

  /** All reservations, stranded ones included, in the order they were made. */
  reservations(): readonly Reservation[] {
    return this.#holdings.all().map(({ reservation }) => reservation);
  }

  /** Addresses by state at `nowMs`: of one network card, or of the node when none is named. */
  statistics(nowMs: number, { networkCardIndex }: CardChoice = {}): AddressStatistics {
    this.#letTimePass(nowMs);
    return this.#told(this.#statistics(networkCardIndex));
  }

  /** The ENIs at `nowMs`, in the order they were added. */
  enis(nowMs: number): readonly EniSnapshot[] {
    this.#letTimePass(nowMs);
    return this.#told(enisOf(this.#table));
  }

  /** What a restart must know: reservations, the releases still remembered, open intents, the ENIs. */
  toCheckpoint(): Checkpoint {
    return {
      allocations: this.#holdings.all().map(({ allocation }) => allocation),
      recentReleases: this.#coolDown.recentReleases(),
      intents: this.#intents.all(),
      enis: rememberedEnis(this.#table),
    };
  }

  /**
   * Takes over an earlier process's checkpoint, after the ENIs and addresses have been added.
   *
   * Attachments keep their address and their original time, stranded if no ENI has it yet; of two that
   * claim one address the first wins. What cannot be taken over is dropped and returned, never an
   * error. Released addresses finish the cool-down they had begun. Free addresses that the earlier
   * process was giving back to EC2 are draining, until the intent has ended and they are taken back.
   */
  restore(checkpoint: Checkpoint, nowMs: number, { beginAt }: RestoreOptions = {}): RestoreOutcome {
    if (beginAt !== undefined) {
      this.#table.beginAt(beginAt);
    }
    this.#letTimePass(nowMs);
    const parts = { holdings: this.#holdings, coolDown: this.#coolDown, relay: this.#relay };
    const outcome = restoreCheckpoint(checkpoint, parts);
    this.#intents.inherit(checkpoint.intents);
    this.#keepPromises();
    return this.#told(outcome);
  }

  /**
   * Tells `listener` of every change from now on, after it has happened; the returned function ends
   * that. The end of a cool-down is told by the first call after it that carries the time. What a
   * listener throws reaches whoever made the change, once all listeners have been told.
   */
  subscribe(listener: AddressEventListener): () => void {
    return this.#relay.subscribe(listener);
  }

  #letTimePass(nowMs: number): void {
    this.#coolDown.letTimePass(nowMs);
    this.#keepPromises();
  }

  #keepPromises(): void {
    this.#intents.keepPromises(this.#table, this.#inventory);
  }

  #release(held: Holding, nowMs: number): void {
    this.#letTimePass(nowMs);
    this.#holdings.delete(held);
    if (held.record === undefined) {
      this.#coolDown.note(held.reservation.address);
    } else {
      this.#coolDown.begin(held.record);
    }
    this.#relay.add({ kind: 'released', reservation: held.reservation, atMs: nowMs });
  }

  #statistics(networkCardIndex: number | undefined): AddressStatistics {
    const parts = { table: this.#table, holdings: this.#holdings, coolDown: this.#coolDown };
    return statisticsOf(parts, networkCardIndex);
  }

  /** An answer, once the listeners have been told of what led to it. */
  #told<T>(answer: T): T {
    this.#relay.flush();
    return answer;
  }
}
