import { beforeEach, expect, test } from '@jest/globals';
import { AddressPool, noCounts } from './address-pool.ts';
import type { Eni } from './pooled-eni.ts';

let pool: AddressPool;
let eni: Eni;

beforeEach(() => {
  pool = new AddressPool(noCounts());
  eni = pool.addEni({
    eniId: 'eni-1',
    subnetId: 'subnet-0',
    primaryAddress: '10.0.0.4',
    isPrimary: true,
    attachedAtMs: 0,
  });
});

const freeTexts = () => eni.singles.free.map(({ text }) => text);

/** The address, reserved and released. */
function used(index: number, releasedAtMs: number) {
  const address = eni.singles.addresses[index];
  if (address === undefined) throw new Error(`no address ${index}`);
  pool.reserve(address);
  pool.release(address, releasedAtMs);
  return address;
}

test('never used addresses come before used ones, also those that are added later', () => {
  pool.addAddresses(eni, ['a', 'b']);
  pool.endCoolDown(used(0, 1_000), 1_000);
  pool.addAddresses(eni, ['c']);
  expect(freeTexts()).toEqual(['b', 'c', 'a']);
});

test('an address that was given back in vain keeps its place in the line', () => {
  pool.addAddresses(eni, ['a', 'b']);
  const [first, second] = [used(0, 1_000), used(1, 2_000)];
  pool.endCoolDown(first, 1_000);
  pool.endCoolDown(second, 2_000);
  pool.drain([first]);
  expect(freeTexts()).toEqual(['b']);
  pool.undrain([first]);
  expect(freeTexts()).toEqual(['a', 'b']);
});

test('the end of an earlier cool-down does not end a later one', () => {
  pool.addAddresses(eni, ['a']);
  const address = used(0, 1_000);
  pool.drain([address]);
  pool.undrain([address]);
  expect(used(0, 5_000)).toBe(address);
  expect(pool.endCoolDown(address, 1_000)).toBe(false);
  expect(pool.counts.coolingCount).toBe(1);
  expect(pool.endCoolDown(address, 5_000)).toBe(true);
});

test('a prefix is sixteen addresses, and leaves with the last of them', () => {
  pool.addPrefixes(eni, ['10.0.0.16/28']);
  const [block] = eni.prefixes;
  const addresses = block?.addresses ?? [];
  expect([addresses[0]?.text, addresses[15]?.text]).toEqual(['10.0.0.16', '10.0.0.31']);
  pool.drain(addresses);
  expect(eni.view.prefixes).toEqual([]);
  expect(pool.counts.heldCount).toBe(16);
  pool.removeDrained(addresses);
  expect(eni.prefixes).toEqual([]);
  expect(pool.counts.heldCount).toBe(0);
});
