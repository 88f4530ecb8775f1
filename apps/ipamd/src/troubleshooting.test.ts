import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { AddressBook } from '@vpc-cni/ipam';
import { PLUGIN_ERROR } from '@vpc-cni/plugin';
import { createMetrics } from './metrics.ts';

const page = readFileSync(new URL('../../../docs/troubleshooting.md', import.meta.url), 'utf8');

test('docs/troubleshooting.md tells operators of every metric, and names no other', () => {
  const metrics = createMetrics('1.2.3');
  const book = new AddressBook({ addressCooldownMs: 0 });
  metrics.watch({ book, nowMs: () => 0, maxEnis: () => 1, addressesPerEni: 1 });
  metrics.watchBudget({ figures: () => new Map() });
  const registered = metrics.registry.getMetricsAsArray().map(({ name }) => name);
  const [, table = ''] = page.split('## Metrics');
  const inTable = [...table.matchAll(/`(awscni_\w+)/g)].map(([, name]) => name);
  expect([...new Set(inTable)].sort()).toEqual(registered.sort());
  const anywhere = [...page.matchAll(/awscni_\w+/g)].map(([name]) => name);
  expect(anywhere.filter((name) => !registered.includes(name))).toEqual([]);
});

test('docs/troubleshooting.md tells of every error code that is our own', () => {
  const codes = [...page.matchAll(/^\| (\d{3}) \|/gm)].map(([, code]) => Number(code));
  expect(codes).toEqual(Object.values(PLUGIN_ERROR));
});
