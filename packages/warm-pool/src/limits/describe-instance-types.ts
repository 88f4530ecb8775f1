import { WarmPoolError } from '../warm-pool-error.ts';
import type { Hypervisor, InstanceTypeLimits, NetworkCardLimits } from './instance-type-limits.ts';

/** What of EC2's DescribeInstanceTypes answer is read; an answer of the AWS SDK fits. */
export interface DescribeInstanceTypesAnswer {
  readonly InstanceTypes?: readonly DescribedInstanceType[] | undefined;
}

/** One instance type, as EC2 describes it. */
export interface DescribedInstanceType {
  readonly InstanceType?: string | undefined;
  /** Missing for bare metal. */
  readonly Hypervisor?: string | undefined;
  readonly BareMetal?: boolean | undefined;
  readonly VCpuInfo?: { readonly DefaultVCpus?: number | undefined } | undefined;
  readonly NetworkInfo?:
    | {
        /** Of all network cards together. */
        readonly MaximumNetworkInterfaces?: number | undefined;
        readonly Ipv4AddressesPerInterface?: number | undefined;
        readonly DefaultNetworkCardIndex?: number | undefined;
        readonly NetworkCards?: readonly DescribedNetworkCard[] | undefined;
      }
    | undefined;
}

/** One network card, as EC2 describes it. */
export interface DescribedNetworkCard {
  readonly NetworkCardIndex?: number | undefined;
  readonly MaximumNetworkInterfaces?: number | undefined;
}

/**
 * Turns EC2's answer into limits, in its order: for instance types that the built-in table does not
 * have, and instead of it.
 *
 * `maxEnis` is the figure of the default card, not EC2's total. A type without cards has one, index
 * 0. EC2 does not tell how many branch ENIs an instance can have, so `maxBranchEnis` is missing.
 *
 * @throws {WarmPoolError} `invalid-answer` when a type has no name or no usable figures.
 * @see https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeInstanceTypes.html
 * @example
 * const answer = await ec2.send(new DescribeInstanceTypesCommand({ InstanceTypes: ['m5.large'] }));
 * const [limits] = describeInstanceTypesToLimits(answer);
 */
export const describeInstanceTypesToLimits = (
  answer: DescribeInstanceTypesAnswer,
): readonly InstanceTypeLimits[] => (answer.InstanceTypes ?? []).map(toLimits);

function toLimits(described: DescribedInstanceType): InstanceTypeLimits {
  const { InstanceType: instanceType, NetworkInfo: network, VCpuInfo: cpu } = described;
  if (instanceType === undefined || instanceType === '') {
    throw invalid('an entry', 'InstanceType', instanceType);
  }
  const defaultNetworkCardIndex = network?.DefaultNetworkCardIndex ?? 0;
  const networkCards = cardsOf(instanceType, network);
  const defaultCard = networkCards.find(
    ({ networkCardIndex }) => networkCardIndex === defaultNetworkCardIndex,
  );
  if (defaultCard === undefined) {
    throw invalid(instanceType, 'DefaultNetworkCardIndex', defaultNetworkCardIndex);
  }
  const addresses = network?.Ipv4AddressesPerInterface;
  return {
    instanceType,
    maxEnis: defaultCard.maxEnis,
    addressesPerEni: positive(instanceType, 'Ipv4AddressesPerInterface', addresses),
    defaultNetworkCardIndex,
    networkCards,
    hypervisor: hypervisorOf(described.Hypervisor),
    isBareMetal: described.BareMetal === true,
    ...(cpu?.DefaultVCpus !== undefined && { vcpuCount: cpu.DefaultVCpus }),
  };
}

function cardsOf(
  instanceType: string,
  network: DescribedInstanceType['NetworkInfo'],
): readonly NetworkCardLimits[] {
  const cards = network?.NetworkCards ?? [];
  const maxEnis = network?.MaximumNetworkInterfaces;
  const described = cards.length > 0 ? cards : [{ MaximumNetworkInterfaces: maxEnis }];
  return described
    .map((card: DescribedNetworkCard) => ({
      networkCardIndex: card.NetworkCardIndex ?? 0,
      maxEnis: positive(instanceType, 'MaximumNetworkInterfaces', card.MaximumNetworkInterfaces),
    }))
    .sort((a, b) => a.networkCardIndex - b.networkCardIndex);
}

const hypervisorOf = (text: string | undefined): Hypervisor =>
  text === 'nitro' || text === 'xen' ? text : 'unknown';

function positive(instanceType: string, field: string, value: number | undefined): number {
  if (value === undefined || !Number.isSafeInteger(value) || value < 1) {
    throw invalid(instanceType, field, value);
  }
  return value;
}

const invalid = (instanceType: string, field: string, value: unknown) =>
  new WarmPoolError(
    'invalid-answer',
    `reading EC2's description of ${instanceType}: ${field} is ${value}, which cannot be used`,
    { facts: { instanceType, field, value: String(value) } },
  );
