import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, test } from '@jest/globals';
import type { Netlink } from '../netlink/netlink.ts';
import { shareObservers } from './share-observers.ts';

const netlink = {} as Netlink;

test('those who ask in one turn share an observer, those of a later turn have another', async () => {
  const observer = shareObservers(netlink);
  const first = observer();
  await Promise.resolve();
  const [one, other] = await Promise.all([first, observer()]);
  expect(one).toBe(other);
  expect(await observer()).not.toBe(one);
});

test('nobody looks before all of a turn have asked', async () => {
  const observer = shareObservers(netlink);
  const order: string[] = [];
  const looking = observer().then(() => order.push('looks'));
  for (let step = 0; step < 10; step += 1) await Promise.resolve();
  order.push('the turn ends');
  await Promise.all([looking, nextTurn()]);
  expect(order).toEqual(['the turn ends', 'looks']);
});
