import type { WarmTargets } from '../warm-targets.ts';
import { completeConfig, modeOf, type SimulationConfig } from './config.ts';
import type { SimulationResult } from './result.ts';
import { type SimulateOptions, simulate } from './simulate.ts';
import type { Trace } from './trace.ts';

/** What makes one setting better than another, among those that let no pod wait too long. */
export interface Objective {
  readonly fewest: 'idle-addresses' | 'ec2-calls';
  /** Longest wait that 99 of 100 pods may have, in ms. */
  readonly maxP99WaitMs: number;
}

/** Targets that were tried. */
export interface Candidate {
  readonly targets: WarmTargets;
  readonly result: SimulationResult;
  /** No pod was left without an address, and the waits are within the objective. */
  readonly isAcceptable: boolean;
}

const WARM_ENI_TARGETS = [0, 1, 2];
const WARM_PREFIX_TARGETS = [1, 2];
const WARM_IP_TARGETS = [1, 2, 3, 5, 8, 12, 18, 27, 40];

/**
 * Tries targets on a trace, and puts the best first: those within the objective, by what it wants
 * fewest of, and then those beyond it, by their waits.
 *
 * A plain search: each kind of target alone, and `WARM_IP_TARGET` with a `MINIMUM_IP_TARGET` for the
 * average and the greatest number of pods. Whatever else `config.targets` says stays.
 *
 * @throws {WarmPoolError} as {@link simulate} does.
 */
export function recommend(
  trace: Trace,
  config: SimulationConfig,
  objective: Objective,
  { onProgress }: SimulateOptions = {},
): readonly Candidate[] {
  const candidates = candidateTargets(trace, config);
  const tried = candidates.map((targets, index): Candidate => {
    const result = simulate(
      trace,
      { ...config, targets },
      { onProgress: (share) => onProgress?.((index + share) / candidates.length) },
    );
    const { failedCount, p99Ms } = result.waits;
    return { targets, result, isAcceptable: failedCount === 0 && p99Ms <= objective.maxP99WaitMs };
  });
  return tried.sort((a, b) => compare(a, b, objective));
}

function compare(a: Candidate, b: Candidate, { fewest }: Objective): number {
  if (a.isAcceptable !== b.isAcceptable) {
    return a.isAcceptable ? -1 : 1;
  }
  const idle = ({ result }: Candidate) => result.idleAddressHours;
  const calls = ({ result }: Candidate) => result.ec2.callCount;
  const waits = ({ result }: Candidate) => result.waits;
  const byCost =
    fewest === 'idle-addresses'
      ? idle(a) - idle(b) || calls(a) - calls(b)
      : calls(a) - calls(b) || idle(a) - idle(b);
  return a.isAcceptable
    ? byCost
    : waits(a).failedCount - waits(b).failedCount || waits(a).p99Ms - waits(b).p99Ms || byCost;
}

function candidateTargets(trace: Trace, config: SimulationConfig): readonly WarmTargets[] {
  const { maxPods, nodeCount } = completeConfig(config);
  const unset = { ...config.targets, warmIpTarget: 0, minimumIpTarget: 0 };
  const wholes: readonly WarmTargets[] =
    modeOf(config) === 'prefix'
      ? WARM_PREFIX_TARGETS.map((warmPrefixTarget) => ({ ...unset, warmPrefixTarget }))
      : WARM_ENI_TARGETS.map((warmEniTarget) => ({ ...unset, warmEniTarget }));
  const { average, peak } = podCounts(trace);
  const perNode = (count: number) => Math.min(maxPods, Math.ceil(count / nodeCount));
  const minimums = [...new Set([0, perNode(average), perNode(peak)])];
  const addresses = minimums.flatMap((minimumIpTarget) =>
    WARM_IP_TARGETS.filter((warmIpTarget) => warmIpTarget < maxPods).map((warmIpTarget) => ({
      ...unset,
      warmIpTarget,
      minimumIpTarget,
    })),
  );
  return [...wholes, ...addresses];
}

/** How many pods there are at once. */
function podCounts({ pods, durationMs }: Trace): {
  readonly average: number;
  readonly peak: number;
} {
  const changes = pods.flatMap(({ startAtMs, stopAtMs }) => [
    { atMs: startAtMs, by: 1 },
    ...(stopAtMs === undefined ? [] : [{ atMs: stopAtMs, by: -1 }]),
  ]);
  changes.sort((a, b) => a.atMs - b.atMs || a.by - b.by);
  let count = 0;
  let peak = 0;
  let podMs = 0;
  let seenAtMs = 0;
  for (const { atMs, by } of changes) {
    const nowMs = Math.min(atMs, durationMs);
    podMs += count * (nowMs - seenAtMs);
    seenAtMs = nowMs;
    count += by;
    peak = Math.max(peak, count);
  }
  podMs += count * (durationMs - seenAtMs);
  return { average: durationMs === 0 ? 0 : podMs / durationMs, peak };
}
