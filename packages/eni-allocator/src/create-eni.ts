import type { AllocateEniRequest } from './allocate-eni.ts';
import type { AllocatorContext } from './allocator-context.ts';
import {
  chooseSubnet,
  concerns,
  type RestingSubnet,
  recordTrouble,
  type SubnetCandidate,
  type SubnetNeed,
  type SubnetTrouble,
} from './choose-subnet.ts';
import { EniAllocatorError, elaborate, isEniAllocatorError } from './eni-allocator-error.ts';
import { ENI_DESCRIPTION_PREFIX, tagsOfNewEni } from './eni-tags.ts';
import type { CallOptions, EniTruth } from './ports.ts';

/** An ENI, and the subnet it was created in. */
export interface CreatedEni {
  readonly eni: EniTruth;
  readonly subnet: SubnetCandidate;
}

/**
 * Creates the ENI: in the request's subnet, or else in the best of those that the source offers, and
 * when that one refuses, in the next.
 *
 * What has nothing to do with the subnet is thrown at once. When no subnet is left, EC2's last answer
 * is; `no-free-prefix` before others, because it leaves the caller something to do.
 */
export async function createEni(
  context: AllocatorContext,
  request: AllocateEniRequest,
  options: CallOptions,
): Promise<CreatedEni> {
  const { subnets, subnetRecords, clock } = context;
  if (request.subnetId !== undefined) {
    const subnet = { subnetId: request.subnetId };
    const clientToken = tokenFor(context, request, 1);
    return { eni: await createIn(context, { subnet, clientToken }, request, options), subnet };
  }
  const need = needOf(request);
  const candidates = (await subnets?.candidates(options)) ?? [];
  let refusal: EniAllocatorError | undefined;
  for (let attempt = 1; ; attempt += 1) {
    const choice = chooseSubnet(candidates, need, subnetRecords, clock.nowMs());
    const subnet = choice.chosen;
    if (subnet === undefined) {
      throw refusal === undefined
        ? noSubnet(context, choice.resting)
        : withNextTry(refusal, choice.resting, clock.nowMs());
    }
    try {
      const clientToken = tokenFor(context, request, attempt);
      const eni = await createIn(context, { subnet, clientToken }, request, options);
      noteSuccess(context, subnet, need);
      return { eni, subnet };
    } catch (error) {
      const trouble = troubleOf(error);
      if (!isEniAllocatorError(error) || trouble === undefined) {
        throw error;
      }
      const previous = subnetRecords.get(subnet.subnetId);
      subnetRecords.set(subnet.subnetId, recordTrouble(previous, trouble, clock.nowMs()));
      refusal = refusal?.code === 'no-free-prefix' ? refusal : error;
    }
  }
}

/** The trouble is over; but single addresses do not prove that there are prefixes again. */
function noteSuccess(
  { subnetRecords }: AllocatorContext,
  { subnetId }: SubnetCandidate,
  need: SubnetNeed,
): void {
  const record = subnetRecords.get(subnetId);
  if (record !== undefined && concerns(record, need)) {
    subnetRecords.delete(subnetId);
  }
}

const createIn = (
  context: AllocatorContext,
  { subnet, clientToken }: { readonly subnet: SubnetCandidate; readonly clientToken: string },
  request: AllocateEniRequest,
  options: CallOptions,
): Promise<EniTruth> =>
  context.ec2.createEni(
    {
      subnetId: subnet.subnetId,
      securityGroupIds: [...(subnet.securityGroupIds ?? request.securityGroupIds)].sort(),
      secondaryAddressCount: request.addressCount ?? 0,
      prefixCount: request.prefixCount ?? 0,
      ...(request.hasIpv6Address === true ? { hasIpv6Address: true } : {}),
      ...(request.connectionTracking === undefined
        ? {}
        : { connectionTracking: request.connectionTracking }),
      description: `${ENI_DESCRIPTION_PREFIX}${context.owner.instanceId}`,
      tags: tagsOfNewEni(context.owner, context.clock.nowMs()),
      clientToken,
    },
    options,
  );

/** Each subnet needs a token of its own: EC2 refuses one that came with other parameters before. */
function tokenFor(
  { newClientToken }: AllocatorContext,
  { clientToken }: AllocateEniRequest,
  attempt: number,
): string {
  if (clientToken === undefined) {
    return newClientToken();
  }
  return attempt === 1 ? clientToken : `${clientToken}-${attempt}`;
}

const needOf = ({ addressCount = 0, prefixCount }: AllocateEniRequest): SubnetNeed =>
  prefixCount === undefined
    ? { kind: 'addresses', count: addressCount }
    : { kind: 'prefixes', count: prefixCount };

/** What an error says of the subnet, or `undefined` when it says nothing of it. */
function troubleOf(error: unknown): SubnetTrouble | undefined {
  switch (isEniAllocatorError(error) ? error.code : undefined) {
    case 'subnet-exhausted':
      return 'full';
    case 'no-free-prefix':
      return 'no-free-prefix';
    case 'subnet-not-found':
      return 'not-found';
    default:
      return undefined;
  }
}

function noSubnet(
  { owner, clock }: AllocatorContext,
  resting: readonly RestingSubnet[],
): EniAllocatorError {
  const doing = `creating an ENI for ${owner.instanceId}`;
  const facts = { instanceId: owner.instanceId };
  if (resting.length === 0) {
    return new EniAllocatorError(
      'no-usable-subnet',
      `${doing}: no subnet may be used; tag one of the node's VPC and zone with kubernetes.io/role/cni=1, ` +
        "or take the tag kubernetes.io/role/cni=0 off the primary ENI's",
      { facts },
    );
  }
  const hasNoPrefix = resting.some(({ trouble }) => trouble === 'no-free-prefix');
  const each = resting.map(({ subnetId, trouble }) => `${subnetId} (${trouble})`).join(', ');
  const refusal = new EniAllocatorError(
    hasNoPrefix ? 'no-free-prefix' : 'subnet-exhausted',
    `${doing}: every subnet refused lately: ${each}`,
    { facts },
  );
  return withNextTry(refusal, resting, clock.nowMs());
}

/** The refusal, and which subnet is asked again when. */
function withNextTry(
  refusal: EniAllocatorError,
  resting: readonly RestingSubnet[],
  nowMs: number,
): EniAllocatorError {
  const [first] = [...resting].sort((a, b) => a.untilMs - b.untilMs);
  if (first === undefined) {
    return refusal;
  }
  const retryAfterMs = first.untilMs - nowMs;
  const next = `${first.subnetId} is asked again in ${Math.ceil(retryAfterMs / 1000)} s`;
  return elaborate(refusal, next, { retryAfterMs });
}
