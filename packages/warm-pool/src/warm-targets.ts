/**
 * What an operator wants held ahead of demand.
 *
 * The two address targets take precedence: as soon as either is set, `warmEniTarget` is not
 * consulted, as in the reference implementation.
 */
export interface WarmTargets {
  /** `WARM_ENI_TARGET`: keep this many ENIs' worth of addresses free. 0 = grow only when none is free. */
  readonly warmEniTarget: number;
  /** `WARM_IP_TARGET`: keep this many addresses free. 0 = not set. */
  readonly warmIpTarget: number;
  /** `MINIMUM_IP_TARGET`: never hold fewer addresses in total. 0 = not set. */
  readonly minimumIpTarget: number;
  /** `MAX_ENI`: cap on ENIs, below the instance's own limit. Left out = the instance's limit. */
  readonly maxEnis?: number;
}

/** True when either address target is set, so that the node follows them and not whole ENIs. */
export const hasIpTargets = (targets: WarmTargets): boolean =>
  targets.warmIpTarget !== 0 || targets.minimumIpTarget !== 0;

const DEFAULT_WARM_ENI_TARGET = 1;

/**
 * Reads the warm targets from an environment the way the reference implementation does: unset,
 * unreadable and negative values are the default (1 for `WARM_ENI_TARGET`, "not set" for the rest),
 * never an error. A number is an optional sign and decimal digits, nothing else.
 *
 * @param environment for instance `process.env`.
 */
export function parseWarmTargets(
  environment: Readonly<Record<string, string | undefined>>,
): WarmTargets {
  const maxEnis = parseCount(environment['MAX_ENI']) ?? 0;
  return {
    warmEniTarget: parseCount(environment['WARM_ENI_TARGET']) ?? DEFAULT_WARM_ENI_TARGET,
    warmIpTarget: parseCount(environment['WARM_IP_TARGET']) ?? 0,
    minimumIpTarget: parseCount(environment['MINIMUM_IP_TARGET']) ?? 0,
    ...(maxEnis >= 1 ? { maxEnis } : {}),
  };
}

const LARGEST_INT64 = 2n ** 63n - 1n;

function parseCount(text: string | undefined): number | undefined {
  if (text === undefined || !/^[+-]?[0-9]+$/.test(text)) {
    return undefined;
  }
  const value = BigInt(text);
  if (value < 0n || value > LARGEST_INT64) {
    return undefined;
  }
  return Math.min(Number(value), Number.MAX_SAFE_INTEGER);
}
