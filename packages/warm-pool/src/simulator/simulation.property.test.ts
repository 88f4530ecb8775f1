import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { limitsOf } from '../limits/limits-of.ts';
import type { SimulationConfig } from './config.ts';
import { resultOf } from './result.ts';
import { simulate } from './simulate.ts';
import { Simulation } from './simulation.ts';
import type { Trace } from './trace.ts';
import { UpstreamDaemon } from './upstream-daemon.ts';

const MINUTE_MS = 60_000;
const DURATION_MS = 12 * MINUTE_MS;

const traces: fc.Arbitrary<Trace> = fc
  .array(
    fc.record({
      // Many at the same instants: that is where mix-ups happen.
      startAtMs: fc.integer({ min: 0, max: 20 }).map((slot) => slot * 30_000),
      lifeMs: fc.option(fc.integer({ min: 0, max: 400_000 }), { nil: undefined }),
    }),
    { maxLength: 40 },
  )
  .map((pods) => ({
    durationMs: DURATION_MS,
    pods: pods.map(({ startAtMs, lifeMs }) =>
      lifeMs === undefined ? { startAtMs } : { startAtMs, stopAtMs: startAtMs + lifeMs },
    ),
  }));

const bucket = fc.constantFrom({ burst: 50, perSecond: 5 }, { burst: 2, perSecond: 0.2 });

const configs: fc.Arbitrary<SimulationConfig> = fc
  .record({
    strategy: fc.constantFrom('default' as const, 'upstream' as const),
    type: fc.constantFrom('t3.small', 'm5.large', 'p3dn.24xlarge'),
    targets: fc.record({
      warmEniTarget: fc.integer({ min: 0, max: 2 }),
      warmIpTarget: fc.integer({ min: 0, max: 6 }),
      minimumIpTarget: fc.constantFrom(0, 4, 12),
    }),
    usesPrefixes: fc.boolean(),
    nodeCount: fc.integer({ min: 1, max: 3 }),
    subnets: fc.constantFrom(
      [{ prefixLength: 18 }],
      [{ prefixLength: 26 }],
      [{ prefixLength: 28 }, { prefixLength: 24, usedShare: 0.5 }],
      [{ prefixLength: 25, fragmentation: 0.8 }],
    ),
    mutatingBucket: bucket,
    addressCooldownMs: fc.constantFrom(0, 30_000),
    warmUpMs: fc.constantFrom(0, MINUTE_MS),
    joinOverMs: fc.constantFrom(0, 2 * MINUTE_MS),
    seed: fc.integer({ min: 0, max: 1_000 }),
  })
  .map(({ type, targets, usesPrefixes, mutatingBucket, ...rest }) => {
    const limits = limitsOf(type);
    if (limits === undefined) throw new Error(`no limits of ${type}`);
    const mode = usesPrefixes ? ({ assignmentMode: 'prefix', warmPrefixTarget: 1 } as const) : {};
    return {
      ...rest,
      limits,
      targets: { ...targets, ...mode },
      ec2: { mutatingBucket },
      sampleCount: 12,
    };
  });

/** Counts everything anew, address by address, and compares. */
function audit(simulation: Simulation, freeAtFirst: readonly number[]): void {
  const { nodes, counts, subnets } = simulation;
  const taken = subnets.map(() => 0);
  const fleet = { eniCount: 0, heldCount: 0, reservedCount: 0, coolingCount: 0 };
  for (const { pool, subnet } of nodes) {
    const statuses = pool.enis.flatMap(({ addresses }) => addresses.map(({ status }) => status));
    const count = (wanted: string) => statuses.filter((status) => status === wanted).length;
    const own = {
      eniCount: pool.enis.length,
      heldCount: statuses.length,
      reservedCount: count('reserved'),
      coolingCount: count('cooling'),
    };
    expect(pool.counts).toEqual(own);
    expect(pool.freeCount).toBe(count('free'));
    for (const eni of pool.enis) {
      for (const { addresses, free, ...block } of eni.blocks) {
        const inBlock = (wanted: string) =>
          addresses.filter(({ status }) => status === wanted).length;
        expect(block).toMatchObject({
          reservedCount: inBlock('reserved'),
          coolingCount: inBlock('cooling'),
          drainingCount: inBlock('draining'),
        });
        expect(new Set(free)).toEqual(new Set(addresses.filter(({ status }) => status === 'free')));
      }
    }
    const subnetIndex = subnets.indexOf(subnet);
    taken[subnetIndex] = (taken[subnetIndex] ?? 0) + statuses.length + pool.enis.length;
    fleet.eniCount += own.eniCount;
    fleet.heldCount += own.heldCount;
    fleet.reservedCount += own.reservedCount;
    fleet.coolingCount += own.coolingCount;
  }
  expect(counts).toEqual(fleet);
  for (const [index, { freeCount }] of subnets.entries()) {
    // What is being created has left the subnet and is not on a node yet.
    expect(freeCount + (taken[index] ?? 0)).toBeLessThanOrEqual(freeAtFirst[index] ?? 0);
  }
  const waiting = simulation.pods.filter(({ status }) =>
    ['adding', 'backing-off'].includes(status),
  );
  expect(simulation.waitingCount).toBe(waiting.length);
  const inUse = simulation.pods.filter(({ status }) => status === 'running');
  expect(new Set(inUse.map(({ address }) => address?.text)).size).toBe(inUse.length);
  expect(inUse.every(({ address }) => address?.status === 'reserved')).toBe(true);
  expect(fleet.reservedCount).toBe(inUse.length);
}

test('at every instant every address is accounted for, and no two pods have the same', () => {
  fc.assert(
    fc.property(traces, configs, (trace, config) => {
      const simulation = new Simulation(trace, config);
      const freeAtFirst = simulation.subnets.map(({ freeCount }) => freeCount);
      for (let events = 0; simulation.step(); events++) {
        // Every event would take minutes; a prime stride meets all kinds of moments.
        if (events % 7 === 0) audit(simulation, freeAtFirst);
      }
      audit(simulation, freeAtFirst);
    }),
    { numRuns: 150 },
  );
}, 120_000);

test('every pod is served, failed or unplaced, and a held address is used, cooling or idle', () => {
  fc.assert(
    fc.property(traces, configs, (trace, config) => {
      const { waits, pods, timeline } = simulate(trace, config);
      expect(pods).toHaveLength(trace.pods.length);
      expect(waits.servedCount + waits.failedCount + waits.unplacedCount).toBe(waits.podCount);
      expect(timeline).toHaveLength(12);
      for (const { waitMs } of pods) expect(waitMs).toBeGreaterThanOrEqual(0);
      for (const { heldCount, usedCount, coolingCount, idleCount } of timeline) {
        expect(idleCount).toBeGreaterThanOrEqual(-1e-9);
        expect(usedCount + coolingCount + idleCount).toBeCloseTo(heldCount, 6);
      }
    }),
    { numRuns: 200 },
  );
}, 120_000);

test('the same arguments give the same result', () => {
  fc.assert(
    fc.property(traces, configs, (trace, config) => {
      expect(simulate(trace, config)).toEqual(simulate(trace, config));
    }),
    { numRuns: 60 },
  );
}, 120_000);

test('upstream’s idle cycles may be skipped: running them all comes to the same', () => {
  fc.assert(
    fc.property(traces, configs, (trace, config) => {
      const upstream = { ...config, strategy: 'upstream' } as const;
      const [skipping, thorough] = [true, false].map((skipsIdleCycles) => {
        const simulation = new Simulation(
          trace,
          upstream,
          (node) => new UpstreamDaemon(node, { skipsIdleCycles }),
        );
        while (simulation.step());
        return comparable(resultOf(simulation));
      });
      expect(skipping).toEqual(thorough);
    }),
    { numRuns: 100 },
  );
}, 120_000);

/** Twelve times five seconds and a minute differ in the last digits of a fraction. */
const comparable = (result: object): unknown =>
  JSON.parse(
    JSON.stringify(result, (_, value) =>
      typeof value === 'number' ? Math.round(value * 100) / 100 : value,
    ),
  );
