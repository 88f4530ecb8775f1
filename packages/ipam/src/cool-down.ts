import type { AddressRecord } from './address-record.ts';
import type { AddressTable } from './address-table.ts';
import type { CheckpointRelease } from './checkpoint.ts';
import type { EventRelay } from './event-relay.ts';
import type { Ipv4Address } from './ipv4-address.ts';

/**
 * How long releases are remembered at least: so that the order of idleness survives a restart, and
 * an address is not met again by a NAT entry of a client's node (120 s half-open) without need.
 */
const RELEASE_MEMORY_MS = 300_000;

/** The rest of released addresses: the only part of the book in which time passes. */
export class CoolDown {
  readonly #table: AddressTable;
  readonly #addressCooldownMs: number;
  readonly #relay: EventRelay;
  #nowMs = Number.NEGATIVE_INFINITY;
  #lastReleasedAtMs: number | undefined;

  constructor(table: AddressTable, addressCooldownMs: number, relay: EventRelay) {
    if (!(Number.isFinite(addressCooldownMs) && addressCooldownMs >= 0)) {
      throw new TypeError(`addressCooldownMs must be 0 or more, got ${addressCooldownMs}`);
    }
    this.#table = table;
    this.#addressCooldownMs = addressCooldownMs;
    this.#relay = relay;
  }

  get lastReleasedAtMs(): number | undefined {
    return this.#lastReleasedAtMs;
  }

  get nextCooledAtMs(): number | undefined {
    const record = this.#table.firstCooling;
    return record === undefined ? undefined : record.idleSinceMs + this.#addressCooldownMs;
  }

  /** Frees the addresses whose cool-down is over. */
  letTimePass(nowMs: number): void {
    if (!Number.isFinite(nowMs)) {
      throw new TypeError(`nowMs must be Unix milliseconds, got ${nowMs}`);
    }
    if (nowMs < this.#nowMs) {
      this.#turnBack(nowMs);
    }
    this.#nowMs = nowMs;
    for (
      let record = this.#table.firstCooling;
      record !== undefined && !this.#isCooling(record.idleSinceMs);
      record = this.#table.firstCooling
    ) {
      this.#table.move(record, 'free');
      const { eniId } = record.eni.description;
      this.#relay.add({ kind: 'cooled', eniId, address: record.address });
    }
  }

  /** Starts the cool-down of a reserved address at the instant last seen. */
  begin(record: AddressRecord): void {
    record.idleSinceMs = this.#nowMs;
    this.#table.move(record, 'cooling');
    this.note(record.address);
  }

  /** Remembers a release at the instant last seen: should the address turn up, it cools. */
  note(address: Ipv4Address): void {
    this.#table.releases.note(address, this.#nowMs);
    this.#lastReleasedAtMs = this.#nowMs;
  }

  /** Releases worth remembering across a restart, oldest first. */
  recentReleases(): readonly CheckpointRelease[] {
    const { releases } = this.#table;
    releases.forgetBefore(this.#nowMs - Math.max(this.#addressCooldownMs, RELEASE_MEMORY_MS));
    return [...releases.entries()].map(([address, releasedAtMs]) => ({
      address,
      releasedAtMs: Math.ceil(releasedAtMs),
    }));
  }

  /** Continues cool-downs that began in an earlier process, of addresses that nobody holds. */
  takeOver(found: readonly CheckpointRelease[]): void {
    const releases = found.map((release): [Ipv4Address, number] => [
      release.address,
      Math.min(release.releasedAtMs, this.#nowMs),
    ]);
    this.#table.releases.merge(releases);
    for (const [address, releasedAtMs] of releases) {
      this.#lastReleasedAtMs = Math.max(releasedAtMs, this.#lastReleasedAtMs ?? releasedAtMs);
      const record = this.#table.record(address);
      if (record !== undefined) {
        this.#resume(record, this.#table.releases.at(address) ?? releasedAtMs);
      }
    }
  }

  #resume(record: AddressRecord, releasedAtMs: number): void {
    const isCooling = this.#isCooling(releasedAtMs);
    if (record.state === 'free' && isCooling) {
      const { eniId } = record.eni.description;
      this.#relay.add({ kind: 'cooling-resumed', eniId, address: record.address, releasedAtMs });
    }
    this.#table.rest(record, isCooling ? 'cooling' : 'free', releasedAtMs);
  }

  #isCooling(releasedAtMs: number): boolean {
    return this.#nowMs < releasedAtMs + this.#addressCooldownMs;
  }

  /** The clock went back: what seems released in the future was released now. */
  #turnBack(nowMs: number): void {
    this.#table.turnBack(nowMs);
    if (this.#lastReleasedAtMs !== undefined) {
      this.#lastReleasedAtMs = Math.min(this.#lastReleasedAtMs, nowMs);
    }
  }
}
