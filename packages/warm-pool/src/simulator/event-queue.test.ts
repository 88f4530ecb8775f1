import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { EventQueue } from './event-queue.ts';

test('events come in the order of their instants, equals in the order they were added', () => {
  const instants = fc.array(fc.integer({ min: 0, max: 20 }), { maxLength: 200 });
  fc.assert(
    fc.property(instants, (wanted) => {
      const queue = new EventQueue();
      const seen: number[] = [];
      for (const [index, atMs] of wanted.entries()) {
        queue.add(atMs, () => seen.push(index));
      }
      for (let event = queue.take(); event !== undefined; event = queue.take()) {
        event.happen();
      }
      const inOrder = wanted.map((atMs, index) => ({ atMs, index }));
      inOrder.sort((a, b) => a.atMs - b.atMs || a.index - b.index);
      expect(seen).toEqual(inOrder.map(({ index }) => index));
    }),
  );
});

test('adding and taking may alternate', () => {
  const queue = new EventQueue();
  const nothing = () => {};
  queue.add(5, nothing);
  queue.add(3, nothing);
  expect(queue.nextAtMs).toBe(3);
  expect(queue.take()?.atMs).toBe(3);
  queue.add(4, nothing);
  queue.add(9, nothing);
  expect([queue.take()?.atMs, queue.take()?.atMs, queue.take()?.atMs]).toEqual([4, 5, 9]);
  expect(queue.take()).toBeUndefined();
  expect(queue.nextAtMs).toBeUndefined();
});
