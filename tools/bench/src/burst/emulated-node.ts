import { setTimeout as sleep } from 'node:timers/promises';
import { createEmulator, type JournalEntry } from '@vpc-cni/aws-emulator';
import {
  createAwsEc2,
  createEniAllocator,
  defaultRetryPolicy,
  withRetry,
} from '@vpc-cni/eni-allocator';
import { isIpv4Address, isIpv4Prefix } from '@vpc-cni/ipam';
import type {
  EniPort,
  HostPort,
  MetadataPort,
  ObservedEni,
  PodBlockCount,
  WantedEni,
} from '@vpc-cni/pool-controller';
import { limitsOf } from '@vpc-cni/warm-pool/limits';

/** An instance in an emulated EC2 with realistic latencies, and the ports a pool needs. */
export interface EmulatedNode {
  readonly limits: NonNullable<ReturnType<typeof limitsOf>>;
  readonly enis: EniPort;
  /** Without slots, EC2 is asked which are taken. */
  allocateEni(
    wanted: PodBlockCount | WantedEni,
    options: { readonly signal: AbortSignal },
  ): Promise<ObservedEni>;
  readonly host: HostPort;
  readonly metadata: MetadataPort;
  readonly primary: ObservedEni;
  /** EC2 calls since the last look. */
  takeCalls(): readonly JournalEntry[];
  close(): Promise<void>;
}

/** As operators measure them; the link of a new ENI appears two seconds after it was attached. */
const LATENCY_MS = {
  CreateNetworkInterface: 600,
  AssignPrivateIpAddresses: 400,
  ec2: 100,
} as const;
const ATTACH_DELAY_MS = 2_000;
const LOOK_MS = 20;

export const clock = {
  nowMs: () => performance.timeOrigin + performance.now(),
  sleep: (ms: number, options: { readonly signal?: AbortSignal } = {}) =>
    sleep(ms, undefined, options),
};

export async function createEmulatedNode(instanceType: string): Promise<EmulatedNode> {
  const limits = limitsOf(instanceType);
  if (limits === undefined) throw new Error(`unknown instance type ${instanceType}`);
  const cloud = createEmulator({ attachDelayMs: ATTACH_DELAY_MS });
  const { vpcId } = cloud.addVpc({ cidr: '10.0.0.0/16' });
  const subnet = cloud.addSubnet({ vpcId, cidr: '10.0.0.0/18', availabilityZone: 'us-west-2a' });
  const { subnetId, cidr: subnetCidr } = subnet;
  const { instanceId, primaryEniId } = await cloud.runInstance({ subnetId, instanceType });
  const { url } = await cloud.listenEc2({ host: '127.0.0.1', port: 0 });
  Object.assign(cloud.knobs.latencyMs, LATENCY_MS);

  const aws = createAwsEc2({
    region: cloud.region,
    endpoint: url,
    credentials: { accessKeyId: 'bench', secretAccessKey: 'bench' },
  });
  const ec2 = withRetry(aws, defaultRetryPolicy, clock);
  const allocator = createEniAllocator({ ec2, clock, instanceId });

  const observed = (): readonly ObservedEni[] =>
    cloud
      .describe()
      .enis.filter((eni) => eni.instanceId === instanceId && eni.status === 'in-use')
      .map(({ ipv6Addresses, ipv6Prefixes, ...eni }) => ({
        ...eni,
        prefixes: eni.prefixes.filter(isIpv4Prefix),
        subnetCidr,
        deviceNumber: eni.deviceIndex ?? 0,
        networkCardIndex: eni.networkCardIndex ?? 0,
      }));
  const primary = observed().find(({ eniId }) => eniId === primaryEniId);
  if (primary === undefined) throw new Error('the instance has no primary ENI');

  const allocateEni: EmulatedNode['allocateEni'] = async (wanted, { signal }) => {
    const request = { subnetId, securityGroupIds: [], ...wanted, signal };
    const { subnetIpv6Cidr, ...eni } = await allocator.allocateEni(request);
    return { ...eni, subnetCidr, isPrimary: false };
  };

  let seenCount = 0;
  return {
    limits,
    primary,
    metadata: { readEnis: async () => observed() },
    enis: {
      allocateEni,
      assignAddresses: (eniId, count, options) => allocator.assignAddresses(eniId, count, options),
      unassignAddresses: (eniId, addresses, options) =>
        allocator.unassignAddresses(eniId, addresses.filter(isIpv4Address), options),
      assignPrefixes: (eniId, count, options) => allocator.assignPrefixes(eniId, count, options),
      unassignPrefixes: (eniId, prefixes, options) =>
        allocator.unassignPrefixes(eniId, prefixes.filter(isIpv4Prefix), options),
      freeEni: (eniId, options) => allocator.freeEni(eniId, options),
      describeEnis: async (eniIds, options) =>
        (await allocator.describeEnis(eniIds, options))
          .filter((eni) => eni.instanceId === instanceId)
          .map(({ deviceNumber = 0, networkCardIndex = 0, ...eni }) => ({
            ...eni,
            deviceNumber,
            networkCardIndex,
            isManaged: true,
          })),
      deleteLeakedEnis: async ({ signal }) => {
        await allocator.deleteLeakedEnis({ olderThanMs: 0, signal });
      },
    },
    allocateEni,
    host: {
      routeTableId: ({ deviceNumber }) => (deviceNumber === 0 ? 254 : deviceNumber + 1),
      setUpEni: async ({ eniId }, { signal }) => {
        while (!observed().some((eni) => eni.eniId === eniId)) {
          await clock.sleep(LOOK_MS, { signal });
        }
      },
      tearDownEni: async () => {},
    },
    takeCalls: () => {
      const calls = cloud.journal.slice(seenCount).filter(({ service }) => service === 'ec2');
      seenCount = cloud.journal.length;
      return calls;
    },
    close: () => cloud.close(),
  };
}
