import { expect, test } from '@jest/globals';
import { VirtualClock } from './clock.ts';
import { createDelayLine } from './delay-line.ts';

test('things end after their delay, all that are due before anything else at that instant', () => {
  const clock = new VirtualClock(0);
  const seen: string[] = [];
  const line = createDelayLine<string>(clock, 100, (item) => {
    clock.at(clock.nowMs, () => seen.push(`after ${item}`));
    seen.push(`${item} at ${clock.nowMs}`);
    if (item === 'a') line.add('c');
  });
  line.add('a');
  line.add('b');
  clock.at(150, () => line.add('d'));
  while (clock.nextAtMs !== undefined) clock.turn();
  expect(seen).toEqual([
    'a at 100',
    'b at 100',
    'after a',
    'after b',
    'c at 200',
    'after c',
    'd at 250',
    'after d',
  ]);
});

test('whatever is added while the last thing ends is not forgotten, and ends once', () => {
  const clock = new VirtualClock(0);
  const seen: number[] = [];
  const line = createDelayLine<number>(clock, 10, (item) => {
    seen.push(item);
    if (item < 4) line.add(item + 1);
  });
  line.add(1);
  let turns = 0;
  for (; clock.nextAtMs !== undefined; turns++) clock.turn();
  expect(seen).toEqual([1, 2, 3, 4]);
  expect(turns).toBe(4);
});
