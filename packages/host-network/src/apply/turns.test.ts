import { expect, test } from '@jest/globals';
import { createTurns } from './turns.ts';

test('the first caller goes at once, each further one in a turn of the event loop of its own', async () => {
  const turn = createTurns(1);
  const log: string[] = [];
  const jobs = ['a', 'b', 'c'].map(async (name) => {
    await turn();
    log.push(name);
  });
  await Promise.resolve();
  expect(log).toEqual(['a']);
  await new Promise(setImmediate);
  expect(log).toEqual(['a', 'b']);
  await Promise.all(jobs);
  expect(log).toEqual(['a', 'b', 'c']);
});

test('after a pause, the next caller goes at once again', async () => {
  const turn = createTurns(1);
  await turn();
  await new Promise(setImmediate);
  let isDone = false;
  void turn().then(() => {
    isDone = true;
  });
  await Promise.resolve();
  await Promise.resolve();
  expect(isDone).toBe(true);
});

test('a few share a turn', async () => {
  const turn = createTurns(2);
  const log: string[] = [];
  const jobs = ['a', 'b', 'c', 'd', 'e'].map(async (name) => {
    await turn();
    log.push(name);
  });
  await Promise.resolve();
  expect(log).toEqual(['a', 'b']);
  await new Promise(setImmediate);
  expect(log).toEqual(['a', 'b', 'c', 'd']);
  await Promise.all(jobs);
  expect(log).toEqual(['a', 'b', 'c', 'd', 'e']);
});
