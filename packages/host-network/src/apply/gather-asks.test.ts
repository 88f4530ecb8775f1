import { expect, test } from '@jest/globals';
import type { Answer, NetlinkRequest } from '../netlink/netlink-request.ts';
import { type Asks, gatherAsks } from './gather-asks.ts';

const request = (operation: string): NetlinkRequest => ({
  type: 1,
  flags: 0,
  payload: new Uint8Array(0),
  operation,
  object: () => '',
});

const requests = (...operations: readonly string[]) => operations.map(request);

/** A kernel that refuses everything, in the request's own words, when the test says so. */
function createKernel() {
  const written: { readonly operations: readonly string[]; readonly where: string }[] = [];
  const ends: PromiseWithResolvers<void>[] = [];
  const asks: Asks = {
    askAll: async (all, where) => {
      const operations = all.map(({ operation }) => operation);
      written.push({ operations, where });
      const end = Promise.withResolvers<void>();
      ends.push(end);
      await end.promise;
      return operations.map((reason): Answer => ({ kind: 'refused', errno: 'EPERM', reason }));
    },
  };
  return {
    asks,
    written,
    end: () => ends.shift()?.resolve(),
    fail: () => ends.shift()?.reject('no'),
  };
}

const reasons = (answers: readonly Answer[]) =>
  answers.map((answer) => (answer.kind === 'refused' ? answer.reason : 'done'));

test('what comes while the kernel is at work goes with the next write, and each gets its own answers', async () => {
  const { asks, written, end } = createKernel();
  const gathered = gatherAsks(asks);
  const first = gathered.askAll(requests('a1', 'a2'), 'in-pool');
  const second = gathered.askAll(requests('b1'), 'in-pool');
  const third = gathered.askAll(requests('c1', 'c2', 'c3'), 'in-pool');
  end();
  expect(reasons(await first)).toEqual(['a1', 'a2']);
  end();
  expect(reasons(await second)).toEqual(['b1']);
  expect(reasons(await third)).toEqual(['c1', 'c2', 'c3']);
  expect(written).toEqual([
    { operations: ['a1', 'a2'], where: 'in-pool' },
    { operations: ['b1', 'c1', 'c2', 'c3'], where: 'in-pool' },
  ]);
});

test('a write is made here only if all who share it want it so', async () => {
  const { asks, written, end } = createKernel();
  const gathered = gatherAsks(asks);
  const all = [
    gathered.askAll(requests('a'), 'here'),
    gathered.askAll(requests('b'), 'here'),
    gathered.askAll(requests('c'), 'in-pool'),
  ];
  end();
  await all[0];
  end();
  await Promise.all(all);
  expect(written.map(({ where }) => where)).toEqual(['here', 'in-pool']);
});

test('a write that fails fails for those who shared it', async () => {
  const { asks, fail, end } = createKernel();
  const gathered = gatherAsks(asks);
  const failing = gathered.askAll(requests('a'), 'in-pool');
  const following = gathered.askAll(requests('b'), 'in-pool');
  fail();
  await expect(failing).rejects.toBe('no');
  end();
  expect(reasons(await following)).toEqual(['b']);
});
