import { expect, test } from '@jest/globals';
import { createFakeClock } from '@vpc-cni/testing';
import koffi from 'koffi';
import { findMallocTrim, giveBackMemory } from './give-back-memory.ts';

const libc = koffi.load(null);
const malloc = libc.func('void *malloc(size_t)');
const memset = libc.func('void *memset(void *, int, size_t)');
const free = libc.func('void free(void *)');

test('what was freed below something that is in use goes back to the system', () => {
  const mib = 1024 * 1024;
  const chunkBytes = 64 * 1024;
  const chunks = Array.from({ length: (32 * mib) / chunkBytes }, () => malloc(chunkBytes));
  for (const chunk of chunks) memset(chunk, 1, chunkBytes);
  const inUse = malloc(chunkBytes);
  for (const chunk of chunks) free(chunk);
  const before = process.memoryUsage.rss();
  findMallocTrim()?.();
  expect(before - process.memoryUsage.rss()).toBeGreaterThan(24 * mib);
  free(inUse);
});

test('memory is given back again and again, until the end', async () => {
  const clock = createFakeClock();
  const ending = new AbortController();
  let count = 0;
  const giving = giveBackMemory({ clock, signal: ending.signal }, () => {
    count += 1;
    if (count === 3) ending.abort();
  });
  await clock.advance(60_000);
  await giving;
  expect(count).toBe(3);
});

test('where nothing gives memory back, nothing is waited for', async () => {
  const { signal } = new AbortController();
  await giveBackMemory({ clock: createFakeClock(), signal }, undefined);
});
