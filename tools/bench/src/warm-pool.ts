// How fast the warm pool's arithmetic is: one plan, one node's day, an hour of a large fleet.
import { type PoolState, plan } from '@vpc-cni/warm-pool';
import { limitsOf } from '@vpc-cni/warm-pool/limits';
import {
  burst,
  churn,
  mergeTraces,
  type SimulationConfig,
  simulate,
} from '@vpc-cni/warm-pool/simulator';
import { median, rounded } from './statistics.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const FLEET_SIZES = [1_250, 2_500, 5_000] as const;

const limits = { maxEnis: 15, addressesPerEni: 51 };
const targets = { warmEniTarget: 0, warmIpTarget: 5, minimumIpTarget: 10 };

function knownLimits(type: string) {
  const known = limitsOf(type);
  if (known === undefined) throw new Error(`the built-in table has no ${type}`);
  return known;
}

const elapsedMs = (work: () => void): number => {
  const startMs = performance.now();
  work();
  return performance.now() - startMs;
};

/** 15 ENIs of 50 addresses, most of them in use; `missing` free ones short of the target. */
function fullNode(missing: number): PoolState {
  return {
    enis: Array.from({ length: 15 }, (_, index) => ({
      eniId: `eni-${index}`,
      isPrimary: index === 0,
      totalCount: index === 14 ? 30 - missing : 50,
      reservedCount: index === 14 ? 23 : 48,
      coolingCount: index === 14 ? 2 : 1,
      drainingCount: 0,
      attachedAtMs: index,
      freeAddresses:
        index === 14
          ? Array.from({ length: 5 - missing }, (_, address) => `10.0.14.${address}`)
          : [`10.0.${index}.50`],
    })),
    waitingCount: 0,
    inFlight: [],
    maxPods: 737,
  };
}

/** Median over blocks of calls: one call is too short for the clock. */
function planMicroseconds(): number {
  const states = [fullNode(0), fullNode(3)];
  const block = () => {
    for (const state of states) plan(state, targets, limits, 1_000_000);
  };
  for (let turn = 0; turn < 20_000; turn++) block();
  const times = Array.from({ length: 400 }, () => {
    const ms = elapsedMs(() => {
      for (let turn = 0; turn < 50; turn++) block();
    });
    return (ms * 1000) / (50 * states.length);
  });
  return median(times);
}

/** 10,000 pods' ADDs and DELs within a day, by the slower of the two strategies. */
function nodeDaySeconds(): number {
  const podCount = 150;
  const trace = churn({ durationMs: DAY_MS, podCount, lifetimeMs: (DAY_MS * podCount) / 5_000 });
  const times = (['default', 'upstream'] as const).map((strategy) => {
    const run = () => simulate(trace, { strategy, limits: knownLimits('m5.4xlarge'), targets });
    run();
    return median(Array.from({ length: 5 }, () => elapsedMs(run)));
  });
  return Math.max(...times) / 1000;
}

/** Nodes join within ten minutes; half-way through the hour everybody scales out, all at once. */
function fleetSeconds(nodeCount: number): number {
  const trace = mergeTraces([
    burst({ durationMs: HOUR_MS, podCount: 7 * nodeCount, overMs: HOUR_MS / 6 }),
    burst({ durationMs: HOUR_MS, podCount: 15 * nodeCount, atMs: HOUR_MS / 2, overMs: 30_000 }),
    // And pods come and go as they do: on each node one in five minutes.
    churn({ durationMs: HOUR_MS, podCount: nodeCount, lifetimeMs: 300_000 }),
  ]);
  const config: SimulationConfig = {
    strategy: 'default',
    limits: knownLimits('m5.large'),
    targets,
    nodeCount,
    warmUpMs: 0,
    joinOverMs: HOUR_MS / 6,
    subnets: [{ prefixLength: 16 }, { prefixLength: 16 }, { prefixLength: 16 }],
    // Quotas that an account of this size has asked for; with fixed ones, the larger the fleet the
    // more calls each node would have to repeat, and the work would not be that of more nodes only.
    ec2: { mutatingBucket: { burst: nodeCount / 50, perSecond: nodeCount / 100 } },
  };
  return elapsedMs(() => simulate(trace, config)) / 1000;
}

/** The exponent of growth between the smallest and the largest fleet: 1 is linear. */
function slope(times: readonly number[]): number {
  const [first = 1] = times;
  const last = times.at(-1) ?? 1;
  return Math.log(last / first) / Math.log(FLEET_SIZES[2] / FLEET_SIZES[0]);
}

const planUs = planMicroseconds();
const nodeDayS = nodeDaySeconds();
const fleetS = FLEET_SIZES.map(fleetSeconds);
const figures = {
  plan_p50_us: rounded(planUs),
  node_day_s: rounded(nodeDayS),
  fleet5000_s: rounded(fleetS.at(-1) ?? 0),
  fleet_slope: rounded(slope(fleetS)),
};

if (process.argv.includes('--json')) {
  console.log(JSON.stringify({ bench: 'warm-pool', figures }));
} else {
  console.log(`plan, 15 ENIs × 50 addresses       ${planUs.toFixed(2).padStart(8)} µs, median`);
  console.log(`one node, 24 h, 10,000 pod events  ${nodeDayS.toFixed(2).padStart(8)} s`);
  for (const [index, seconds] of fleetS.entries()) {
    const name = `${FLEET_SIZES[index]} nodes, 1 h, mass scale-out`;
    console.log(`${name.padEnd(35)}${seconds.toFixed(2).padStart(8)} s`);
  }
  console.log(
    `growth with the number of nodes    ${figures.fleet_slope.toFixed(2).padStart(8)}   (1 is linear)`,
  );
}
