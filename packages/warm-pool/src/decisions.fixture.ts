import type { MaxPodsLimits } from './max-pods.ts';
import type { PoolEni, PoolPrefix } from './pool-state.ts';
import type { UpstreamState } from './upstream/plan-upstream.ts';
import type { WarmTargets } from './warm-targets.ts';

/** Material for the tests of both strategies. */
export const NOW_MS = 1_700_000_000_000;

export interface EniFigures {
  readonly id: number;
  readonly reserved?: number;
  readonly free?: number;
  readonly cooling?: number;
  readonly draining?: number;
  /** Pods of each prefix. */
  readonly prefixPods?: readonly number[];
  readonly rest?: Partial<PoolEni>;
}

/** ENI 1 is the primary one. All are an hour old. */
export function eni(figures: EniFigures): PoolEni {
  const {
    id,
    reserved = 0,
    free = 0,
    cooling = 0,
    draining = 0,
    prefixPods = [],
    rest = {},
  } = figures;
  const addresses = (count: number, third: string) =>
    Array.from({ length: count }, (_, index) => `10.${id}.${third}.${index}`);
  return {
    eniId: `eni-${id}`,
    isPrimary: id === 1,
    totalCount: reserved + free + cooling + draining,
    reservedCount: reserved,
    coolingCount: cooling,
    drainingCount: draining,
    attachedAtMs: NOW_MS - 3_600_000,
    freeAddresses: addresses(free, '0'),
    coolingAddresses: addresses(cooling, '1'),
    prefixes: prefixPods.map(
      (reservedCount, index): PoolPrefix => ({
        prefix: `10.${id}.2.${index * 16}/28`,
        reservedCount,
        coolingCount: 0,
      }),
    ),
    ...rest,
  };
}

export const stateOf = (
  enis: readonly PoolEni[],
  rest: Partial<UpstreamState> = {},
): UpstreamState => ({ enis, waitingCount: 0, inFlight: [], maxPods: 500, ...rest });

export const targetsOf = (WE: number, W = 0, M = 0): WarmTargets => ({
  warmEniTarget: WE,
  warmIpTarget: W,
  minimumIpTarget: M,
});

export const prefixTargets = (WP: number, W = 0, M = 0): WarmTargets => ({
  ...targetsOf(1, W, M),
  assignmentMode: 'prefix',
  warmPrefixTarget: WP,
});

export const limitsOf = (slotsPerEni: number, maxEnis = 15): MaxPodsLimits => ({
  maxEnis,
  addressesPerEni: slotsPerEni + 1,
});
