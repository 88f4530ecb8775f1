import { expect, test } from '@jest/globals';
import type { Sample } from '../../simulator/timeline.ts';
import { duration, figure, table } from './table.ts';
import { addressChart } from './terminal-chart.ts';

const sample = (usedCount: number, heldCount: number): Sample => ({
  atMs: 0,
  heldCount,
  usedCount,
  coolingCount: 0,
  idleCount: heldCount - usedCount,
  eniCount: 1,
  waitingCount: 0,
  callCount: 0,
  throttledCount: 0,
  addFailureCount: 0,
  maxWaitMs: 0,
});

test('the chart is filled up to what is used, with a line where what is held ends', () => {
  const chart = addressChart([sample(5, 10), sample(10, 10)], 60_000, 30);
  expect(chart).toBe(
    [
      '         addresses: █ used, ─ held',
      '      10 ──────────██████████',
      '                   ██████████',
      '                   ██████████',
      '                   ██████████',
      '                   ██████████',
      '         ████████████████████',
      '         ████████████████████',
      '         ████████████████████',
      '         ████████████████████',
      '       0 ████████████████████',
      '         0               60 s',
      '',
    ].join('\n'),
  );
});

test('an empty node is drawn too', () => {
  expect(addressChart([], 0, 40)).toContain('addresses');
});

test('figures stand to the right, words to the left', () => {
  expect(
    table(
      ['', 'n'],
      [
        ['a', '1,000'],
        ['bcd', '2'],
      ],
    ),
  ).toBe('         n\n───  ─────\na    1,000\nbcd      2\n');
  expect(
    table(
      ['a', 'b'],
      [
        ['c', 'd e'],
        ['f', 'g'],
      ],
      'words',
    ),
  ).toBe('a  b\n─  ───\nc  d e\nf  g\n');
});

test.each([
  [0, '0'],
  [0.4, '0.4 ms'],
  [230, '230 ms'],
  [4_230, '4.2 s'],
  [100_000, '100 s'],
  [210_000, '3.5 min'],
  [7_200_000, '2 h'],
])('%d ms are said as %s', (ms, words) => {
  expect(duration(ms)).toBe(words);
});

test.each([
  [0.25, '0.3'],
  [3, '3'],
  [12.6, '13'],
  [12_345, '12,345'],
])('%d is written as %s', (value, words) => {
  expect(figure(value)).toBe(words);
});
