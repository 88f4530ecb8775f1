import { type CallCount, EC2_CALLS, type Ec2Call } from './ec2.ts';
import type { Pod } from './node.ts';
import type { Simulation } from './simulation.ts';
import type { Averages, Sample } from './timeline.ts';

/** How a pod fared. */
export interface PodResult {
  /**
   * - `served`: it got an address;
   * - `failed`: it left, or the trace ended, while it waited on a node for one;
   * - `unplaced`: no node had room for it: max-pods, not addresses.
   */
  readonly outcome: 'served' | 'failed' | 'unplaced';
  /** From being given to a node to its address, or to the end of a wait in vain, in ms. */
  readonly waitMs: number;
  /** ADDs that failed before. */
  readonly addFailureCount: number;
}

/** How long the pods that came to a node waited for an address, those in vain included. */
export interface WaitFigures {
  readonly podCount: number;
  readonly servedCount: number;
  readonly failedCount: number;
  readonly unplacedCount: number;
  /** Pods that got no address at once. */
  readonly waitedCount: number;
  readonly meanMs: number;
  readonly p50Ms: number;
  readonly p90Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

/** What came of a simulation. */
export interface SimulationResult {
  readonly durationMs: number;
  readonly nodeCount: number;
  readonly maxPods: number;
  readonly waits: WaitFigures;
  /** ADDs that failed, so that the runtime had to try again. */
  readonly addFailureCount: number;
  /** Over the whole trace. */
  readonly averages: Averages;
  readonly peakHeldCount: number;
  readonly peakEniCount: number;
  /** Address-hours, over all nodes: addresses held × hours. */
  readonly heldAddressHours: number;
  readonly idleAddressHours: number;
  /** Since the first node joined: joining is work too. */
  readonly ec2: CallCount & {
    readonly byAction: Readonly<Record<Ec2Call, CallCount>>;
    /** Calls before the trace began. */
    readonly warmUpCallCount: number;
  };
  /** Stretches of equal length. */
  readonly timeline: readonly Sample[];
  /** In order of their start. */
  readonly pods: readonly PodResult[];
}

const HOUR_MS = 3_600_000;

export function resultOf(simulation: Simulation): SimulationResult {
  const { trace, config, timeline, ec2 } = simulation;
  const { durationMs } = trace;
  const pods = simulation.pods.map((pod) =>
    podResult(pod, trace.pods[pod.index]?.stopAtMs ?? durationMs, durationMs),
  );
  const samples = withMaxWaits(timeline.samples, simulation.pods, pods);
  const { averages } = timeline;
  const callCount = ec2.callCount;
  return {
    durationMs,
    nodeCount: config.nodeCount,
    maxPods: config.maxPods,
    waits: waitFigures(pods),
    addFailureCount: simulation.addFailureCount,
    averages,
    peakHeldCount: timeline.peakHeldCount,
    peakEniCount: timeline.peakEniCount,
    heldAddressHours: (averages.heldCount * durationMs) / HOUR_MS,
    idleAddressHours: (averages.idleCount * durationMs) / HOUR_MS,
    ec2: {
      callCount,
      throttledCount: ec2.throttledCount,
      byAction: Object.fromEntries(
        EC2_CALLS.map((action) => [action, { ...ec2.counts[action] }]),
      ) as Record<Ec2Call, CallCount>,
      warmUpCallCount: callCount - samples.reduce((sum, sample) => sum + sample.callCount, 0),
    },
    timeline: samples,
    pods,
  };
}

function podResult(pod: Pod, stopAtMs: number, endMs: number): PodResult {
  const { placedAtMs, servedAtMs, addFailureCount } = pod;
  if (placedAtMs === undefined) {
    return { outcome: 'unplaced', waitMs: 0, addFailureCount };
  }
  return servedAtMs === undefined
    ? { outcome: 'failed', waitMs: Math.min(stopAtMs, endMs) - placedAtMs, addFailureCount }
    : { outcome: 'served', waitMs: servedAtMs - placedAtMs, addFailureCount };
}

function waitFigures(pods: readonly PodResult[]): WaitFigures {
  const count = (wanted: PodResult['outcome']) =>
    pods.reduce((sum, { outcome }) => sum + (outcome === wanted ? 1 : 0), 0);
  const waits = Float64Array.from(
    pods.filter(({ outcome }) => outcome !== 'unplaced').map(({ waitMs }) => waitMs),
  ).sort();
  // The nearest rank: a wait that a pod really had.
  const percentile = (share: number) =>
    waits[Math.max(0, Math.ceil(share * waits.length) - 1)] ?? 0;
  return {
    podCount: pods.length,
    servedCount: count('served'),
    failedCount: count('failed'),
    unplacedCount: count('unplaced'),
    waitedCount: waits.reduce((sum, waitMs) => sum + (waitMs > 0 ? 1 : 0), 0),
    meanMs: waits.length === 0 ? 0 : waits.reduce((sum, waitMs) => sum + waitMs, 0) / waits.length,
    p50Ms: percentile(0.5),
    p90Ms: percentile(0.9),
    p99Ms: percentile(0.99),
    maxMs: percentile(1),
  };
}

/** A wait is known only when it ends, and belongs to the stretch in which it began. */
function withMaxWaits(
  samples: readonly Sample[],
  pods: readonly Pod[],
  results: readonly PodResult[],
): readonly Sample[] {
  const stretchMs = samples[1]?.atMs ?? Number.POSITIVE_INFINITY;
  const maxWaits = new Float64Array(samples.length);
  for (const { index, placedAtMs } of pods) {
    if (placedAtMs !== undefined) {
      const stretch = Math.min(samples.length - 1, Math.floor(placedAtMs / stretchMs));
      maxWaits[stretch] = Math.max(maxWaits[stretch] ?? 0, results[index]?.waitMs ?? 0);
    }
  }
  return samples.map((sample, index) => ({ ...sample, maxWaitMs: maxWaits[index] ?? 0 }));
}
