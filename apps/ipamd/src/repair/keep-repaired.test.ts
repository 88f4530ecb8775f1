import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { DesiredNode, RepairReport } from '@vpc-cni/host-network';
import { createFakeClock, type FakeClock } from '@vpc-cni/testing';
import { readConfig } from '../config.ts';
import type { Logger } from '../logger.ts';
import { createMetrics } from '../metrics.ts';
import { keepRepaired } from './keep-repaired.ts';

const eni = {
  mac: '0a:11:22:33:44:01',
  primaryAddress: '10.0.41.20',
  subnetCidr: '10.0.32.0/19',
  routeTableId: 2,
} as const;
const node = { enis: [eni], pods: [] } as unknown as DesiredNode; // the settings do not matter here
const allWell: RepairReport = { repairs: [], failures: [] };

let clock: FakeClock;
let ending: AbortController;
let running: Promise<void>;
let report: () => RepairReport;
let passes: number;
let warnings: string[];
let metrics: ReturnType<typeof createMetrics>;

beforeEach(() => {
  clock = createFakeClock();
  ending = new AbortController();
  passes = 0;
  warnings = [];
  report = () => allWell;
  metrics = createMetrics('0');
  running = keepRepaired(
    {
      config: readConfig({ AWS_VPC_K8S_CNI_REPAIR_INTERVAL: '10' }),
      clock,
      log: { warn: (_facts: object, text: string) => warnings.push(text) } as unknown as Logger,
      metrics,
      signal: ending.signal,
    },
    {
      network: {
        repair: async (given) => {
          expect(given).toBe(node);
          passes += 1;
          return report();
        },
      },
      desired: () => node,
    },
  );
});
afterEach(async () => {
  ending.abort();
  await running;
});

const counts = async () => {
  const { values } = await metrics.driftRepairs.get();
  return Object.fromEntries(values.map(({ labels, value }) => [labels.object, value]));
};

test('the node is looked at once an interval, and a node that is well leaves no trace', async () => {
  await clock.advance(9_999);
  expect(passes).toBe(0);
  await clock.advance(20_001);
  expect(passes).toBe(3);
  expect(await counts()).toEqual({});
  expect(warnings).toEqual([]);
});

test('every change is counted, by what it was made to', async () => {
  report = () => ({
    repairs: [
      { object: 'host', changes: ['rule add 1024'] },
      { object: eni.mac, changes: ['route add default', 'address add'] },
      { object: 'enicc21c2d7785', changes: ['rule add 512', 'rule add 1536', 'route add'] },
    ],
    failures: [],
  });
  await clock.advance(10_000);
  expect(await counts()).toEqual({ host: 1, eni: 2, pod: 3 });
  expect(warnings).toHaveLength(3);
});

test('what cannot be repaired is told once, and again when it comes back', async () => {
  const failing = () => ({
    ...allWell,
    failures: [{ object: 'eni0', error: new Error('the sandbox is gone') }],
  });
  report = failing;
  await clock.advance(30_000);
  expect(warnings).toHaveLength(1);
  report = () => allWell;
  await clock.advance(10_000);
  report = failing;
  await clock.advance(10_000);
  expect(warnings).toHaveLength(2);
});

test('a pass that fails is not the last', async () => {
  report = () => {
    throw new Error('closed');
  };
  await clock.advance(20_000);
  expect(passes).toBe(2);
  expect(warnings).toEqual(Array(2).fill('networking cannot be looked at, trying again'));
});
