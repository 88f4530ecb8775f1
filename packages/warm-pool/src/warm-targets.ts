/**
 * What an operator wants held ahead of demand.
 *
 * The two address targets take precedence: as soon as either is set, `warmEniTarget` is not
 * consulted, nor is `warmPrefixTarget`, as in the reference implementation.
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
  /**
   * `ENABLE_PREFIX_DELEGATION`: `prefix` when true, where the instance type can have prefixes. Then
   * `warmEniTarget` is not consulted. Default `address`.
   */
  readonly assignmentMode?: 'address' | 'prefix';
  /** `ENABLE_IPv6`: prefixes of /80, one for each ENI, and no warm pool. Default `ipv4`. */
  readonly addressFamily?: 'ipv4' | 'ipv6';
  /** `AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG`: the primary ENI serves no pods. Default false. */
  readonly customNetworking?: boolean;
  /** `AWS_MANAGE_ENIS_NON_SCHEDULABLE`: look after the ENIs of a cordoned node too. Default false. */
  readonly managesNonSchedulable?: boolean;
  /** `ENABLE_POD_ENI`: keep a slot for the trunk ENI until there is one. Default false. */
  readonly securityGroupsForPods?: boolean;
  /**
   * `ENABLE_SUBNET_DISCOVERY`: after a full subnet, {@link planUpstream} tries the next ENI; what
   * {@link plan} knows of subnets is in the state. Default true.
   */
  readonly subnetDiscovery?: boolean;
}

const DEFAULT_WARM_ENI_TARGET = 1;

/** True when either address target is set, so that the node follows them and not whole ENIs. */
export const hasIpTargets = (targets: WarmTargets): boolean =>
  targets.warmIpTarget !== 0 || targets.minimumIpTarget !== 0;

/** A whole number from 0, or what stands for it: for NaN, infinities and values below 0. */
export const wholeOr = (standIn: number, value: number): number =>
  Number.isFinite(value) && value >= 0 ? Math.floor(value) : standIn;

/** Targets with the values of {@link parseWarmTargets} where they are no usable number. */
export function usableTargets({ maxEnis, ...targets }: WarmTargets): WarmTargets {
  const eniCap = wholeOr(0, maxEnis ?? 0);
  return {
    ...targets,
    warmEniTarget: wholeOr(DEFAULT_WARM_ENI_TARGET, targets.warmEniTarget),
    warmIpTarget: wholeOr(0, targets.warmIpTarget),
    minimumIpTarget: wholeOr(0, targets.minimumIpTarget),
    warmPrefixTarget: wholeOr(0, targets.warmPrefixTarget ?? 0),
    ...(eniCap >= 1 ? { maxEnis: eniCap } : {}),
  };
}

/** The variables of the pool that are not targets. */
function parseOptions(environment: Environment): Partial<WarmTargets> {
  const warmPrefixTarget = parseCount(environment['WARM_PREFIX_TARGET']) ?? 0;
  const isOn = (variable: string) => parseBoolean(environment[variable]) === true;
  return {
    ...(warmPrefixTarget > 0 ? { warmPrefixTarget } : {}),
    ...(isOn('ENABLE_PREFIX_DELEGATION') ? { assignmentMode: 'prefix' } : {}),
    ...(isOn('ENABLE_IPv6') ? { addressFamily: 'ipv6' } : {}),
    ...(isOn('AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG') ? { customNetworking: true } : {}),
    ...(isOn('AWS_MANAGE_ENIS_NON_SCHEDULABLE') ? { managesNonSchedulable: true } : {}),
    ...(isOn('ENABLE_POD_ENI') ? { securityGroupsForPods: true } : {}),
    ...(parseBoolean(environment['ENABLE_SUBNET_DISCOVERY']) === false
      ? { subnetDiscovery: false }
      : {}),
  };
}

type Environment = Readonly<Record<string, string | undefined>>;

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
