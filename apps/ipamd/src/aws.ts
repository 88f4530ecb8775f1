import {
  type AllocatorEvent,
  createAwsEc2,
  createCallBudget,
  createEniAllocator,
  defaultCallBudget,
  defaultRetryPolicy,
  EC2_ACTIONS,
  type EniAllocator,
  withCallBudget,
  withCallObserver,
  withDeadline,
  withRetry,
} from '@vpc-cni/eni-allocator';
import { createImds, type EniFacts, type Imds, type InstanceFacts } from '@vpc-cni/imds';
import type { PlanLimits } from '@vpc-cni/warm-pool';
import { limitsOf } from '@vpc-cni/warm-pool/limits';
import type { Context } from './context.ts';

/** What the daemon knows of its instance, and how it reaches AWS. */
export interface AwsAccess {
  readonly imds: Imds;
  readonly instance: InstanceFacts;
  readonly primarySubnetCidr: EniFacts['subnetCidr'];
  readonly limits: PlanLimits;
  readonly allocator: EniAllocator;
}

/** The SDK's time limits count silence; an answer that trickles is ended after this many of them. */
const DEADLINE_IN_TIMEOUTS = 3;

/**
 * Connects to instance metadata and EC2. Returns once metadata has answered, and EC2 if it had to be
 * asked about the instance type.
 */
export async function connectToAws({
  config,
  log,
  clock,
  metrics,
  phases,
  signal,
}: Context): Promise<AwsAccess> {
  const imds = createImds({ timeoutMs: config.httpTimeoutMs, retries: 0 });
  const { instance, primarySubnetCidr } = await phases.run(
    'reading instance metadata (IMDS)',
    async () => {
      const instance = await imds.readInstance({ signal });
      return { instance, primarySubnetCidr: await readPrimarySubnetCidr(imds, signal) };
    },
  );

  const aws = createAwsEc2({
    region: instance.region,
    timeoutMs: config.httpTimeoutMs,
    ...(config.ec2Endpoint === undefined ? {} : { endpoint: config.ec2Endpoint }),
  });
  const bounded = withDeadline(aws, DEADLINE_IN_TIMEOUTS * config.httpTimeoutMs, clock);
  const observed = withCallObserver(bounded, (operation) => {
    metrics.ec2Requests.inc({ fn: EC2_ACTIONS[operation] });
    return ({ kind }) => {
      if (kind === 'failed') metrics.ec2Errors.inc({ fn: EC2_ACTIONS[operation] });
    };
  });
  const ec2 = withRetry(
    withCallBudget(observed, createCallBudget(defaultCallBudget, clock)),
    // Few tries: the pool controller knows better than a single call what to try again, and when.
    { ...defaultRetryPolicy, attempts: 3 },
    clock,
  );
  // The built-in table spares a call and a permission; EC2 knows types that are newer.
  const limits =
    limitsOf(instance.instanceType) ??
    (await phases.run('asking EC2 what the instance type can carry', () =>
      ec2.describeInstanceLimits(instance.instanceType, { signal }),
    ));
  const allocator = createEniAllocator({
    ec2,
    clock,
    instanceId: instance.instanceId,
    onEvent: (event) => logEvent(log, event),
    ...(config.clusterName === '' ? {} : { clusterName: config.clusterName }),
  });
  return { imds, instance, primarySubnetCidr, limits, allocator };
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

async function readPrimarySubnetCidr(
  imds: Imds,
  signal: AbortSignal,
): Promise<EniFacts['subnetCidr']> {
  const primary = (await imds.readEnis({ signal })).find((eni) => eni.isPrimary);
  if (primary === undefined) throw new Error('instance metadata lists no primary ENI');
  return primary.subnetCidr;
}
