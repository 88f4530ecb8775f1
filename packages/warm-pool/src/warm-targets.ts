/**
 * What an operator wants held ahead of demand.
 *
 * The two address targets take precedence: as soon as either is set, `warmEniTarget` is not
 * consulted, as in the reference implementation. What comes after `maxEnis` is followed by
 * {@link planUpstream} only.
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
  /** `WARM_PREFIX_TARGET`: keep this many /28 wholly free. Needs `prefix` mode. Default 0. */
  readonly warmPrefixTarget?: number;
  /** `ENABLE_PREFIX_DELEGATION`: `prefix` when true. Default `address`. */
  readonly assignmentMode?: 'address' | 'prefix';
  /** `AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG`: the primary ENI is not grown. Default false. */
  readonly customNetworking?: boolean;
  /** `AWS_MANAGE_ENIS_NON_SCHEDULABLE`: look after the ENIs of a cordoned node too. Default false. */
  readonly managesNonSchedulable?: boolean;
  /** `ENABLE_POD_ENI`: keep a slot for the trunk ENI until there is one. Default false. */
  readonly securityGroupsForPods?: boolean;
  /** `ENABLE_SUBNET_DISCOVERY`: after a full subnet, try the next ENI. Default true. */
  readonly subnetDiscovery?: boolean;
}

/** True when either address target is set, so that the node follows them and not whole ENIs. */
export const hasIpTargets = (targets: WarmTargets): boolean =>
  targets.warmIpTarget !== 0 || targets.minimumIpTarget !== 0;

/** The variables of the pool that are followed by {@link planUpstream} only. */
function parseOptions(environment: Environment): Partial<WarmTargets> {
  const warmPrefixTarget = parseCount(environment['WARM_PREFIX_TARGET']) ?? 0;
  const isOn = (variable: string) => parseBoolean(environment[variable]) === true;
  return {
    ...(warmPrefixTarget > 0 ? { warmPrefixTarget } : {}),
    ...(isOn('ENABLE_PREFIX_DELEGATION') ? { assignmentMode: 'prefix' } : {}),
    ...(isOn('AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG') ? { customNetworking: true } : {}),
    ...(isOn('AWS_MANAGE_ENIS_NON_SCHEDULABLE') ? { managesNonSchedulable: true } : {}),
    ...(isOn('ENABLE_POD_ENI') ? { securityGroupsForPods: true } : {}),
    ...(parseBoolean(environment['ENABLE_SUBNET_DISCOVERY']) === false
      ? { subnetDiscovery: false }
      : {}),
  };
}

type Environment = Readonly<Record<string, string | undefined>>;

const DEFAULT_WARM_ENI_TARGET = 1;

/**
 * Reads the warm targets from an environment the way the reference implementation does: unset,
 * unreadable and negative values are the default (1 for `WARM_ENI_TARGET`, "not set" for the rest),
 * never an error. A number is an optional sign and decimal digits, nothing else; a boolean is one of
 * `1 t T TRUE true True 0 f F FALSE false False`. Options at their default are left out.
 *
 * @param environment for instance `process.env`.
 */
export function parseWarmTargets(environment: Environment): WarmTargets {
  const maxEnis = parseCount(environment['MAX_ENI']) ?? 0;
  return {
    warmEniTarget: parseCount(environment['WARM_ENI_TARGET']) ?? DEFAULT_WARM_ENI_TARGET,
    warmIpTarget: parseCount(environment['WARM_IP_TARGET']) ?? 0,
    minimumIpTarget: parseCount(environment['MINIMUM_IP_TARGET']) ?? 0,
    ...(maxEnis >= 1 ? { maxEnis } : {}),
    ...parseOptions(environment),
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

const BOOLEANS: ReadonlyMap<string, boolean> = new Map([
  ...['1', 't', 'T', 'TRUE', 'true', 'True'].map((text) => [text, true] as const),
  ...['0', 'f', 'F', 'FALSE', 'false', 'False'].map((text) => [text, false] as const),
]);

const parseBoolean = (text: string | undefined): boolean | undefined => BOOLEANS.get(text ?? '');
