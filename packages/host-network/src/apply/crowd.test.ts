import { expect, test } from '@jest/globals';
import { createCrowd } from './crowd.ts';

const turn = () => new Promise(setImmediate);

/** Jobs that end when the test says so. */
function createJobs(width: number) {
  const crowd = createCrowd(width);
  const log: string[] = [];
  const ends = new Map<string, PromiseWithResolvers<void>>();
  const start = (name: string) =>
    crowd.run(() => {
      const end = Promise.withResolvers<void>();
      log.push(name);
      ends.set(name, end);
      return end.promise;
    });
  return { crowd, log, start, ends };
}

test('so many jobs run at once, the others follow in the order they came', async () => {
  const { log, start, ends } = createJobs(2);
  const jobs = ['a', 'b', 'c', 'd'].map(start);
  await turn();
  expect(log).toEqual(['a', 'b']);
  ends.get('b')?.resolve();
  await turn();
  expect(log).toEqual(['a', 'b', 'c']);
  ends.get('a')?.resolve();
  await turn();
  expect(log).toEqual(['a', 'b', 'c', 'd']);
  for (const end of ends.values()) end.resolve();
  await Promise.all(jobs);
});

test('a job that fails makes room for the next, too', async () => {
  const { log, start, ends } = createJobs(1);
  const failing = start('a');
  const next = start('b');
  await turn();
  ends.get('a')?.reject(new Error('no'));
  await expect(failing).rejects.toThrow('no');
  await turn();
  expect(log).toEqual(['a', 'b']);
  ends.get('b')?.resolve();
  await next;
});

test('a lone job has the kernel work here, several in the pool', async () => {
  const { crowd, start, ends } = createJobs(2);
  expect(crowd.where()).toBe('here');
  const a = start('a');
  expect(crowd.where()).toBe('here');
  const b = start('b');
  expect(crowd.where()).toBe('in-pool');
  await turn();
  ends.get('a')?.resolve();
  await a;
  expect(crowd.where()).toBe('here');
  ends.get('b')?.resolve();
  await b;
});

test('settled waits for those under way and those that wait', async () => {
  const { crowd, start, ends } = createJobs(1);
  await crowd.settled();
  const jobs = [start('a'), start('b')];
  let isSettled = false;
  const settled = crowd.settled().then(() => {
    isSettled = true;
  });
  await turn();
  ends.get('a')?.resolve();
  await turn();
  expect(isSettled).toBe(false);
  ends.get('b')?.resolve();
  await Promise.all([settled, ...jobs]);
});
