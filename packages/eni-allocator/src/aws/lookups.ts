import type { InstanceTypeInfo } from '@aws-sdk/client-ec2';
import type { InstanceLimits } from '../instance-limits.ts';
import type { DeviceSlot, Ec2NetworkPort, EniFilter, EniTruth } from '../ports.ts';
import { decodeEni, required } from './decode-eni.ts';
import { allPages } from './pages.ts';
import type { Perform } from './perform.ts';
import type { AwsCall } from './translate-error.ts';

type Lookups = Pick<
  Ec2NetworkPort,
  'describeEnis' | 'describeUsedDeviceIndexes' | 'describeInstanceLimits'
>;

/** EC2 takes at most 200 values in one filter. */
const MAX_FILTER_VALUES = 200;

interface Filter {
  readonly Name: string;
  readonly Values: string[];
}

/** What can be asked without changing anything. */
export const lookups = (perform: Perform): Lookups => ({
  describeEnis(filter, options = {}) {
    const call = { action: 'DescribeNetworkInterfaces', ...subjectOf(filter) };
    return perform(call, options, async (client, sdk, http) => {
      const found: EniTruth[] = [];
      for (const Filters of encodeFilter(filter)) {
        const enis = await allPages(
          (paging) =>
            client.send(new sdk.DescribeNetworkInterfacesCommand({ Filters, ...paging }), http),
          ({ NetworkInterfaces = [] }) => NetworkInterfaces.map((eni) => decodeEni(eni)),
        );
        found.push(...enis);
      }
      return found;
    });
  },

  describeUsedDeviceIndexes(instanceId, options = {}) {
    const call = {
      action: 'DescribeInstances',
      doing: `looking for used device numbers of ${instanceId}`,
      facts: { instanceId },
    };
    return perform(call, options, async (client, sdk, http) => {
      const command = new sdk.DescribeInstancesCommand({ InstanceIds: [instanceId] });
      const answer = await client.send(command, http);
      const instances = (answer.Reservations ?? []).flatMap(({ Instances }) => Instances ?? []);
      const instance = required(instanceId, instances[0]);
      return (instance.NetworkInterfaces ?? []).flatMap(({ Attachment }): DeviceSlot[] =>
        Attachment?.DeviceIndex === undefined
          ? []
          : [
              {
                deviceNumber: Attachment.DeviceIndex,
                networkCardIndex: Attachment.NetworkCardIndex ?? 0,
              },
            ],
      );
    });
  },

  describeInstanceLimits(instanceType, options = {}) {
    const call = {
      action: 'DescribeInstanceTypes',
      doing: `looking up the limits of ${instanceType}`,
      facts: { instanceType },
    };
    return perform(call, options, async (client, sdk, http) => {
      // A type the client does not know yet is a string like any other to EC2.
      const type = instanceType as InstanceTypeInfo['InstanceType'] & string;
      const command = new sdk.DescribeInstanceTypesCommand({ InstanceTypes: [type] });
      const answer = await client.send(command, http);
      return decodeLimits(required(instanceType, answer.InstanceTypes?.[0]));
    });
  },
});

function subjectOf(filter: EniFilter): Pick<AwsCall, 'doing' | 'facts'> {
  if ('instanceId' in filter) {
    const { instanceId } = filter;
    return { doing: `describing the ENIs of ${instanceId}`, facts: { instanceId } };
  }
  if (!('eniIds' in filter)) {
    return { doing: `describing ${filter.status} ENIs`, facts: {} };
  }
  const { eniIds } = filter;
  const [only] = eniIds.length === 1 ? eniIds : [];
  const facts = only === undefined ? {} : { eniId: only };
  return { doing: `describing ${eniIds.join(', ')}`, facts };
}

/**
 * Ids travel as a filter, not as a list of ids: EC2 then leaves out those it does not know, where a
 * list would fail as a whole.
 */
function encodeFilter(filter: EniFilter): readonly Filter[][] {
  if ('eniIds' in filter) {
    const chunks = Math.ceil(filter.eniIds.length / MAX_FILTER_VALUES);
    return Array.from({ length: chunks }, (_, chunk) => {
      const start = chunk * MAX_FILTER_VALUES;
      const ids = filter.eniIds.slice(start, start + MAX_FILTER_VALUES);
      return [{ Name: 'network-interface-id', Values: ids }];
    });
  }
  if ('instanceId' in filter) {
    return [[{ Name: 'attachment.instance-id', Values: [filter.instanceId] }]];
  }
  const { status, tags, tagKeys = [], vpcId } = filter;
  return [
    [
      { Name: 'status', Values: [status] },
      ...Object.entries(tags).map(([key, value]) => ({
        Name: `tag:${key}`,
        Values: [escapeWildcards(value)],
      })),
      // A filter for each: of the values in one, any is enough.
      ...tagKeys.map((key) => ({ Name: 'tag-key', Values: [escapeWildcards(key)] })),
      ...(vpcId === undefined ? [] : [{ Name: 'vpc-id', Values: [vpcId] }]),
    ],
  ];
}

/** In EC2's filter values `*` and `?` match anything, and a backslash takes that from them. */
const escapeWildcards = (text: string) => text.replace(/[\\*?]/g, '\\$&');

/**
 * The limits of the default network card. EC2's own total adds up all cards, but only one card's
 * ENIs are handed to pods.
 */
function decodeLimits({ InstanceType, NetworkInfo }: InstanceTypeInfo): InstanceLimits {
  const { NetworkCards = [], DefaultNetworkCardIndex = 0 } = NetworkInfo ?? {};
  const card = NetworkCards.find(
    ({ NetworkCardIndex }) => NetworkCardIndex === DefaultNetworkCardIndex,
  );
  const maxEnis = card?.MaximumNetworkInterfaces ?? NetworkInfo?.MaximumNetworkInterfaces ?? 0;
  const addressesPerEni = NetworkInfo?.Ipv4AddressesPerInterface ?? 0;
  if (maxEnis <= 0 || addressesPerEni <= 0) {
    throw new TypeError(`EC2's answer has no ENI and address limits for ${InstanceType}`);
  }
  const networkCards = NetworkCards.map(
    ({ NetworkCardIndex = 0, MaximumNetworkInterfaces = 0 }) => ({
      networkCardIndex: NetworkCardIndex,
      maxEnis: MaximumNetworkInterfaces,
    }),
  );
  return { maxEnis, addressesPerEni, ...(networkCards.length > 0 && { networkCards }) };
}
