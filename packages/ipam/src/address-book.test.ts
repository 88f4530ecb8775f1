import { describe, expect, test } from '@jest/globals';
import { AddressBook } from './address-book.ts';
import type { AddressEvent } from './address-event.ts';
import {
  address,
  COOLDOWN_MS,
  codeOf,
  eni,
  FIRST_ENI,
  fill,
  key,
  reserved,
  START_MS,
} from './book-fixture.ts';
import { isIpamError } from './ipam-error.ts';

const bookWith = (...addressesPerEni: readonly number[]): AddressBook => {
  const book = new AddressBook({ addressCooldownMs: COOLDOWN_MS });
  fill(book, ...addressesPerEni);
  return book;
};

const A = address(0, 10);
const B = address(0, 11);

describe('reserving', () => {
  test('takes never-used addresses in the order they were added', () => {
    const book = bookWith(2, 1);
    expect(['p', 'q', 'r'].map((pod) => reserved(book, pod))).toEqual([A, B, address(1, 10)]);
  });

  test('prefers a never-used address to one that has cooled', () => {
    const book = bookWith(2);
    reserved(book, 'p');
    book.release(key('p'), START_MS);
    expect(reserved(book, 'q', START_MS + 10 * COOLDOWN_MS)).toBe(B);
  });

  test('takes the one released longest ago', () => {
    const book = bookWith(3);
    for (const pod of ['p', 'q', 'r']) reserved(book, pod);
    for (const [index, pod] of ['q', 'r', 'p'].entries()) book.release(key(pod), START_MS + index);
    const later = START_MS + 10 * COOLDOWN_MS;
    expect(['x', 'y', 'z'].map((pod) => reserved(book, pod, later))).toEqual([
      B,
      address(0, 12),
      A,
    ]);
  });

  test('gives the same attachment the same reservation', () => {
    const book = bookWith(2);
    const first = book.reserve(key('p'), { podName: 'web' }, START_MS);
    const second = book.reserve(key('p'), {}, START_MS + 5);
    expect(first).toMatchObject({ isNew: true });
    expect(second).toEqual({ ...first, isNew: false });
    expect(book.reservations()).toHaveLength(1);
  });

  test('tells two interfaces and two networks of one container apart', () => {
    const book = bookWith(3);
    const base = key('p');
    const keys = [base, { ...base, interfaceName: 'net1' }, { ...base, networkName: 'other' }];
    const found = keys.map((one) => book.reserve(one, {}, START_MS));
    expect(found).toMatchObject(keys.map(() => ({ kind: 'reserved', isNew: true })));
  });

  test('describes the ENI that the pod leaves by', () => {
    const book = bookWith(0, 1);
    expect(book.reserve(key('p'), { podName: 'web' }, START_MS)).toEqual({
      kind: 'reserved',
      isNew: true,
      reservation: {
        key: key('p'),
        address: address(1, 10),
        networkCardIndex: 0,
        eni: { eniId: 'eni-1', deviceNumber: 1, networkCardIndex: 0, routeTableId: 2 },
        reservedAtMs: START_MS,
        metadata: { podName: 'web' },
      },
    });
  });

  test('says when to come back while addresses cool', () => {
    const book = bookWith(2);
    for (const pod of ['p', 'q']) reserved(book, pod);
    book.release(key('p'), START_MS + 1_000);
    expect(book.reserve(key('x'), {}, START_MS + 6_000)).toEqual({
      kind: 'exhausted',
      networkCardIndex: 0,
      totalCount: 2,
      reservedCount: 1,
      coolingCount: 1,
      drainingCount: 0,
      retryAfterMs: COOLDOWN_MS - 5_000,
    });
  });

  test('has nothing to promise when nothing cools', () => {
    expect(bookWith(0).reserve(key('p'), {}, START_MS)).toMatchObject({
      kind: 'exhausted',
      retryAfterMs: undefined,
    });
  });

  test.each([
    { name: 'a container id', bad: { ...key('p'), containerId: '' } },
    { name: 'an interface name', bad: { ...key('p'), interfaceName: '' } },
  ])('insists on $name', ({ bad }) => {
    expect(() => bookWith(1).reserve(bad, {}, START_MS)).toThrow(TypeError);
  });
});

describe('cooling', () => {
  test.each([
    { name: 'at once', afterMs: 0, free: false },
    { name: 'just before the cool-down is over', afterMs: COOLDOWN_MS - 1, free: false },
    { name: 'when the cool-down is over', afterMs: COOLDOWN_MS, free: true },
  ])('a released address $name: free $free', ({ afterMs, free }) => {
    const book = bookWith(1);
    reserved(book, 'p');
    book.release(key('p'), START_MS);
    expect(reserved(book, 'q', START_MS + afterMs)).toBe(free ? A : 'exhausted');
  });

  // Reference vectors: two addresses, both reserved, one released, then cooled.
  test('never counts as free', () => {
    const book = bookWith(2);
    for (const pod of ['p', 'q']) reserved(book, pod);
    const counts = (nowMs: number) => {
      const { totalCount, reservedCount, coolingCount, reservableNowCount } =
        book.statistics(nowMs);
      return [totalCount, reservedCount, coolingCount, reservableNowCount];
    };
    expect(counts(START_MS)).toEqual([2, 2, 0, 0]);
    book.release(key('p'), START_MS);
    expect(counts(START_MS)).toEqual([2, 1, 1, 0]);
    expect(counts(START_MS + COOLDOWN_MS)).toEqual([2, 1, 0, 1]);
  });

  test('goes on when EC2 takes the address away and gives it back', () => {
    const book = bookWith(1);
    reserved(book, 'p');
    book.release(key('p'), START_MS);
    book.removeEni(FIRST_ENI);
    fill(book, 1);
    expect(reserved(book, 'q', START_MS + COOLDOWN_MS - 1)).toBe('exhausted');
    expect(reserved(book, 'q', START_MS + COOLDOWN_MS)).toBe(A);
  });

  test('takes one full cool-down from when the clock went back, not an hour', () => {
    const book = bookWith(1);
    reserved(book, 'p');
    book.release(key('p'), START_MS);
    const stepped = START_MS - 3_600_000;
    expect(book.statistics(stepped).nextCooledAtMs).toBe(stepped + COOLDOWN_MS);
    expect(reserved(book, 'q', stepped + COOLDOWN_MS)).toBe(A);
  });

  test('may be switched off', () => {
    const book = new AddressBook({ addressCooldownMs: 0 });
    fill(book, 1);
    reserved(book, 'p');
    book.release(key('p'), START_MS);
    expect(reserved(book, 'q', START_MS)).toBe(A);
  });

  test.each([-1, Number.NaN, Number.POSITIVE_INFINITY])('refuses to last %d ms', (ms) => {
    expect(() => new AddressBook({ addressCooldownMs: ms })).toThrow(TypeError);
  });
});

describe('releasing', () => {
  test('gives back what was held', () => {
    const book = bookWith(1);
    reserved(book, 'p');
    expect(book.release(key('p'), START_MS)).toMatchObject({ address: A, key: key('p') });
    expect(book.find(key('p'))).toBeUndefined();
  });

  test('of an unknown attachment changes nothing', () => {
    const book = bookWith(1);
    expect(book.release(key('p'), START_MS)).toBeUndefined();
    expect(book.statistics(START_MS)).toMatchObject({ reservableNowCount: 1 });
  });

  test('finds an attachment whose real key the reference implementation never learnt', () => {
    const book = bookWith(1);
    const migrated = {
      networkName: '_migrated-from-cri',
      containerId: 'p',
      interfaceName: 'unknown',
    };
    book.reserve(migrated, {}, START_MS);
    expect(book.release(key('p'), START_MS)).toMatchObject({ address: A });
    expect(book.reservations()).toEqual([]);
  });
});

describe('draining', () => {
  test('keeps addresses from being reserved until they are taken back', () => {
    const book = bookWith(2);
    book.drain(FIRST_ENI, [A, B]);
    expect(reserved(book, 'p')).toBe('exhausted');
    book.undrain(FIRST_ENI, [B]);
    expect(reserved(book, 'p')).toBe(B);
  });

  test('puts an address back at its place in the order of idleness', () => {
    const book = bookWith(2);
    for (const pod of ['p', 'q']) reserved(book, pod);
    book.release(key('p'), START_MS);
    book.release(key('q'), START_MS + 1);
    const later = START_MS + 2 * COOLDOWN_MS;
    book.statistics(later);
    book.drain(FIRST_ENI, [A]);
    book.undrain(FIRST_ENI, [A]);
    expect(reserved(book, 'x', later)).toBe(A);
  });

  test('drains all or none', () => {
    const book = bookWith(2);
    reserved(book, 'p');
    expect(codeOf(() => book.drain(FIRST_ENI, [B, A]))).toBe('address-in-use');
    expect(book.statistics(START_MS)).toMatchObject({ drainingCount: 0, reservableNowCount: 1 });
  });
});

describe('illegal transitions', () => {
  const cases: readonly {
    name: string;
    code: string;
    doIt: (book: AddressBook) => void;
  }[] = [
    {
      name: 'drain a cooling address',
      code: 'address-not-free',
      doIt: (book) => {
        book.release(key('p'), START_MS);
        book.drain(FIRST_ENI, [A]);
      },
    },
    {
      name: 'drain an address twice',
      code: 'address-not-free',
      doIt: (book) => {
        book.drain(FIRST_ENI, [B]);
        book.drain(FIRST_ENI, [B]);
      },
    },
    {
      name: 'take back an address that is free',
      code: 'address-not-draining',
      doIt: (book) => book.undrain(FIRST_ENI, [B]),
    },
    {
      name: 'take back an address that is reserved',
      code: 'address-in-use',
      doIt: (book) => book.undrain(FIRST_ENI, [A]),
    },
    {
      name: 'drain an address of another ENI',
      code: 'address-unknown',
      doIt: (book) => book.drain('eni-1', [B]),
    },
    {
      name: 'remove a reserved address',
      code: 'address-in-use',
      doIt: (book) => book.removeAddress(FIRST_ENI, A),
    },
    {
      name: 'remove an ENI in use',
      code: 'eni-in-use',
      doIt: (book) => book.removeEni(FIRST_ENI),
    },
    {
      name: 'add an address to an unknown ENI',
      code: 'eni-unknown',
      doIt: (book) => book.addAddress('eni-9', address(9, 10)),
    },
    {
      name: 'add an address that another ENI has',
      code: 'address-elsewhere',
      doIt: (book) => book.addAddress('eni-1', A),
    },
    {
      name: 'add a known ENI with another description',
      code: 'eni-mismatch',
      doIt: (book) => book.addEni({ ...eni(0), routeTableId: 7 }),
    },
  ];

  test.each(cases)('cannot $name', ({ code, doIt }) => {
    const book = bookWith(2, 0);
    reserved(book, 'p'); // A is reserved, B is free
    expect(codeOf(() => doIt(book))).toBe(code);
  });

  test('throw an error that says what, where and why', () => {
    const book = bookWith(1);
    reserved(book, 'p');
    let thrown: unknown;
    try {
      book.removeAddress(FIRST_ENI, A);
    } catch (error) {
      thrown = error;
    }
    expect(isIpamError(thrown)).toBe(true);
    expect(thrown).toMatchObject({
      message: '[address-in-use] removing 10.0.0.10 on eni-0: it is reserved',
      facts: { address: A, eniId: 'eni-0', state: 'reserved' },
    });
  });
});

describe('ENIs', () => {
  test('are listed with their addresses, the free ones longest idle first', () => {
    const book = bookWith(3);
    for (const pod of ['p', 'q']) reserved(book, pod);
    book.release(key('q'), START_MS);
    expect(book.enis(START_MS)).toEqual([
      {
        ...eni(0),
        addresses: [
          { address: A, state: 'reserved' },
          { address: B, state: 'cooling' },
          { address: address(0, 12), state: 'free' },
        ],
        freeAddresses: [address(0, 12)],
        totalCount: 3,
        freeCount: 1,
        reservedCount: 1,
        coolingCount: 1,
        drainingCount: 0,
        prefixes: [],
      },
    ]);
    expect(book.enis(START_MS + COOLDOWN_MS)[0]?.freeAddresses).toEqual([address(0, 12), B]);
  });

  test('may be added, and their addresses added and removed, more than once', () => {
    const book = bookWith(1);
    fill(book, 1);
    expect(book.statistics(START_MS).totalCount).toBe(1);
    book.removeAddress(FIRST_ENI, A);
    book.removeAddress(FIRST_ENI, A);
    book.removeEni(FIRST_ENI);
    book.removeEni(FIRST_ENI);
    expect(book.enis(START_MS)).toEqual([]);
  });
});

describe('what EC2 takes away', () => {
  const stranded = () => {
    const book = bookWith(2);
    reserved(book, 'p'); // A; B is free
    book.loseEni(FIRST_ENI);
    return book;
  };

  test('leaves the book, and who held it keeps it', () => {
    const book = stranded();
    expect(book.enis(START_MS)).toEqual([]);
    expect(book.statistics(START_MS)).toMatchObject({ totalCount: 0, strandedCount: 1 });
    expect(book.find(key('p'))).toEqual({
      key: key('p'),
      address: A,
      networkCardIndex: 0,
      reservedAtMs: START_MS,
      metadata: {},
    });
    expect(book.toCheckpoint().allocations).toMatchObject([{ ipv4: A }]);
  });

  test('is given to nobody else, nor another address to its holder', () => {
    const book = stranded();
    expect(reserved(book, 'q')).toBe('exhausted');
    expect(reserved(book, 'p')).toBe('stranded');
  });

  test('goes back to its holder when it comes back, on whatever ENI', () => {
    const book = stranded();
    book.addEni(eni(1));
    book.addAddress('eni-1', A);
    expect(reserved(book, 'q')).toBe('exhausted');
    expect(book.find(key('p'))).toMatchObject({ address: A, eni: { eniId: 'eni-1' } });
    expect(book.statistics(START_MS)).toMatchObject({ reservedCount: 1, strandedCount: 0 });
  });

  test('cools when it comes back after its holder has gone', () => {
    const book = stranded();
    expect(book.release(key('p'), START_MS)).toMatchObject({ address: A });
    expect(book.find(key('p'))).toBeUndefined();
    book.addEni(eni(0));
    book.addAddress(FIRST_ENI, A);
    expect(reserved(book, 'q', START_MS + COOLDOWN_MS - 1)).toBe('exhausted');
    expect(reserved(book, 'q', START_MS + COOLDOWN_MS)).toBe(A);
  });

  test('may be a single address', () => {
    const book = bookWith(2);
    reserved(book, 'p');
    expect(book.loseAddress(FIRST_ENI, A)).toMatchObject({ address: A });
    expect(book.loseAddress(FIRST_ENI, B)).toBeUndefined();
    expect(book.loseAddress(FIRST_ENI, A)).toBeUndefined();
    expect(book.statistics(START_MS)).toMatchObject({ totalCount: 0, strandedCount: 1 });
  });

  test('is told', () => {
    const book = bookWith(2);
    reserved(book, 'p');
    const heard: string[] = [];
    book.subscribe(({ kind }) => heard.push(kind));
    book.loseEni(FIRST_ENI);
    book.addEni(eni(0));
    book.addAddress(FIRST_ENI, A);
    expect(heard).toEqual([
      'address-removed',
      'stranded',
      'address-removed',
      'eni-removed',
      'eni-added',
      'address-added',
      'restored',
    ]);
  });
});

describe('bad input', () => {
  const invalid = (value: unknown) => value as never;
  const cases = [
    {
      name: 'a network name that is missing',
      key: { ...key('p'), networkName: invalid(undefined) },
    },
    { name: 'a container id that is a number', key: { ...key('p'), containerId: invalid(7) } },
    { name: 'no interface name', key: { ...key('p'), interfaceName: '' } },
    { name: 'a pod name that is a number', metadata: { podName: invalid(7) } },
    { name: 'half an interface', metadata: { interfacesCount: 0.5 } },
    {
      name: 'a namespace path that is a number',
      metadata: { wiring: { netnsPath: invalid(7), vethPrefix: 'eni', mtuBytes: 9001 } },
    },
  ];

  test.each(cases)('$name reserves nothing', ({ key: badKey = key('p'), metadata = {} }) => {
    const book = bookWith(1);
    expect(() => book.reserve(badKey, metadata, START_MS)).toThrow(TypeError);
    expect(book.toCheckpoint().allocations).toEqual([]);
  });
});

describe('events', () => {
  test('tell the whole life of an address', () => {
    const book = new AddressBook({ addressCooldownMs: COOLDOWN_MS });
    const heard: AddressEvent[] = [];
    const stop = book.subscribe((event) => heard.push(event));
    fill(book, 1);
    reserved(book, 'p');
    book.release(key('p'), START_MS);
    book.statistics(START_MS + COOLDOWN_MS);
    book.drain(FIRST_ENI, [A]);
    book.undrain(FIRST_ENI, [A]);
    book.removeEni(FIRST_ENI);
    stop();
    book.addEni(eni(1));

    const reservation = expect.objectContaining({ address: A, key: key('p') });
    const where = { eniId: FIRST_ENI, address: A };
    expect(heard).toEqual([
      { kind: 'eni-added', eni: eni(0) },
      { kind: 'address-added', ...where, state: 'free' },
      { kind: 'reserved', reservation },
      { kind: 'released', reservation, atMs: START_MS },
      { kind: 'cooled', ...where },
      { kind: 'drained', ...where },
      { kind: 'undrained', ...where },
      { kind: 'address-removed', ...where, state: 'free' },
      { kind: 'eni-removed', eni: eni(0) },
    ]);
  });

  test('reach every listener in order, even if one changes the book', () => {
    const book = bookWith(2);
    const heard: string[] = [];
    book.subscribe((event) => {
      if (event.kind === 'reserved') {
        book.drain(FIRST_ENI, [B]);
      }
    });
    book.subscribe((event) => heard.push(event.kind));
    reserved(book, 'p');
    expect(heard).toEqual(['reserved', 'drained']);
  });

  test("hand a listener's error to the caller after the others were told", () => {
    const book = bookWith(1);
    const heard: string[] = [];
    book.subscribe(() => {
      throw new Error('listener failed');
    });
    book.subscribe((event) => heard.push(event.kind));
    expect(() => reserved(book, 'p')).toThrow('listener failed');
    expect(heard).toEqual(['reserved']);
    expect(book.find(key('p'))).toMatchObject({ address: A });
  });
});
