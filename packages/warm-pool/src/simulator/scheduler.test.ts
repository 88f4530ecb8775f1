import { expect, test } from '@jest/globals';
import type { Pod } from './node.ts';
import { createScheduler } from './scheduler.ts';

const newPod = (index: number): Pod => ({
  index,
  status: 'unplaced',
  nodeIndex: undefined,
  address: undefined,
  placedAtMs: undefined,
  servedAtMs: undefined,
  addFailureCount: 0,
});

function createCluster() {
  const placed: string[] = [];
  const scheduler = createScheduler((pod, nodeIndex) => {
    pod.status = 'adding';
    placed.push(`${pod.index} on ${nodeIndex}`);
  });
  return { scheduler, placed };
}

test('nodes take turns, as long as they have room', () => {
  const { scheduler, placed } = createCluster();
  scheduler.addNode(0, 1);
  scheduler.addNode(1, 3);
  for (let index = 0; index < 5; index++) scheduler.place(newPod(index));
  expect(placed).toEqual(['0 on 0', '1 on 1', '2 on 1', '3 on 1']);
  scheduler.freePlace(0);
  expect(placed.at(-1)).toBe('4 on 0');
});

test('pods wait for a node, in order; those deleted meanwhile take no place', () => {
  const { scheduler, placed } = createCluster();
  const pods = [0, 1, 2].map(newPod);
  for (const pod of pods) scheduler.place(pod);
  const [, second] = pods;
  if (second !== undefined) second.status = 'gone';
  scheduler.addNode(7, 2);
  expect(placed).toEqual(['0 on 7', '2 on 7']);
});

test('a place that becomes free is used, also when others were free before', () => {
  const { scheduler, placed } = createCluster();
  scheduler.addNode(0, 2);
  scheduler.place(newPod(0));
  scheduler.freePlace(0);
  for (const index of [1, 2, 3]) scheduler.place(newPod(index));
  expect(placed).toEqual(['0 on 0', '1 on 0', '2 on 0']);
});
