import { type AddressRecord, type CardRecord, NEVER_USED } from './address-record.ts';
import type { AddressTable } from './address-table.ts';
import type { CheckpointRelease } from './checkpoint.ts';
import type { EventRelay } from './event-relay.ts';
import type { IpAddress } from './ip-address.ts';
import { move, rest } from './life-cycle.ts';

/** How long a half-open NAT entry of a client lives on the client's node, where nobody can flush it. */
const DEFAULT_REST_MS = 120_000;

/** How long releases are remembered at least, so that the order of idleness survives a restart. */
const RELEASE_MEMORY_MS = 300_000;

/** How long released addresses rest. */
export interface RestTimes {
  /**
   * The floor: never is an address reserved again sooner. Milliseconds, 0 or more (the reference's
   * `IP_COOLDOWN_PERIOD` is 30 s).
   */
  readonly addressCooldownMs: number;
  /**
   * The rest that an address gets while the pool allows: one that has rested less is reserved only
   * when none has rested as long. Milliseconds; `addressCooldownMs` when that is longer. Default
   * 120 s, the life of a half-open NAT entry.
   */
  readonly restMs?: number;
}

/** The rest of released addresses: the only part of the book in which time passes. */
export class CoolDown {
  readonly #table: AddressTable;
  readonly #relay: EventRelay;
  readonly #addressCooldownMs: number;
  readonly #restMs: number;
  #nowMs = Number.NEGATIVE_INFINITY;
  #lastReleasedAtMs: number | undefined;

  constructor(table: AddressTable, relay: EventRelay, times: RestTimes) {
    const { addressCooldownMs, restMs = DEFAULT_REST_MS } = times;
    requireDuration('addressCooldownMs', addressCooldownMs);
    requireDuration('restMs', restMs);
    this.#table = table;
    this.#relay = relay;
    this.#addressCooldownMs = addressCooldownMs;
    this.#restMs = Math.max(addressCooldownMs, restMs);
  }

  get lastReleasedAtMs(): number | undefined {
    return this.#lastReleasedAtMs;
  }

  /** When the next cooling address of a card is free. */
  nextCooledAtMs({ cooling: { first } }: CardRecord): number | undefined {
    return first === undefined ? undefined : first.idleSinceMs + this.#addressCooldownMs;
  }

  /** How long an address has been idle; `undefined` when it was never used. */
  idleMs({ idleSinceMs }: AddressRecord): number | undefined {
    return idleSinceMs === NEVER_USED ? undefined : this.#nowMs - idleSinceMs;
  }

  /** Frees the addresses whose cool-down is over, and notes which have rested. */
  letTimePass(nowMs: number): void {
    if (!Number.isFinite(nowMs)) {
      throw new TypeError(`nowMs must be Unix milliseconds, got ${nowMs}`);
    }
    if (nowMs < this.#nowMs) {
      this.#turnBack(nowMs);
    }
    this.#nowMs = nowMs;
    for (const { cooling } of this.#table.cards()) {
      for (
        let record = cooling.first;
        record !== undefined && !this.#isCooling(record.idleSinceMs);
        record = cooling.first
      ) {
        move(record, 'free');
        this.#table.settle(record);
        const { eniId } = record.eni.description;
        this.#relay.add({ kind: 'cooled', eniId, address: record.address });
      }
    }
    for (const { free } of this.#table.enis()) {
      free.rest(nowMs - this.#restMs);
    }
  }

  /** Starts the cool-down of a reserved address at the instant last seen. */
  begin(record: AddressRecord): void {
    record.idleSinceMs = this.#nowMs;
    move(record, 'cooling');
    this.note(record.address);
  }

  /** Remembers a release at the instant last seen: should the address turn up, it cools. */
  note(address: IpAddress): void {
    this.#table.releases.note(address, this.#nowMs);
    this.#lastReleasedAtMs = this.#nowMs;
  }

  /** Releases worth remembering across a restart, oldest first. */
  recentReleases(): readonly CheckpointRelease[] {
    const { releases } = this.#table;
    releases.forgetBefore(this.#nowMs - Math.max(this.#restMs, RELEASE_MEMORY_MS));
    return releases.all();
  }

  /** Continues cool-downs that began in an earlier process, of addresses that nobody holds. */
  takeOver(found: readonly CheckpointRelease[]): void {
    const releases = found.map(({ address, releasedAtMs }) => ({
      address,
      releasedAtMs: Math.min(releasedAtMs, this.#nowMs),
    }));
    this.#table.releases.merge(releases);
    for (const { address, releasedAtMs } of releases) {
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
    rest(record, isCooling ? 'cooling' : 'free', releasedAtMs);
    this.#table.settle(record);
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

function requireDuration(name: string, ms: number): void {
  if (!(Number.isFinite(ms) && ms >= 0)) {
    throw new TypeError(`${name} must be 0 or more, got ${ms}`);
  }
}
