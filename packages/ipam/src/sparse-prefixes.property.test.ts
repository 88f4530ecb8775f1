import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { AddressBook } from './address-book.ts';
import { COOLDOWN_MS, codeOf, eni, key, REST_MS, START_MS } from './book-fixture.ts';
import { decodeCheckpoint, encodeCheckpoint } from './checkpoint-codec.ts';
import type { EniId } from './eni-description.ts';
import type { IpAddress } from './ip-address.ts';
import { type IpPrefix, prefixAround } from './ip-prefix.ts';
import { IPV6_PREFIX_SIZE, type Ipv6Prefix } from './ipv6-prefix.ts';

// Whatever happens to the /80s of a node: no address has two holders, none comes back before its rest is over,
// and every address is counted once. The model knows what happened, not how the book keeps it.

const ENIS = [0, 1] as const;
const PREFIXES: readonly Ipv6Prefix[] = ['2001:db8:0:1:1::/80', '2001:db8:0:1:2::/80'];
const PODS = ['a', 'b', 'c', 'd'] as const;

type Step =
  | { readonly kind: 'add'; readonly eni: number; readonly prefix: Ipv6Prefix }
  | { readonly kind: 'lose' | 'remove' | 'drain' | 'undrain'; readonly prefix: Ipv6Prefix }
  | { readonly kind: 'reserve' | 'release'; readonly pod: string }
  | { readonly kind: 'exclude'; readonly eni: number; readonly isExcluded: boolean }
  | { readonly kind: 'pass'; readonly ms: number }
  | { readonly kind: 'restart' };

const prefix = fc.constantFrom(...PREFIXES);
const pod = fc.constantFrom(...PODS);
const eniNumber = fc.constantFrom(...ENIS);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('reserve'), pod }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('release'), pod }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('add'), eni: eniNumber, prefix }) },
  fc.record({ kind: fc.constantFrom('lose', 'remove', 'drain', 'undrain'), prefix }),
  fc.record({ kind: fc.constant('exclude'), eni: eniNumber, isExcluded: fc.boolean() }),
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('pass'),
      ms: fc.constantFrom(1, COOLDOWN_MS - 1, COOLDOWN_MS, REST_MS, 400_000),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('restart') }) },
) as fc.Arbitrary<Step>; // `constant` widens the literals

const eniId = (number: number): EniId => `eni-${number}`;

class Node {
  book = this.#newBook();
  nowMs = START_MS;
  readonly places = new Map<IpPrefix, number>();
  readonly draining = new Set<IpPrefix>();
  readonly excluded = new Set<number>();
  readonly held = new Map<string, IpAddress>();
  readonly releasedAtMs = new Map<IpAddress, number>();

  take(one: Step): void {
    switch (one.kind) {
      case 'add':
        this.#add(one.eni, one.prefix);
        break;
      case 'lose':
        this.book.losePrefix(this.#eniOf(one.prefix), one.prefix);
        this.#forget(one.prefix);
        break;
      case 'remove': {
        const isUsed = this.#heldIn(one.prefix).length > 0 && this.places.has(one.prefix);
        const code = codeOf(() => this.book.removePrefix(this.#eniOf(one.prefix), one.prefix));
        expect(code).toBe(isUsed ? 'prefix-in-use' : 'no error');
        if (!isUsed) this.#forget(one.prefix);
        break;
      }
      case 'drain':
      case 'undrain':
        this.#drain(one.kind, one.prefix);
        break;
      case 'reserve':
        this.#reserve(one.pod);
        break;
      case 'release':
        this.#release(one.pod);
        break;
      case 'exclude':
        this.book.setEniRole(eniId(one.eni), one.isExcluded ? 'excluded' : 'ordinary');
        if (one.isExcluded) this.excluded.add(one.eni);
        else this.excluded.delete(one.eni);
        break;
      case 'pass':
        this.nowMs += one.ms;
        break;
      case 'restart':
        this.#restart();
    }
  }

  check(): void {
    const isHere = (address: IpAddress) => this.places.has(prefixAround(address));
    const holders = [...this.held.values()];
    expect(new Set(holders).size).toBe(holders.length);
    expect(
      this.book
        .reservations()
        .map(({ address }) => address)
        .sort(),
    ).toEqual(holders.sort());
    const found = this.book.statistics(this.nowMs);
    expect(found).toMatchObject({
      totalCount: this.places.size * IPV6_PREFIX_SIZE,
      reservedCount: holders.filter(isHere).length,
      strandedCount: holders.filter((address) => !isHere(address)).length,
      coolingCount: this.#cooling().filter(isHere).length,
      drainingCount: this.draining.size * IPV6_PREFIX_SIZE,
      prefixCount: this.places.size,
      unusedPrefixCount: [...this.places.keys()].filter((one) => this.#heldIn(one).length === 0)
        .length,
    });
    const { reservedCount, coolingCount, drainingCount, reservableNowCount, closedCount } = found;
    expect(reservedCount + coolingCount + drainingCount + reservableNowCount + closedCount).toBe(
      found.totalCount,
    );
  }

  #reserve(name: string): void {
    const outcome = this.book.reserve(key(name), {}, this.nowMs);
    const before = this.held.get(name);
    if (before !== undefined) {
      const isHere = this.places.has(prefixAround(before));
      expect(outcome).toMatchObject({
        kind: isHere ? 'reserved' : 'stranded',
        reservation: { address: before },
      });
      return;
    }
    const open = [...this.places].filter(
      ([one, number]) => !this.draining.has(one) && !this.excluded.has(number),
    );
    if (open.length === 0) {
      expect(outcome.kind).toBe('exhausted');
      return;
    }
    if (outcome.kind !== 'reserved') throw new Error('a /80 was open');
    const { address, eni: place } = outcome.reservation;
    expect(open).toContainEqual([prefixAround(address), place.deviceNumber]);
    expect([...this.held.values()]).not.toContain(address);
    const releasedAtMs = this.releasedAtMs.get(address) ?? Number.NEGATIVE_INFINITY;
    expect(this.nowMs - releasedAtMs).toBeGreaterThanOrEqual(REST_MS);
    this.held.set(name, address);
    this.releasedAtMs.delete(address);
  }

  #release(name: string): void {
    const address = this.held.get(name);
    expect(this.book.release(key(name), this.nowMs)?.address).toBe(address);
    if (address === undefined) return;
    this.held.delete(name);
    this.releasedAtMs.set(address, this.nowMs);
  }

  #add(number: number, added: Ipv6Prefix): void {
    const place = this.places.get(added);
    const code = codeOf(() => this.book.addPrefix(eniId(number), added));
    expect(code).toBe(place === undefined || place === number ? 'no error' : 'address-elsewhere');
    this.places.set(added, place ?? number);
  }

  #drain(kind: 'drain' | 'undrain', block: Ipv6Prefix): void {
    const call = () => this.book[kind](this.#eniOf(block), [block]);
    this.book.statistics(this.nowMs); // what is cooling as of now
    const isBusy =
      this.#heldIn(block).length > 0 ||
      this.#cooling().some((address) => prefixAround(address) === block);
    const isPossible =
      this.places.has(block) && !isBusy && this.draining.has(block) === (kind === 'undrain');
    expect(codeOf(call) === 'no error').toBe(isPossible);
    if (!isPossible) return;
    if (kind === 'drain') this.draining.add(block);
    else this.draining.delete(block);
  }

  /** What EC2 had been promised is free again: no intent says otherwise. */
  #restart(): void {
    this.book.statistics(this.nowMs);
    const text = encodeCheckpoint(this.book.toCheckpoint());
    this.book = this.#newBook();
    for (const number of this.excluded) this.book.setEniRole(eniId(number), 'excluded');
    for (const [one, number] of this.places) this.book.addPrefix(eniId(number), one);
    this.draining.clear();
    const checkpoint = decodeCheckpoint(text);
    expect(this.book.restore(checkpoint, this.nowMs).dropped).toEqual([]);
    expect(this.book.toCheckpoint()).toMatchObject({
      allocations: checkpoint.allocations,
      recentReleases: checkpoint.recentReleases,
    });
  }

  #newBook(): AddressBook {
    const book = new AddressBook({ addressCooldownMs: COOLDOWN_MS });
    for (const number of ENIS) book.addEni(eni(number));
    return book;
  }

  #forget(gone: IpPrefix): void {
    this.places.delete(gone);
    this.draining.delete(gone);
  }

  #eniOf = (one: IpPrefix): EniId => eniId(this.places.get(one) ?? 0);

  #heldIn = (one: IpPrefix): readonly IpAddress[] =>
    [...this.held.values()].filter((address) => prefixAround(address) === one);

  #cooling = (): readonly IpAddress[] =>
    [...this.releasedAtMs]
      .filter(([, releasedAtMs]) => this.nowMs < releasedAtMs + COOLDOWN_MS)
      .map(([address]) => address);
}

test('the addresses of /80s have one holder, rest after each, and are all counted', () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 20, maxLength: 80 }), (steps) => {
      const node = new Node();
      for (const one of steps) {
        node.take(one);
        node.check();
      }
    }),
    { numRuns: 400 },
  );
});
