import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { AddressBook } from './address-book.ts';
import { COOLDOWN_MS, codeOf, eni, key, START_MS } from './book-fixture.ts';
import { decodeCheckpoint, encodeCheckpoint } from './checkpoint-codec.ts';
import type { EniId } from './eni-description.ts';
import type { Ipv4Address } from './ipv4-address.ts';

/** The address book as one would write it without caring for speed: a list and a few filters. */
interface ModelAddress {
  readonly eniId: EniId;
  isDraining: boolean;
  heldBy: string | undefined;
}

interface Model {
  nowMs: number;
  readonly enis: Set<number>;
  readonly addresses: Map<Ipv4Address, ModelAddress>;
  readonly releasedAtMs: Map<Ipv4Address, number>;
  readonly reservedAtMs: Map<string, number>;
  /** Held by a pod while no ENI has them. */
  readonly stranded: Map<Ipv4Address, string>;
}

/** The book under test, replaced by its successor at a restart. */
interface Real {
  book: AddressBook;
}

type State = 'free' | 'reserved' | 'cooling' | 'draining';

const stateOf = (model: Model, address: Ipv4Address): State | undefined => {
  const found = model.addresses.get(address);
  if (found === undefined) return undefined;
  if (found.heldBy !== undefined) return 'reserved';
  if (found.isDraining) return 'draining';
  const releasedAtMs = model.releasedAtMs.get(address) ?? Number.NEGATIVE_INFINITY;
  return model.nowMs < releasedAtMs + COOLDOWN_MS ? 'cooling' : 'free';
};

const inState = (model: Model, wanted: State, eniId?: EniId): readonly Ipv4Address[] =>
  [...model.addresses.keys()].filter(
    (address) =>
      stateOf(model, address) === wanted &&
      (eniId === undefined || model.addresses.get(address)?.eniId === eniId),
  );

const idleSince = (model: Model, address: Ipv4Address): number =>
  model.releasedAtMs.get(address) ?? Number.NEGATIVE_INFINITY;

const holderOf = (model: Model, pod: string): Ipv4Address | undefined =>
  [...model.addresses].find(([, { heldBy }]) => heldBy === pod)?.[0];

const strandedOf = (model: Model, pod: string): Ipv4Address | undefined =>
  [...model.stranded].find(([, holder]) => holder === pod)?.[0];

/** EC2 takes the address away, whoever holds it. */
function lose(model: Model, address: Ipv4Address): void {
  const heldBy = model.addresses.get(address)?.heldBy;
  if (heldBy !== undefined) model.stranded.set(address, heldBy);
  model.addresses.delete(address);
}

const addressesOn = (model: Model, eniId: EniId): readonly Ipv4Address[] =>
  [...model.addresses].filter(([, found]) => found.eniId === eniId).map(([address]) => address);

/** What must hold after every step: the book's running counters equal a recount. */
function expectSame(model: Model, { book }: Real): void {
  const count = (state: State, eniId?: EniId) => inState(model, state, eniId).length;
  expect(book.statistics(model.nowMs)).toMatchObject({
    totalCount: model.addresses.size,
    reservedCount: count('reserved'),
    coolingCount: count('cooling'),
    drainingCount: count('draining'),
    reservableNowCount: count('free'),
    strandedCount: model.stranded.size,
  });
  const snapshots = book.enis(model.nowMs);
  expect(snapshots.map(({ eniId }) => eniId).sort()).toEqual(
    [...model.enis].map((number) => `eni-${number}`).sort(),
  );
  for (const { eniId, addresses, freeAddresses, ...counts } of snapshots) {
    for (const { address, state } of addresses) {
      expect({ address, state }).toEqual({ address, state: stateOf(model, address) });
    }
    expect([...freeAddresses].sort()).toEqual([...inState(model, 'free', eniId)].sort());
    expect(counts).toMatchObject({
      totalCount: addresses.length,
      freeCount: count('free', eniId),
      reservedCount: count('reserved', eniId),
      coolingCount: count('cooling', eniId),
      drainingCount: count('draining', eniId),
    });
  }
  const held = book.reservations().map(({ address }) => address);
  expect(new Set(held).size).toBe(held.length);
  expect([...held].sort()).toEqual(
    [...inState(model, 'reserved'), ...model.stranded.keys()].sort(),
  );
  const strandedInBook = book.reservations().filter(({ eni: place }) => place === undefined);
  expect(strandedInBook.map(({ address, key: { containerId } }) => [address, containerId])).toEqual(
    expect.arrayContaining([...model.stranded]),
  );
  expect(strandedInBook).toHaveLength(model.stranded.size);
}

interface Step {
  readonly label: string;
  readonly apply: (model: Model, real: Real) => void;
}

const command = ({ label, apply }: Step): fc.Command<Model, Real> => ({
  check: () => true,
  run: (model, real) => {
    apply(model, real);
    expectSame(model, real);
  },
  toString: () => label,
});

const addEni = (number: number): Step => ({
  label: `addEni(${number})`,
  apply: (model, { book }) => {
    book.addEni(eni(number));
    model.enis.add(number);
  },
});

const removeEni = (number: number): Step => ({
  label: `removeEni(${number})`,
  apply: (model, { book }) => {
    const eniId: EniId = `eni-${number}`;
    const isInUse = inState(model, 'reserved', eniId).length > 0;
    expect(codeOf(() => book.removeEni(eniId))).toBe(isInUse ? 'eni-in-use' : 'no error');
    if (!isInUse) {
      model.enis.delete(number);
      for (const [address, { eniId: owner }] of model.addresses) {
        if (owner === eniId) model.addresses.delete(address);
      }
    }
  },
});

const addAddress = (number: number, address: Ipv4Address): Step => ({
  label: `addAddress(${number}, ${address})`,
  apply: (model, { book }) => {
    const eniId: EniId = `eni-${number}`;
    const owner = model.addresses.get(address)?.eniId;
    const code = !model.enis.has(number)
      ? 'eni-unknown'
      : owner !== undefined && owner !== eniId
        ? 'address-elsewhere'
        : 'no error';
    expect(codeOf(() => book.addAddress(eniId, address))).toBe(code);
    if (code === 'no error' && owner === undefined) {
      const heldBy = model.stranded.get(address);
      model.addresses.set(address, { eniId, isDraining: false, heldBy });
      model.stranded.delete(address);
    }
  },
});

const loseEni = (number: number): Step => ({
  label: `loseEni(${number})`,
  apply: (model, { book }) => {
    const eniId: EniId = `eni-${number}`;
    const lost = addressesOn(model, eniId);
    const held = lost.filter((address) => stateOf(model, address) === 'reserved');
    expect(book.loseEni(eniId).map(({ address }) => address)).toEqual(
      expect.arrayContaining([...held]),
    );
    for (const address of lost) lose(model, address);
    model.enis.delete(number);
  },
});

const loseAddress = (number: number, address: Ipv4Address): Step => ({
  label: `loseAddress(${number}, ${address})`,
  apply: (model, { book }) => {
    const eniId: EniId = `eni-${number}`;
    const isThere = model.addresses.get(address)?.eniId === eniId;
    const isHeld = isThere && stateOf(model, address) === 'reserved';
    expect(book.loseAddress(eniId, address)?.address).toBe(isHeld ? address : undefined);
    if (isThere) lose(model, address);
  },
});

const removeAddress = (number: number, address: Ipv4Address): Step => ({
  label: `removeAddress(${number}, ${address})`,
  apply: (model, { book }) => {
    const eniId: EniId = `eni-${number}`;
    const isThere = model.addresses.get(address)?.eniId === eniId;
    const isHeld = isThere && stateOf(model, address) === 'reserved';
    expect(codeOf(() => book.removeAddress(eniId, address))).toBe(
      isHeld ? 'address-in-use' : 'no error',
    );
    if (isThere && !isHeld) model.addresses.delete(address);
  },
});

const drain = (address: Ipv4Address, isBack: boolean): Step => ({
  label: `${isBack ? 'undrain' : 'drain'}(${address})`,
  apply: (model, { book }) => {
    const eniId = model.addresses.get(address)?.eniId ?? 'eni-0';
    const isLegal = stateOf(model, address) === (isBack ? 'draining' : 'free');
    const code = codeOf(() =>
      isBack ? book.undrain(eniId, [address]) : book.drain(eniId, [address]),
    );
    expect(code === 'no error').toBe(isLegal);
    const found = model.addresses.get(address);
    if (isLegal && found !== undefined) found.isDraining = !isBack;
  },
});

const reserve = (pod: string): Step => ({
  label: `reserve(${pod})`,
  apply: (model, { book }) => {
    const outcome = book.reserve(key(pod), { podName: pod }, model.nowMs);
    const before = holderOf(model, pod);
    const stranded = strandedOf(model, pod);
    const free = inState(model, 'free');
    if (stranded !== undefined) {
      expect(outcome).toMatchObject({ kind: 'stranded', reservation: { address: stranded } });
      return;
    }
    if (before !== undefined) {
      expect(outcome).toMatchObject({ isNew: false, reservation: { address: before } });
      return;
    }
    if (free.length === 0) {
      const cooling = inState(model, 'cooling').map((address) => idleSince(model, address));
      const retryAfterMs = Math.min(...cooling) + COOLDOWN_MS - model.nowMs;
      expect(outcome).toMatchObject({
        kind: 'exhausted',
        retryAfterMs: cooling.length === 0 ? undefined : retryAfterMs,
      });
      return;
    }
    if (outcome.kind !== 'reserved') throw new Error('an address was free');
    const { address } = outcome.reservation;
    expect(free).toContain(address);
    expect(idleSince(model, address)).toBe(
      Math.min(...free.map((candidate) => idleSince(model, candidate))),
    );
    const found = model.addresses.get(address);
    if (found !== undefined) found.heldBy = pod;
    model.releasedAtMs.delete(address);
    model.reservedAtMs.set(pod, model.nowMs);
  },
});

const release = (pod: string): Step => ({
  label: `release(${pod})`,
  apply: (model, { book }) => {
    const address = holderOf(model, pod) ?? strandedOf(model, pod);
    expect(book.release(key(pod), model.nowMs)?.address).toBe(address);
    if (address === undefined) return;
    const found = model.addresses.get(address);
    if (found !== undefined) found.heldBy = undefined;
    model.stranded.delete(address);
    model.releasedAtMs.set(address, model.nowMs);
  },
});

const passTime = (ms: number): Step => ({
  label: `passTime(${ms})`,
  apply: (model) => {
    model.nowMs += ms;
    for (const [address, releasedAtMs] of model.releasedAtMs) {
      model.releasedAtMs.set(address, Math.min(releasedAtMs, model.nowMs));
    }
  },
});

/**
 * The process dies; the next one learns the ENIs from EC2, all but one of them, and the rest from the
 * checkpoint.
 */
const restart = (missing: number | undefined): Step => ({
  label: `restart(${missing})`,
  apply: (model, real) => {
    const text = encodeCheckpoint(real.book.toCheckpoint());
    if (missing !== undefined) {
      for (const address of addressesOn(model, `eni-${missing}`)) lose(model, address);
      model.enis.delete(missing);
    }
    const book = new AddressBook({ addressCooldownMs: COOLDOWN_MS });
    for (const number of model.enis) book.addEni(eni(number));
    for (const [address, found] of model.addresses) {
      book.addAddress(found.eniId, address);
      found.isDraining = false;
    }
    const { restored, stranded, dropped } = book.restore(decodeCheckpoint(text), model.nowMs);
    expect(dropped).toEqual([]);
    expect(stranded).toHaveLength(model.stranded.size);
    expect(
      restored.map(({ key: { containerId }, address, reservedAtMs, metadata }) => ({
        containerId,
        address,
        reservedAtMs,
        metadata,
      })),
    ).toEqual(
      restored.map(({ key: { containerId } }) => ({
        containerId,
        address: holderOf(model, containerId),
        reservedAtMs: model.reservedAtMs.get(containerId),
        metadata: { podName: containerId },
      })),
    );
    for (const [address, releasedAtMs] of model.releasedAtMs) {
      if (releasedAtMs < model.nowMs - 300_000) model.releasedAtMs.delete(address);
    }
    real.book = book;
  },
});

const eniNumber = fc.nat({ max: 2 });
const address = fc
  .record({ eni: eniNumber, host: fc.integer({ min: 10, max: 13 }) })
  .map(({ eni: number, host }): [number, Ipv4Address] => [number, `10.0.${number}.${host}`]);
const pod = fc.constantFrom('p', 'q', 'r', 's', 't', 'u');

const steps = [
  eniNumber.map(addEni),
  eniNumber.map(removeEni),
  address.map(([number, one]) => addAddress(number, one)),
  fc.tuple(eniNumber, address).map(([number, [, one]]) => addAddress(number, one)),
  address.map(([number, one]) => removeAddress(number, one)),
  fc.tuple(address, fc.boolean()).map(([[, one], isBack]) => drain(one, isBack)),
  pod.map(reserve),
  pod.map(reserve),
  pod.map(release),
  fc.integer({ min: -5_000, max: 20_000 }).map(passTime),
  fc.option(eniNumber, { nil: undefined }).map(restart),
  eniNumber.map(loseEni),
  fc.tuple(eniNumber, address).map(([number, [, one]]) => loseAddress(number, one)),
].map((step) => step.map(command));

test('the address book does what a naive one does, whatever happens to it', () => {
  fc.assert(
    fc.property(fc.commands(steps, { maxCommands: 60 }), (commands) => {
      const setup = () => {
        const book = new AddressBook({ addressCooldownMs: COOLDOWN_MS });
        const model: Model = {
          nowMs: START_MS,
          enis: new Set([0, 1]),
          addresses: new Map(),
          releasedAtMs: new Map(),
          reservedAtMs: new Map(),
          stranded: new Map(),
        };
        for (const number of model.enis) {
          book.addEni(eni(number));
          const one: Ipv4Address = `10.0.${number}.10`;
          book.addAddress(`eni-${number}`, one);
          model.addresses.set(one, {
            eniId: `eni-${number}`,
            isDraining: false,
            heldBy: undefined,
          });
        }
        return { model, real: { book } };
      };
      fc.modelRun(setup, commands);
    }),
    { numRuns: 400 },
  );
});
