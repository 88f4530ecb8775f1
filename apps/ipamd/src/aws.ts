import {
  type AllocatorEvent,
  ASSUMED_LIMITS,
  type AwsEc2Options,
  createAwsEc2,
  createCallBudget,
  createEniAllocator,
  defaultCallBudget,
  defaultRetryPolicy,
  discoverSubnets,
  EC2_ACTIONS,
  type Ec2NetworkPort,
  type EniAllocator,
  fixedSubnets,
  lookUpLimits,
  type SubnetDiscovery,
  type SubnetSource,
  withCallBudget,
  withCallObserver,
  withDeadline,
  withRetry,
} from '@vpc-cni/eni-allocator';
import {
  createImds,
  type EniFacts,
  type Imds,
  type ImdsOptions,
  type InstanceFacts,
} from '@vpc-cni/imds';
import type { PlanLimits } from '@vpc-cni/warm-pool';
import { limitsOf } from '@vpc-cni/warm-pool/limits';
import type { Cluster } from './cluster/cluster.ts';
import { eniConfigSubnets } from './cluster/eni-config-subnets.ts';
import { createTeller, missingPermission } from './cluster/tell-people.ts';
import type { Context } from './context.ts';
import { withheldEc2 } from './imds-only/withheld-ec2.ts';
import { nameIfSlow } from './name-if-slow.ts';
import { version } from './version.ts';

/** What the daemon knows of its instance, and how it reaches AWS. */
export interface AwsAccess {
  readonly imds: Imds;
  readonly instance: InstanceFacts;
  readonly primarySubnet: PrimarySubnet;
  /** What the instance can carry, as far as is known now. */
  readonly limits: () => PlanLimits;
  readonly allocator: EniAllocator;
  /** Whether the operator has taken the subnet away from pods. */
  readonly isExcluded: SubnetDiscovery['isExcluded'];
}

/** The subnet of the primary ENI. */
export type PrimarySubnet = Pick<EniFacts, 'subnetId' | 'subnetCidr' | 'subnetIpv6Cidr'>;

/** Ways to AWS other than the usual ones, for tests. */
export interface AwsWays {
  readonly imds?: Pick<ImdsOptions, 'transport' | 'clock'>;
  readonly ec2?: Pick<AwsEc2Options, 'requestHandler' | 'credentials'>;
}

/** The SDK's time limits count silence; an answer that trickles is ended after this many of them. */
const DEADLINE_IN_TIMEOUTS = 3;

/**
 * Connects to instance metadata and EC2. Returns once metadata has answered, and EC2 if it had to be
 * asked about the instance type.
 */
export async function connectToAws(
  context: Context,
  cluster: Cluster | undefined,
  ways: AwsWays = {},
): Promise<AwsAccess> {
  const { config, log, clock, phases, signal } = context;
  const imds = createImds({
    endpoint: config.imdsEndpoint,
    timeoutMs: config.httpTimeoutMs,
    retries: 0,
    ...ways.imds,
  });
  const { instance, primarySubnet } = await phases.run(
    'reading instance metadata (IMDS)',
    async () => {
      const instance = await imds.readInstance({ signal });
      return { instance, primarySubnet: await readPrimarySubnet(imds, signal) };
    },
  );
  const ec2 = connectToEc2(context, { instance, cluster, ways });
  const onEvent = (event: AllocatorEvent) => logEvent(log, event);
  // The built-in table spares a call and a permission; EC2 knows types that are newer.
  const known =
    limitsOf(instance.instanceType) ??
    (config.enis.imdsOnly ? limitsWithoutEc2(instance, log) : undefined);
  const assumed: PlanLimits =
    known ??
    (await phases.run('asking EC2 what the instance type can carry', () =>
      lookUpLimits({
        instanceType: instance.instanceType,
        table: () => undefined,
        ec2,
        onEvent,
        signal,
      }),
    ));

  const { subnetId, subnetCidr: cidr, subnetIpv6Cidr: ipv6Cidr } = primarySubnet;
  const primary = { subnetId, cidr, ...(ipv6Cidr === undefined ? {} : { ipv6Cidr }) };
  const custom: SubnetSource | undefined =
    cluster !== undefined && config.cluster.customNetworking
      ? eniConfigSubnets({ ...instance, context, cluster, ec2 })
      : undefined;
  const discovery =
    custom === undefined && config.enis.discoversSubnets && !config.enis.imdsOnly
      ? discoverSubnets({
          ...instance,
          ec2,
          clock,
          primary,
          clusterName: config.clusterName,
          onEvent,
        })
      : undefined;
  const allocator = createEniAllocator({
    ec2,
    clock,
    onEvent,
    instanceId: instance.instanceId,
    // Only the table can be wrong: EC2 has been asked about any other type.
    instanceType: known === undefined ? undefined : instance.instanceType,
    vpcId: instance.vpcId,
    clusterName: config.clusterName,
    additionalTags: config.enis.additionalTags,
    subnets: custom ?? discovery ?? fixedSubnets([primary]),
    limits: assumed,
  });
  return {
    imds,
    instance,
    primarySubnet,
    allocator,
    limits: () => ({ ...assumed, ...allocator.limits() }),
    isExcluded: discovery === undefined ? async () => false : discovery.isExcluded,
  };
}

/** EC2 with a deadline for each call, counted, within a budget, and with few retries. */
function connectToEc2(
  context: Context,
  {
    instance: { region },
    cluster,
    ways,
  }: {
    readonly instance: InstanceFacts;
    readonly cluster: Cluster | undefined;
    readonly ways: AwsWays;
  },
): Ec2NetworkPort {
  const tellPeople = cluster === undefined ? () => {} : createTeller(context, cluster);
  const { config, clock, metrics } = context;
  const { httpTimeoutMs, ec2Endpoint: endpoint } = config;
  // Who audits EC2 calls finds those of VPC CNIs by this name.
  const product = { name: 'amazon-vpc-cni-k8s', version: config.productVersion || version };
  const aws = createAwsEc2({ region, timeoutMs: httpTimeoutMs, endpoint, product, ...ways.ec2 });
  if (config.enis.imdsOnly) return withheldEc2(aws);
  const bounded = withDeadline(aws, DEADLINE_IN_TIMEOUTS * httpTimeoutMs, clock);
  const observed = withCallObserver(bounded, (operation) => {
    metrics.ec2Requests.inc({ fn: EC2_ACTIONS[operation] });
    const answered = nameIfSlow(`ec2:${EC2_ACTIONS[operation]}`, context);
    return (outcome) => {
      answered();
      if (outcome.kind !== 'failed') return;
      metrics.ec2Errors.inc({ fn: EC2_ACTIONS[operation] });
      if (outcome.code === 'not-permitted') tellPeople(missingPermission(EC2_ACTIONS[operation]));
    };
  });
  const budget = createCallBudget(defaultCallBudget, clock);
  metrics.watchBudget(budget);
  return withRetry(
    withCallBudget(observed, budget),
    // Few tries: the pool controller knows better than a single call what to try again, and when.
    { ...defaultRetryPolicy, attempts: 3 },
    clock,
  );
}

/** Nothing is created by these figures: they are for metrics, and for the sentence that refuses a pod. */
function limitsWithoutEc2({ instanceType }: InstanceFacts, log: Context['log']): PlanLimits {
  log.warn(
    { reason: 'instance-type-unknown', instanceType, limits: ASSUMED_LIMITS },
    `this release does not know what ${instanceType} can carry, and ENABLE_IMDS_ONLY_MODE keeps it from asking EC2: awscni_eni_max and awscni_ip_max are guessed; use a release that knows the type, or allow ec2:DescribeInstanceTypes and use DISABLE_NETWORK_RESOURCE_PROVISIONING instead`,
  );
  return ASSUMED_LIMITS;
}

function logEvent(log: Context['log'], event: AllocatorEvent): void {
  switch (event.kind) {
    case 'eni-leaked':
      log.warn(
        { eniId: event.eniId, err: event.error },
        'an ENI could not be deleted, trying again later',
      );
      break;
    case 'degraded':
      log.warn(
        { feature: event.feature, action: `ec2:${event.action}`, err: event.error },
        event.consequence,
      );
      break;
    case 'limits-learned':
      log.warn(
        { finding: event.finding, limits: event.limits },
        'the instance carries something else',
      );
      break;
    case 'restored':
      log.info({ feature: event.feature }, 'EC2 allows again what it did not');
      break;
  }
}

async function readPrimarySubnet(imds: Imds, signal: AbortSignal): Promise<PrimarySubnet> {
  const primary = (await imds.readEnis({ signal })).find((eni) => eni.isPrimary);
  if (primary === undefined) throw new Error('instance metadata lists no primary ENI');
  return primary;
}
