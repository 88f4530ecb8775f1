import { expect, test } from '@jest/globals';
import { Batches } from './batches.ts';

const turn = () => new Promise(setImmediate);

/** Work that ends when the test says so. */
function createWork() {
  const started: (readonly string[])[] = [];
  const ends: PromiseWithResolvers<void>[] = [];
  const batches = new Batches<string>((items) => {
    started.push(items);
    const end = Promise.withResolvers<void>();
    ends.push(end);
    return end.promise;
  });
  return {
    batches,
    started,
    end: () => ends.shift()?.resolve(),
    fail: () => ends.shift()?.reject('no'),
  };
}

test('the first begins at once, what comes while the work runs goes together', async () => {
  const { batches, started, end } = createWork();
  const first = batches.add('a');
  expect(started).toEqual([['a']]);
  const second = [batches.add('b'), batches.add('c')];
  await turn();
  expect(started).toEqual([['a']]);
  end();
  await first;
  await turn();
  expect(started).toEqual([['a'], ['b', 'c']]);
  end();
  await Promise.all(second);
  await batches.settled();
});

test('settled waits for what is due', async () => {
  const { batches, end } = createWork();
  await batches.settled();
  let isSettled = false;
  void batches.add('a');
  const settled = batches.settled().then(() => {
    isSettled = true;
  });
  await turn();
  void batches.add('b');
  end();
  await turn();
  expect(isSettled).toBe(false);
  end();
  await settled;
});

test('a failure is told to those it concerns, and nobody after them', async () => {
  const { batches, fail, end } = createWork();
  const failing = batches.add('a');
  const told = expect(batches.settled()).rejects.toBe('no');
  await turn();
  const following = batches.add('b');
  fail();
  await expect(failing).rejects.toBe('no');
  await told;
  await turn();
  end();
  await following;
  await batches.settled();
});
