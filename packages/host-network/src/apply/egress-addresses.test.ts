import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { createEgressAddresses, type EgressPool } from './egress-addresses.ts';

let dataDirectory: string;
let pool: EgressPool;
beforeEach(async () => {
  dataDirectory = await mkdtemp(join(tmpdir(), 'egress-addresses-'));
  pool = { dataDirectory, networkName: 'aws-cni', cidr: 'fd00::ac:00/118' };
});
afterEach(() => rm(dataDirectory, { recursive: true }));

const addresses = createEgressAddresses();
const holder = (containerId: string, interfaceName = 'eth0') => ({ containerId, interfaceName });
const file = (name: string) => join(dataDirectory, 'aws-cni', name);
const names = async () => (await readdir(join(dataDirectory, 'aws-cni'))).sort();

test('addresses are given in turn, in the files of host-local', async () => {
  expect(await addresses.reserve(pool, holder('a'))).toEqual({
    kind: 'reserved',
    address: 'fd00::ac:2',
  });
  expect(await addresses.reserve(pool, holder('b', 'net1'))).toMatchObject({
    address: 'fd00::ac:3',
  });
  expect(await names()).toEqual(['fd00::ac:2', 'fd00::ac:3', 'last_reserved_ip.0']);
  expect(await readFile(file('fd00::ac:3'), 'utf8')).toBe('b\r\nnet1');
  expect(await readFile(file('last_reserved_ip.0'), 'utf8')).toBe('fd00::ac:3');
  expect(await addresses.list(pool)).toEqual([holder('a'), holder('b', 'net1')]);

  await addresses.release(pool, holder('a'));
  expect(await addresses.find(pool, holder('a'))).toBeUndefined();
  expect(await addresses.find(pool, holder('b', 'net1'))).toBe('fd00::ac:3');
  expect(await addresses.reserve(pool, holder('c'))).toMatchObject({ address: 'fd00::ac:4' });
});

test('an attachment gets no second one, and its interfaces are told apart', async () => {
  await addresses.reserve(pool, holder('a'));
  expect(await addresses.reserve(pool, holder('a'))).toEqual({
    kind: 'held',
    address: 'fd00::ac:2',
  });
  expect(await addresses.reserve(pool, holder('a', 'net1'))).toMatchObject({ kind: 'reserved' });
});

test('with every address taken there is none, until one is given back', async () => {
  await mkdir(join(dataDirectory, 'aws-cni'));
  for (let n = 2; n < 1024; n += 1)
    await writeFile(file(`fd00::ac:${n.toString(16)}`), `${n}\r\neth0`);
  expect(await addresses.reserve(pool, holder('late'))).toEqual({ kind: 'exhausted' });
  await addresses.release(pool, holder('500'));
  expect(await addresses.reserve(pool, holder('late'))).toEqual({
    kind: 'reserved',
    address: 'fd00::ac:1f4',
  });
});

test('other files are nobody’s, and what a killed process left half-made is no address', async () => {
  await mkdir(join(dataDirectory, 'aws-cni'));
  for (const name of ['lock', 'last_reserved_ip.0', '.fd00::ac:2.4711', 'fd00::ac:2'])
    await writeFile(file(name), '');
  expect(await addresses.reserve(pool, holder('a'))).toMatchObject({ address: 'fd00::ac:3' });
  expect(await addresses.find(pool, holder(''))).toBeUndefined();
});

test('without a directory nothing is held, and nothing is made', async () => {
  expect(await addresses.list(pool)).toEqual([]);
  await addresses.release(pool, holder('a'));
  expect(await readdir(dataDirectory)).toEqual([]);
});

test.each(['10.0.0.0/16', 'fd00::ac:0/64', 'fd01::/118', 'nonsense'])(
  '%s is no range for egress',
  async (cidr) => {
    await expect(addresses.reserve({ ...pool, cidr }, holder('a'))).rejects.toThrow(TypeError);
    expect(await readdir(dataDirectory)).toEqual([]);
  },
);
