import { expect, test } from '@jest/globals';
import { AddressBook } from '@vpc-cni/ipam';
import { createMetrics } from './metrics.ts';

test('the gauges show the pool, each address of a prefix counted', async () => {
  const book = new AddressBook({ addressCooldownMs: 30_000 });
  book.addEni({
    eniId: 'eni-1',
    deviceNumber: 0,
    networkCardIndex: 0,
    isPrimary: true,
    routeTableId: 254,
    subnetId: 'subnet-1',
    primaryAddress: '10.0.0.4',
    attachedAtMs: 0,
  });
  book.addPrefix('eni-1', '10.0.0.16/28');
  book.addAddress('eni-1', '10.0.0.9');
  const metrics = createMetrics('1.2.3');
  metrics.watch({ book, nowMs: () => 0, maxEnis: () => 3, addressesPerEni: 48 });
  const text = await metrics.registry.metrics();
  const gauge = (name: string) => new RegExp(`^${name} (\\d+)$`, 'm').exec(text)?.[1];
  expect({
    total: gauge('awscni_total_ip_addresses'),
    prefixes: gauge('awscni_total_ipv4_prefixes'),
    enis: gauge('awscni_eni_allocated'),
    most: gauge('awscni_ip_max'),
  }).toEqual({ total: '17', prefixes: '1', enis: '1', most: '144' });
});

test('the call budget of each EC2 action is shown', async () => {
  const metrics = createMetrics('1.2.3');
  const figures = {
    perSecond: 1,
    ceilingPerSecond: 2,
    tokens: 7,
    waiting: 0,
    callCount: 3,
    throttledCount: 1,
  };
  metrics.watchBudget({ figures: () => new Map([['CreateNetworkInterface', figures]]) });
  const text = await metrics.registry.metrics();
  const shown = [...text.matchAll(/^awscni_ec2api_(\w+)\{fn="CreateNetworkInterface"\} (\d+)$/gm)];
  expect(Object.fromEntries(shown.map(([, name, value]) => [name, value]))).toEqual({
    budget_tokens: '7',
    budget_per_second: '1',
    budget_waiting: '0',
    throttled_count: '1',
  });
});
