import { describe, expect, test } from '@jest/globals';
import { AddressBook } from './address-book.ts';
import type { AddressEvent } from './address-event.ts';
import { address, COOLDOWN_MS, FIRST_ENI, fill, key, reserved, START_MS } from './book-fixture.ts';
import type { Checkpoint, CheckpointAllocation } from './checkpoint.ts';
import { decodeCheckpoint, encodeCheckpoint } from './checkpoint-codec.ts';

const A = address(0, 10);
const B = address(0, 11);

const allocation = (containerId: string, ipv4 = A): CheckpointAllocation => ({
  key: key(containerId),
  networkCardIndex: 0,
  ipv4,
  allocatedAtNs: 1_699_999_000_123_456_789n,
  metadata: { podNamespace: 'default', podName: containerId },
});

const checkpointOf = (
  allocations: readonly CheckpointAllocation[],
  recentReleases: Checkpoint['recentReleases'] = [],
): Checkpoint => ({ allocations, recentReleases, intents: [] });

/** A book that has just learnt its ENIs from EC2. */
const freshBook = (count: number): AddressBook => {
  const book = new AddressBook({ addressCooldownMs: COOLDOWN_MS });
  fill(book, count);
  return book;
};

describe('restoring allocations', () => {
  test('keeps address, pod and the exact time', () => {
    const book = freshBook(2);
    const checkpoint = checkpointOf([allocation('p', B)]);
    expect(book.restore(checkpoint, START_MS)).toEqual({
      restored: [book.find(key('p'))],
      stranded: [],
      dropped: [],
    });
    expect(book.find(key('p'))).toMatchObject({
      address: B,
      eni: { eniId: FIRST_ENI },
      reservedAtMs: 1_699_999_000_123,
      metadata: { podNamespace: 'default', podName: 'p' },
    });
    expect(book.toCheckpoint()).toMatchObject(checkpoint);
    expect(reserved(book, 'q')).toBe(A);
  });

  const cases: readonly {
    readonly name: string;
    readonly allocations: readonly CheckpointAllocation[];
    readonly drained?: boolean;
    readonly restored: readonly string[];
    readonly dropped: readonly (readonly [string, string])[];
  }[] = [
    {
      name: 'lets the first of two claims to one address win',
      allocations: [allocation('p'), allocation('q')],
      restored: ['p'],
      dropped: [['q', 'address-taken']],
    },
    {
      name: 'lets the first of two addresses of one attachment win',
      allocations: [allocation('p', A), allocation('p', B)],
      restored: ['p'],
      dropped: [['p', 'attachment-taken']],
    },
    {
      name: 'lets the first of two claims to an address that no ENI has win',
      allocations: [allocation('p', address(7, 7)), allocation('q', address(7, 7))],
      restored: [],
      dropped: [['q', 'address-taken']],
    },
    {
      name: 'lets the first of two addresses win, though no ENI has it',
      allocations: [allocation('p', address(7, 7)), allocation('p', A)],
      restored: [],
      dropped: [['p', 'attachment-taken']],
    },
    {
      name: 'drops an allocation without an address',
      allocations: [
        { key: key('p'), networkCardIndex: 0, allocatedAtNs: 1n, metadata: {} },
        allocation('q'),
      ],
      restored: ['q'],
      dropped: [['p', 'address-missing']],
    },
    {
      name: 'drops an allocation that names no container',
      allocations: [allocation(''), allocation('q')],
      restored: ['q'],
      dropped: [['', 'attachment-incomplete']],
    },
    {
      name: 'drops an address that is promised to EC2',
      allocations: [allocation('p')],
      drained: true,
      restored: [],
      dropped: [['p', 'address-draining']],
    },
  ];

  test.each(cases)(
    '$name',
    ({ allocations, drained = false, restored: placed, dropped: refused }) => {
      const book = freshBook(2);
      if (drained) book.drain(FIRST_ENI, [A]);
      const { restored, dropped } = book.restore(checkpointOf(allocations), START_MS);
      expect({
        restored: restored.map((reservation) => reservation.key.containerId),
        dropped: dropped.map(({ key: { containerId }, reason }) => [containerId, reason]),
      }).toEqual({ restored: placed, dropped: refused });
    },
  );

  test('strands an allocation whose ENI is not there, through any number of restarts', () => {
    let checkpoint = checkpointOf([allocation('p')]);
    for (let restart = 1; restart <= 3; restart++) {
      const book = freshBook(0);
      const { stranded } = book.restore(checkpoint, START_MS);
      expect(stranded).toEqual([book.find(key('p'))]);
      checkpoint = decodeCheckpoint(encodeCheckpoint(book.toCheckpoint()));
    }
    expect(checkpoint).toMatchObject(checkpointOf([allocation('p')]));
  });

  test('gives nobody else an address that a stranded attachment holds once its ENI turns up', () => {
    const book = freshBook(0);
    book.restore(checkpointOf([allocation('p')]), START_MS);
    book.addAddress(FIRST_ENI, A);
    expect(reserved(book, 'other')).toBe('exhausted');
    expect(book.find(key('p'))).toMatchObject({ address: A, eni: { eniId: FIRST_ENI } });
    expect(book.toCheckpoint()).toMatchObject(checkpointOf([allocation('p')]));
  });
});

describe('restoring releases', () => {
  const releases = (releasedAtMs: number) => checkpointOf([], [{ address: A, releasedAtMs }]);

  test('does not resurrect an address before its cool-down is over', () => {
    const book = freshBook(1);
    book.restore(releases(START_MS - 10_000), START_MS);
    expect(reserved(book, 'p', START_MS + 19_999)).toBe('exhausted');
    expect(reserved(book, 'p', START_MS + 20_000)).toBe(A);
  });

  test('survives any number of restarts', () => {
    let checkpoint = releases(START_MS);
    for (let restart = 1; restart <= 3; restart++) {
      const book = freshBook(1);
      book.restore(checkpoint, START_MS + restart);
      checkpoint = decodeCheckpoint(encodeCheckpoint(book.toCheckpoint()));
    }
    expect(checkpoint).toMatchObject(releases(START_MS));
  });

  test('keeps the order of idleness among addresses that have cooled', () => {
    const book = freshBook(3);
    const C = address(0, 12);
    const checkpoint = checkpointOf(
      [],
      [
        { address: B, releasedAtMs: START_MS - 100_000 },
        { address: A, releasedAtMs: START_MS - 90_000 },
      ],
    );
    book.restore(checkpoint, START_MS);
    expect(['p', 'q', 'r'].map((pod) => reserved(book, pod))).toEqual([C, B, A]);
  });

  test('takes a release in the future for one of now: the clock may have gone back', () => {
    const book = freshBook(1);
    book.restore(releases(START_MS + 3_600_000), START_MS);
    expect(book.statistics(START_MS).nextCooledAtMs).toBe(START_MS + COOLDOWN_MS);
  });

  test('believes an allocation rather than a release of the same address', () => {
    const book = freshBook(1);
    const { recentReleases } = releases(START_MS);
    book.restore(checkpointOf([allocation('p')], recentReleases), START_MS);
    expect(book.statistics(START_MS)).toMatchObject({ reservedCount: 1, coolingCount: 0 });
    expect(book.toCheckpoint().recentReleases).toEqual([]);
  });

  test('leaves out addresses that have been reserved again', () => {
    const book = freshBook(1);
    book.restore(releases(START_MS - COOLDOWN_MS), START_MS);
    reserved(book, 'p');
    expect(book.toCheckpoint().recentReleases).toEqual([]);
  });

  test('forgets after a while', () => {
    const book = freshBook(1);
    book.restore(releases(START_MS), START_MS);
    book.statistics(START_MS + 300_000);
    expect(book.toCheckpoint().recentReleases).toHaveLength(1);
    book.statistics(START_MS + 300_001);
    expect(book.toCheckpoint().recentReleases).toEqual([]);
  });
});

test('restoring tells what it does', () => {
  const book = freshBook(2);
  const heard: AddressEvent['kind'][] = [];
  book.subscribe(({ kind }) => heard.push(kind));
  book.restore(
    checkpointOf([allocation('p')], [{ address: B, releasedAtMs: START_MS }]),
    START_MS + 1,
  );
  book.statistics(START_MS + COOLDOWN_MS);
  expect(heard).toEqual(['restored', 'cooling-resumed', 'cooled']);
});
