import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { AddressBook } from './address-book.ts';
import { COOLDOWN_MS, codeOf, eni, key, START_MS } from './book-fixture.ts';
import {
  addressesIn,
  blockOn,
  cardOf,
  choices,
  type Ec2Block,
  type Entry,
  eniIdOf,
  enter,
  entries,
  type Holder,
  heldBy,
  lose,
  type Model,
  passTime,
  prefixesOn,
  recount,
  release,
  reserve,
  settle,
} from './book-model.ts';
import { mergeCheckpoints } from './checkpoint.ts';
import { decodeCheckpoint, encodeCheckpoint } from './checkpoint-codec.ts';
import type { IpAddress } from './ip-address.ts';
import type { Ipv4Address } from './ipv4-address.ts';
import { type Ipv4Prefix, isIpv4Prefix } from './ipv4-prefix.ts';

/** The book under test, replaced by its successor at a restart. */
interface Real {
  book: AddressBook;
}

/** ENIs 0 and 1 are on card 0, ENI 2 is on card 1. */
const CARDS = [0, 1] as const;
const ENIS = [0, 1, 2] as const;
const homeCard = (number: number): number => (number === 2 ? 1 : 0);
const newBook = () => new AddressBook({ addressCooldownMs: COOLDOWN_MS });

/** What must hold after every step: the book's running counters equal a recount. */
function expectSame(model: Model, { book }: Real): void {
  expectSameCounts(model, book, undefined);
  for (const card of CARDS) expectSameCounts(model, book, card);

  const snapshots = book.enis(model.nowMs);
  expect(snapshots.map(({ eniId }) => eniId).sort()).toEqual(
    [...model.enis.keys()].map(eniIdOf).sort(),
  );
  for (const number of model.enis.keys()) {
    const snapshot = snapshots.find(({ eniId }) => eniId === eniIdOf(number));
    const singles = entries(model, (found) => found.eni === number && found.prefix === undefined);
    expect(snapshot).toMatchObject(recount(singles));
    expect(new Map(snapshot?.addresses.map(({ address, state }) => [address, state]))).toEqual(
      new Map(singles.map(([address, { state }]) => [address, state])),
    );
    const free = singles.filter(([, { state }]) => state === 'free');
    expect([...(snapshot?.freeAddresses ?? [])].sort()).toEqual(
      free.map(([address]) => address).sort(),
    );
    const prefixes = prefixesOn(model, number).map((prefix) => {
      const counts = recount(entries(model, (found) => found.prefix === prefix));
      expect(counts.totalCount).toBe(16);
      const { freeCount, reservedCount, coolingCount, drainingCount } = counts;
      return { prefix, freeCount, reservedCount, coolingCount, isDraining: drainingCount > 0 };
    });
    expect(new Set(snapshot?.prefixes)).toEqual(new Set(prefixes));
  }

  const held = book.reservations().map(({ address }) => address);
  expect(new Set(held).size).toBe(held.length);
  const reserved = entries(model, ({ state }) => state === 'reserved');
  expect([...held].sort()).toEqual(
    [...reserved.map(([address]) => address), ...model.stranded.keys()].sort(),
  );
  const stranded = book.reservations().filter(({ eni: place }) => place === undefined);
  expect(
    new Map(
      stranded.map((one) => [one.address, holder(one.key.containerId, one.networkCardIndex)]),
    ),
  ).toEqual(model.stranded);
}

function expectSameCounts(model: Model, book: AddressBook, card: number | undefined): void {
  const found = entries(model, (one) => card === undefined || cardOf(model, one) === card);
  const { freeCount, ...counts } = recount(found);
  const prefixes = Map.groupBy(found, ([, { prefix }]) => prefix);
  prefixes.delete(undefined);
  const isUnused = (addresses: readonly Entry[]) =>
    addresses.every(([, { state }]) => state !== 'reserved');
  const cooling = found.filter(([, { state }]) => state === 'cooling');
  const choice = card === undefined ? {} : { networkCardIndex: card };
  expect(book.statistics(model.nowMs, choice)).toMatchObject({
    ...counts,
    reservableNowCount: freeCount,
    strandedCount: [...model.stranded.values()].filter(
      (one) => card === undefined || one.endsWith(`@${card}`),
    ).length,
    prefixCount: prefixes.size,
    unusedPrefixCount: [...prefixes.values()].filter(isUnused).length,
    nextCooledAtMs:
      cooling.length === 0
        ? undefined
        : Math.min(...cooling.map(([, { idleSinceMs }]) => idleSinceMs)) + COOLDOWN_MS,
  });
}

const holder = (pod: string, card: number): Holder => `${pod}@${card}`;

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
    book.addEni(eni(number, homeCard(number)));
    model.enis.set(number, homeCard(number));
  },
});

const addBlock = (number: number, block: Ec2Block): Step => ({
  label: `add(${number}, ${block})`,
  apply: (model, { book }) => {
    const prefix = isIpv4Prefix(block) ? block : undefined;
    const addresses = addressesIn(block);
    const known = addresses.flatMap((address) => model.addresses.get(address) ?? []);
    const isThere =
      known.length > 0 && known.every((one) => one.eni === number && one.prefix === prefix);
    const code = !model.enis.has(number)
      ? 'eni-unknown'
      : known.length > 0 && !isThere
        ? 'address-elsewhere'
        : 'no error';
    const id = eniIdOf(number);
    expect(
      codeOf(() => (isIpv4Prefix(block) ? book.addPrefix(id, block) : book.addAddress(id, block))),
    ).toBe(code);
    if (code === 'no error' && !isThere) {
      enter(model, { eni: number, addresses, ...(prefix === undefined ? {} : { prefix }) });
    }
  },
});

const removeBlock = (number: number, block: Ec2Block): Step => ({
  label: `remove(${number}, ${block})`,
  apply: (model, { book }) => {
    const found = blockOn(model, number, block);
    const isHeld = found.some(([, { state }]) => state === 'reserved');
    const id = eniIdOf(number);
    const code = codeOf(() =>
      isIpv4Prefix(block) ? book.removePrefix(id, block) : book.removeAddress(id, block),
    );
    expect(code).toBe(
      isHeld ? (isIpv4Prefix(block) ? 'prefix-in-use' : 'address-in-use') : 'no error',
    );
    if (!isHeld) lose(model, found);
  },
});

const loseBlock = (number: number, block: Ec2Block): Step => ({
  label: `lose(${number}, ${block})`,
  apply: (model, { book }) => {
    const found = blockOn(model, number, block);
    const id = eniIdOf(number);
    const stranded = isIpv4Prefix(block)
      ? book.losePrefix(id, block)
      : [book.loseAddress(id, block)].filter((one) => one !== undefined);
    expectStranded(stranded, found);
    lose(model, found);
  },
});

const removeEni = (number: number): Step => ({
  label: `removeEni(${number})`,
  apply: (model, { book }) => {
    const found = entries(model, (one) => one.eni === number);
    const isInUse = found.some(([, { state }]) => state === 'reserved');
    expect(codeOf(() => book.removeEni(eniIdOf(number)))).toBe(isInUse ? 'eni-in-use' : 'no error');
    if (!isInUse) {
      lose(model, found);
      model.enis.delete(number);
    }
  },
});

const loseEni = (number: number): Step => ({
  label: `loseEni(${number})`,
  apply: (model, { book }) => {
    const found = entries(model, (one) => one.eni === number);
    expectStranded(book.loseEni(eniIdOf(number)), found);
    lose(model, found);
    model.enis.delete(number);
  },
});

function expectStranded(
  stranded: readonly { readonly address: IpAddress }[],
  lost: readonly Entry[],
): void {
  const held = lost.filter(([, { state }]) => state === 'reserved');
  expect(stranded.map(({ address }) => address).sort()).toEqual(
    held.map(([address]) => address).sort(),
  );
}

const drain = (number: number, blocks: readonly Ec2Block[], isBack: boolean): Step => ({
  label: `${isBack ? 'undrain' : 'drain'}(${number}, ${blocks})`,
  apply: (model, { book }) => {
    const found = blocks.map((block) => blockOn(model, number, block));
    const from = isBack ? 'draining' : 'free';
    const isLegal =
      found.every((addresses) => addresses.length > 0) &&
      found.flat().every(([, { state }]) => state === from);
    const code = codeOf(() =>
      isBack ? book.undrain(eniIdOf(number), blocks) : book.drain(eniIdOf(number), blocks),
    );
    expect(code === 'no error').toBe(isLegal);
    if (!isLegal) return;
    for (const [, one] of found.flat()) one.state = isBack ? 'free' : 'draining';
    settle(model);
  },
});

/** As the pool gives something back: the process may die before EC2 has answered. */
const giveBack = (number: number, block: Ec2Block): Step => ({
  label: `giveBack(${number}, ${block})`,
  apply: (model, real) => {
    const found = blockOn(model, number, block);
    drain(number, [block], false).apply(model, real);
    if (found.length === 0 || found.some(([, { state }]) => state !== 'draining')) return;
    const intentId = `give back ${block}`;
    real.book.beginIntent({
      kind: 'unassign',
      intentId,
      atMs: model.nowMs,
      eniId: eniIdOf(number),
      blocks: [block],
    });
    model.promised.set(intentId, { eni: number, block, isInherited: false });
  },
});

const answer = (block: Ec2Block): Step => ({
  label: `answer(${block})`,
  apply: (model, { book }) => {
    book.endIntent(`give back ${block}`);
    model.promised.delete(`give back ${block}`);
  },
});

const reserveOn = (pod: string, card: number): Step => ({
  label: `reserve(${pod}, card ${card})`,
  apply: (model, { book }) => {
    const choice = { networkCardIndex: card };
    const outcome = book.reserve(key(pod), { podName: pod }, model.nowMs, choice);
    const before = heldBy(model, holder(pod, card));
    const allowed = choices(model, card);
    if (before !== undefined) {
      expect(outcome).toMatchObject({
        kind: before.isStranded ? 'stranded' : 'reserved',
        reservation: { address: before.address },
        ...(before.isStranded ? {} : { isNew: false }),
      });
    } else if (allowed.length === 0) {
      expect(outcome).toMatchObject({ kind: 'exhausted' });
    } else {
      if (outcome.kind !== 'reserved') throw new Error('an address was free');
      const { address } = outcome.reservation;
      expect(allowed).toContain(address);
      const releasedAt = model.releasedAtElapsedMs.get(address) ?? Number.NEGATIVE_INFINITY;
      expect(model.elapsedMs - releasedAt).toBeGreaterThanOrEqual(COOLDOWN_MS);
      reserve(model, address, holder(pod, card));
    }
  },
});

const releaseOn = (pod: string, card: number): Step => ({
  label: `release(${pod}, card ${card})`,
  apply: (model, { book }) => {
    const before = heldBy(model, holder(pod, card));
    const choice = { networkCardIndex: card };
    expect(book.release(key(pod), model.nowMs, choice)?.address).toBe(before?.address);
    if (before !== undefined) release(model, before.address);
  },
});

const releaseAll = (pod: string): Step => ({
  label: `releaseAll(${pod})`,
  apply: (model, { book }) => {
    const before = CARDS.flatMap((card) => heldBy(model, holder(pod, card)) ?? []);
    expect(book.findAll(key(pod)).map(({ address }) => address)).toEqual(
      before.map(({ address }) => address),
    );
    expect(book.releaseAll(key(pod), model.nowMs).map(({ address }) => address)).toEqual(
      before.map(({ address }) => address),
    );
    for (const { address } of before) release(model, address);
  },
});

const inTurn = (label: string, steps: readonly Step[]): Step => ({
  label,
  apply: (model, real) => {
    for (const { apply } of steps) apply(model, real);
  },
});

const wait = (ms: number): Step => ({
  label: `wait(${ms})`,
  apply: (model) => passTime(model, ms),
});

/**
 * The process dies; the next one learns the ENIs from EC2, all but one of them, and the rest from the
 * files of all cards.
 */
const restart = (missing: number | undefined): Step => ({
  label: `restart(${missing})`,
  apply: (model, real) => {
    const checkpoint = real.book.toCheckpoint();
    const files = CARDS.map((networkCardIndex) => ({
      networkCardIndex,
      text: encodeCheckpoint(checkpoint, { networkCardIndex }),
    }));
    for (const [address, releasedAtMs] of model.releasedAtMs) {
      if (releasedAtMs < model.nowMs - 300_000) model.releasedAtMs.delete(address);
    }
    if (missing !== undefined) {
      lose(
        model,
        entries(model, (one) => one.eni === missing),
      );
      model.enis.delete(missing);
    }

    const book = newBook();
    for (const [number, card] of model.enis) {
      book.addEni(eni(number, card));
      for (const prefix of prefixesOn(model, number)) book.addPrefix(eniIdOf(number), prefix);
    }
    for (const [address, found] of model.addresses) {
      if (found.prefix === undefined) book.addAddress(eniIdOf(found.eni), address);
      if (found.state === 'reserved') continue;
      found.state = 'cooling';
      found.idleSinceMs = model.releasedAtMs.get(address) ?? Number.NEGATIVE_INFINITY;
      found.isRested = false;
    }
    for (const promise of model.promised.values()) promise.isInherited = true;
    settle(model);
    const parts = files.map(({ text, ...part }) => decodeCheckpoint(text, part));
    const { restored, stranded, dropped } = book.restore(mergeCheckpoints(parts), model.nowMs);
    expect(dropped).toEqual([]);
    expect(book.intents().map(({ intentId }) => intentId)).toEqual([...model.promised.keys()]);
    expect(stranded).toHaveLength(model.stranded.size);
    expect(restored).toHaveLength(entries(model, ({ state }) => state === 'reserved').length);
    for (const { key: one, networkCardIndex, address, reservedAtMs, metadata } of restored) {
      const who = holder(one.containerId, networkCardIndex);
      expect({ address, reservedAtMs, metadata }).toEqual({
        address: heldBy(model, who)?.address,
        reservedAtMs: model.reservedAtMs.get(who),
        metadata: { podName: one.containerId },
      });
    }
    real.book = book;
  },
});

const eniNumber = fc.constantFrom(...ENIS);
const card = fc.constantFrom(...CARDS);
/** Two of the single addresses are in a prefix as well: EC2 never assigns both at once. */
const host = fc.constantFrom(10, 11, 12, 17, 40);
const base = fc.constantFrom(16, 32);
/** A block and the ENI that it is at home on. */
const block: fc.Arbitrary<readonly [number, Ec2Block]> = eniNumber.chain((number) =>
  fc
    .oneof(
      host.map((one): Ipv4Address => `10.0.${number}.${one}`),
      base.map((one): Ipv4Prefix => `10.0.${number}.${one}/28`),
    )
    .map((one) => [number, one] as const),
);
const pod = fc.constantFrom('p', 'q', 'r', 's', 't', 'u');
/** More than a prefix has. */
const burst = Array.from({ length: 20 }, (_, index) => `burst-${index}`);

const steps = [
  eniNumber.map(addEni),
  eniNumber.map(removeEni),
  block.map(([number, one]) => addBlock(number, one)),
  block.map(([number, one]) => addBlock(number, one)),
  fc.tuple(eniNumber, block).map(([number, [, one]]) => addBlock(number, one)),
  block.map(([number, one]) => removeBlock(number, one)),
  fc
    .tuple(block, fc.option(block, { nil: undefined }), fc.boolean())
    .map(([[number, one], other, isBack]) =>
      drain(number, other === undefined ? [one] : [one, other[1]], isBack),
    ),
  block.map(([number, one]) => giveBack(number, one)),
  block.map(([, one]) => answer(one)),
  fc.tuple(pod, card).map(([one, on]) => reserveOn(one, on)),
  fc.tuple(pod, card).map(([one, on]) => reserveOn(one, on)),
  fc.tuple(pod, card).map(([one, on]) => releaseOn(one, on)),
  card.map((on) =>
    inTurn(
      `reserveBurst(card ${on})`,
      burst.map((one) => reserveOn(one, on)),
    ),
  ),
  fc
    .tuple(fc.nat({ max: 19 }), fc.nat({ max: 19 }))
    .map(([from, to]) =>
      inTurn(`releaseBurst(${from}, ${to})`, burst.slice(from, to + 1).map(releaseAll)),
    ),
  pod.map(releaseAll),
  fc.integer({ min: -5_000, max: 50_000 }).map(wait),
  fc.option(eniNumber, { nil: undefined }).map(restart),
  eniNumber.map(loseEni),
  fc.tuple(eniNumber, block).map(([number, [, one]]) => loseBlock(number, one)),
].map((step) => step.map(command));

test('the address book does what a naive one does, whatever happens to it', () => {
  fc.assert(
    fc.property(fc.commands(steps, { maxCommands: 60 }), (commands) => {
      const setup = () => {
        const model: Model = {
          nowMs: START_MS,
          elapsedMs: 0,
          enis: new Map(),
          addresses: new Map(),
          releasedAtMs: new Map(),
          releasedAtElapsedMs: new Map(),
          reservedAtMs: new Map(),
          stranded: new Map(),
          promised: new Map(),
        };
        const real = { book: newBook() };
        for (const number of [0, 2]) {
          addEni(number).apply(model, real);
          addBlock(number, `10.0.${number}.10`).apply(model, real);
          addBlock(number, `10.0.${number}.16/28`).apply(model, real);
        }
        return { model, real };
      };
      fc.modelRun(setup, commands);
    }),
    { numRuns: 300 },
  );
});
