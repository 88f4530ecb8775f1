import { beforeEach, expect, test } from '@jest/globals';
import { HostNetworkError } from '../host-network-error.ts';
import type { LinkChange, LinkSelector } from '../netlink/link.ts';
import { DOOMED_LINK_GROUP, LINKS_PER_SWEEP, LinkSweeper } from './link-sweeper.ts';

/** A kernel whose group deletions end when the test says so. */
class FakeLinks {
  readonly present = new Map<number, number>();
  readonly sweeps: (readonly number[])[] = [];
  #finish: (() => void)[] = [];

  change(selector: LinkSelector, change: LinkChange): void {
    if (!('index' in selector) || !this.present.has(selector.index)) {
      const facts = { errno: 'ENODEV' };
      throw new HostNetworkError('kernel-refused', 'no such link', { facts });
    }
    this.present.set(selector.index, change.group ?? 0);
  }

  async deleteGroup(group: number): Promise<boolean> {
    const doomed = [...this.present].filter(([, at]) => at === group).map(([index]) => index);
    if (doomed.length === 0) return false;
    this.sweeps.push(doomed);
    await new Promise<void>((resolve) => this.#finish.push(resolve));
    for (const index of doomed) this.present.delete(index);
    return true;
  }

  async finishSweep(): Promise<void> {
    this.#finish.shift()?.();
    await new Promise(setImmediate);
  }
}

let links: FakeLinks;
let sweeper: LinkSweeper;

beforeEach(() => {
  links = new FakeLinks();
  for (const index of [1, 2, 3, 4]) links.present.set(index, 0);
  sweeper = new LinkSweeper(links);
});

test('the first link is swept at once, those that come meanwhile together', async () => {
  sweeper.doom(1);
  sweeper.doom(2);
  sweeper.doom(3);
  expect(links.sweeps).toEqual([[1]]);
  await links.finishSweep();
  expect(links.sweeps).toEqual([[1], [2, 3]]);
  await links.finishSweep();
  await sweeper.settled();
  expect([...links.present.keys()]).toEqual([4]);
  expect(sweeper.isSweeping).toBe(false);
});

test('settled waits for what was doomed before, also in a later sweep', async () => {
  sweeper.doom(1);
  sweeper.doom(2);
  let isSettled = false;
  const settled = sweeper.settled().then(() => {
    isSettled = true;
  });
  await links.finishSweep();
  expect(isSettled).toBe(false);
  await links.finishSweep();
  await settled;
});

test('a link that is gone already is no reason to sweep', async () => {
  expect(sweeper.doom(9)).toBe(false);
  expect(links.sweeps).toEqual([]);
  await sweeper.settled();
});

test('marks of an earlier process are swept on demand', async () => {
  links.present.set(3, DOOMED_LINK_GROUP + 9);
  links.present.set(4, DOOMED_LINK_GROUP);
  sweeper.sweep();
  await links.finishSweep();
  await links.finishSweep();
  await sweeper.settled();
  expect([...links.present.keys()]).toEqual([1, 2]);
});

test('a crowd goes in several sweeps, each link once', async () => {
  const crowd = Array.from({ length: 20 * LINKS_PER_SWEEP }, (_, n) => n + 10);
  for (const index of crowd) links.present.set(index, 0);
  for (const index of crowd) sweeper.doom(index);
  while (sweeper.isSweeping) await links.finishSweep();
  expect(links.sweeps.flat().sort((a, b) => a - b)).toEqual(crowd);
  expect(links.sweeps[0]).toHaveLength(1);
  expect(links.sweeps.length).toBeGreaterThan(10);
  expect([...links.present.keys()]).toEqual([1, 2, 3, 4]);
});

test('a refused sweep is told to whoever waits, and tried again with the next link', async () => {
  const refusing = {
    change: () => {},
    deleteGroup: async (): Promise<boolean> => {
      throw new HostNetworkError('kernel-refused', 'no', { facts: { errno: 'EPERM' } });
    },
  };
  const unlucky = new LinkSweeper(refusing);
  unlucky.doom(1);
  await expect(unlucky.settled()).rejects.toMatchObject({ code: 'kernel-refused' });
  unlucky.doom(2);
  expect(unlucky.isSweeping).toBe(true);
  await expect(unlucky.settled()).rejects.toMatchObject({ code: 'kernel-refused' });
});
