import { describe, expect, test } from '@jest/globals';
import { AddressBook, type Ec2Intent } from '@vpc-cni/ipam';
import { createFakeClock } from '@vpc-cni/testing';
import { codedError } from './fake-node.ts';
import { createIntentKeeper, EC2_LAG_MS, type Wish } from './intent-keeper.ts';
import { withIntent } from './with-intent.ts';

const assign: Wish = { kind: 'assign-addresses', eniId: 'eni-1', count: 2 };
const unassign: Wish = { kind: 'unassign', eniId: 'eni-1', blocks: ['10.0.0.5'] };
const attach: Wish = { kind: 'attach-eni', eniId: 'eni-1', networkCardIndex: 0, deviceNumber: 1 };
const free: Wish = { kind: 'delete-eni', eniId: 'eni-1' };
const create: Wish = { kind: 'create-eni', clientToken: 'token', networkCardIndex: 0 };

function setUp({ save = async () => {} }: { readonly save?: () => Promise<void> } = {}) {
  const clock = createFakeClock(0);
  const book = new AddressBook({ addressCooldownMs: 30_000 });
  let count = 0;
  const newId = () => {
    count += 1;
    return `intent-${count}`;
  };
  const keeper = createIntentKeeper({ book, checkpoint: { save }, clock, newId });
  const openKinds = () => book.intents().map(({ kind }) => kind);
  /** What may still be unknown of the ENI, asked `afterMs` from the start. */
  const caution = (afterMs: number, eniId: `eni-${string}` = 'eni-1') => {
    const { isRecent, isUncertain } = keeper.cautionFor(eniId, afterMs);
    return { isRecent, isUncertain };
  };
  return { clock, book, keeper, openKinds, caution };
}

test('an intent is in the book before it is written, and durable before EC2 is asked', async () => {
  const order: string[] = [];
  const node = setUp({ save: async () => void order.push(node.openKinds().join()) });
  await withIntent(
    node.keeper,
    () => assign,
    async () => order.push('EC2'),
  );
  expect(order).toEqual(['assign-addresses', 'EC2']);
});

test('EC2 is not asked for what could not be written down, and nothing is noted', async () => {
  const save = () => Promise.reject(codedError('checkpoint-unwritable'));
  const { keeper, book } = setUp({ save });
  const asking = withIntent(
    keeper,
    () => assign,
    async () => {
      throw new Error('EC2 was asked');
    },
  );
  await expect(asking).rejects.toMatchObject({ code: 'checkpoint-unwritable' });
  expect(book.intents()).toEqual([]);
});

describe('what becomes of an intent', () => {
  const WHEN_DUE = EC2_LAG_MS;
  const cases: readonly {
    readonly name: string;
    readonly wish: Wish;
    /** EC2's answer; none: it succeeds. */
    readonly failure?: string;
    readonly open: boolean;
    readonly caution: { readonly isRecent: boolean; readonly isUncertain: boolean };
  }[] = [
    {
      name: 'answered: EC2 may show less for a while',
      wish: assign,
      open: true,
      caution: { isRecent: true, isUncertain: false },
    },
    {
      name: 'refused: nothing was done',
      wish: assign,
      failure: 'throttled',
      open: false,
      caution: { isRecent: false, isUncertain: false },
    },
    {
      name: 'without answer: only EC2 knows',
      wish: assign,
      failure: 'unreachable',
      open: true,
      caution: { isRecent: true, isUncertain: true },
    },
    {
      name: 'an ENI that was to go, refused: it may be half gone',
      wish: free,
      failure: 'throttled',
      open: true,
      caution: { isRecent: true, isUncertain: true },
    },
    {
      name: 'addresses that were to go, refused: the first try may have had no answer',
      wish: unassign,
      failure: 'invalid-request',
      open: true,
      caution: { isRecent: true, isUncertain: true },
    },
  ];

  test.each(cases)('$name', async ({ wish, failure, open, caution: expected }) => {
    const { keeper, openKinds, caution } = setUp();
    const asking = withIntent(
      keeper,
      () => wish,
      async () => {
        if (failure !== undefined) throw codedError(failure);
      },
    );
    await asking.catch(() => {});
    expect(openKinds()).toEqual(open ? [wish.kind] : []);
    expect(caution(0)).toEqual(expected);
    expect(caution(WHEN_DUE - 1)).toEqual(expected);
    expect(caution(WHEN_DUE)).toEqual({ ...expected, isRecent: false });
    expect(caution(0, 'eni-2')).toEqual({ isRecent: false, isUncertain: false });
    expect(keeper.uncertainEnis()).toEqual(expected.isUncertain ? ['eni-1'] : []);
    expect(keeper.nextDueMs).toBe(expected.isUncertain ? WHEN_DUE : undefined);
  });

  test('under way: recent however long it takes, and nothing that EC2 is asked about', async () => {
    const { keeper, caution } = setUp();
    await keeper.begin('a', assign);
    expect(caution(10 * EC2_LAG_MS)).toEqual({ isRecent: true, isUncertain: false });
    expect(keeper.uncertainEnis()).toEqual([]);
  });
});

describe('what EC2 was asked to take back', () => {
  test.each([
    { name: 'of the blocks of an unassignment', wish: unassign, promised: ['10.0.0.5'] },
    { name: 'of an ENI that goes', wish: free, promised: ['10.0.0.5', '10.0.0.6'] },
    { name: 'of an ENI that is attached', wish: attach, promised: [] },
    { name: 'of an ENI that grows', wish: assign, promised: [] },
  ])('is promised until EC2 is sure to know, $name', async ({ wish, promised }) => {
    const { keeper } = setUp();
    await keeper.begin('a', wish);
    keeper.end('a', 'answered');
    const promisedAt = (askedAtMs: number) =>
      (['10.0.0.5', '10.0.0.6'] as const).filter(keeper.cautionFor('eni-1', askedAtMs).isPromised);
    expect(promisedAt(EC2_LAG_MS - 1)).toEqual(promised);
    expect(promisedAt(EC2_LAG_MS)).toEqual([]);
  });
});

test('what was answered is forgotten once EC2 shows it, not before', async () => {
  const { keeper, openKinds } = setUp();
  await keeper.begin('a', assign);
  keeper.end('a', 'answered');
  await keeper.begin('b', attach);
  keeper.end('b', 'uncertain');
  keeper.forgetAnswered(EC2_LAG_MS - 1);
  expect(openKinds()).toEqual(['assign-addresses', 'attach-eni']);
  keeper.forgetAnswered(EC2_LAG_MS);
  expect(openKinds()).toEqual(['attach-eni']);
});

test('a comparison with EC2 concludes what is uncertain on these ENIs, if it came late enough', async () => {
  const { keeper, openKinds } = setUp();
  await keeper.begin('a', assign);
  keeper.end('a', 'uncertain');
  keeper.concludeEnis(['eni-2'], EC2_LAG_MS);
  keeper.concludeEnis(['eni-1'], EC2_LAG_MS - 1);
  expect(openKinds()).toEqual(['assign-addresses']);
  keeper.concludeEnis(['eni-1'], EC2_LAG_MS);
  expect(openKinds()).toEqual([]);
  expect(keeper.nextDueMs).toBeUndefined();
});

test.each([create, attach, free])(
  'only a look for leaked ENIs concludes what may have left one: $kind',
  async (wish) => {
    const { keeper, openKinds } = setUp();
    await keeper.begin('a', wish);
    keeper.end('a', 'uncertain');
    keeper.concludeEnis(['eni-1'], EC2_LAG_MS);
    expect(keeper.mayHaveLeaked(EC2_LAG_MS - 1)).toBe(false);
    keeper.concludeLeaks(EC2_LAG_MS - 1);
    expect(openKinds()).toEqual([wish.kind]);
    expect(keeper.mayHaveLeaked(EC2_LAG_MS)).toBe(true);
    keeper.concludeLeaks(EC2_LAG_MS);
    expect(openKinds()).toEqual([]);
  },
);

test('addresses leave no ENI behind', async () => {
  const { keeper, openKinds } = setUp();
  await keeper.begin('a', assign);
  keeper.end('a', 'uncertain');
  expect(keeper.mayHaveLeaked(EC2_LAG_MS)).toBe(false);
  keeper.concludeLeaks(EC2_LAG_MS);
  expect(openKinds()).toEqual(['assign-addresses']);
});

test('a later step takes the place of the first', async () => {
  const { keeper, book } = setUp();
  await keeper.begin('a', create);
  keeper.amend('a', attach);
  expect(book.intents()).toEqual([{ ...attach, intentId: 'a', atMs: 0 }]);
});

test('a restart is uncertain of what it inherits, and of nothing that it has begun itself', async () => {
  const { keeper, book, clock } = setUp();
  const left: Ec2Intent = { ...assign, intentId: 'left', atMs: 0 };
  book.restore({ allocations: [], recentReleases: [], intents: [left] }, 0);
  await keeper.begin('own', { ...assign, eniId: 'eni-2' });
  await clock.advance(1_000);
  keeper.inherit();
  expect(keeper.uncertainEnis()).toEqual(['eni-1']);
  expect(keeper.nextDueMs).toBe(1_000 + EC2_LAG_MS);
});
