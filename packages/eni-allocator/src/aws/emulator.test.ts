import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createEmulator, type Emulator, type RunningInstance } from '@vpc-cni/aws-emulator';
import { createFakeClock, type FakeClock } from '@vpc-cni/testing';
import type { AllocatorEvent } from '../allocator-events.ts';
import { createEniAllocator, type EniAllocator } from '../eni-allocator.ts';
import type { Ec2NetworkPort } from '../ports.ts';
import { discoverSubnets } from '../subnet-source.ts';
import { createCallBudget, defaultCallBudget, withCallBudget } from '../with-call-budget.ts';
import { withDeadline } from '../with-deadline.ts';
import { defaultRetryPolicy, withRetry } from '../with-retry.ts';
import { createAwsEc2 } from './aws-ec2.ts';

// The allocator, the SDK and HTTP for real; EC2 in memory. m5.large: 3 ENIs with 10 addresses each.

let clock: FakeClock;
let emulator: Emulator;
let instance: RunningInstance;
let port: Ec2NetworkPort;
let hastyPort: Ec2NetworkPort;
let allocator: EniAllocator;

beforeEach(async () => {
  clock = createFakeClock();
  emulator = createEmulator({ clock });
  const { vpcId } = emulator.addVpc({ cidr: '10.0.0.0/16' });
  const availabilityZone = 'us-west-2a';
  const { subnetId } = emulator.addSubnet({ vpcId, cidr: '10.0.0.0/24', availabilityZone });
  instance = await emulator.runInstance({ subnetId, instanceType: 'm5.large' });
  const { url } = await emulator.listenEc2({ host: '127.0.0.1', port: 0 });
  const credentials = { accessKeyId: 'AKID', secretAccessKey: 'secret' };
  const access = { region: emulator.region, endpoint: url, credentials };
  port = createAwsEc2(access);
  hastyPort = createAwsEc2({ ...access, timeoutMs: 50 });
  allocator = createAllocator();
});
afterEach(() => emulator.close());

const createAllocator = () =>
  createEniAllocator({
    ec2: withRetry(port, { ...defaultRetryPolicy, random: () => 0 }, clock),
    clock,
    instanceId: instance.instanceId,
    clusterName: 'blue',
  });
const enis = () => emulator.describe().enis.filter((eni) => !eni.isPrimary);
const allocate = (addressCount = 2, subnetId = instance.subnetId) =>
  allocator.allocateEni({ subnetId, securityGroupIds: [], addressCount });
const callsOf = (action: string) =>
  emulator.journal.filter((entry) => entry.operation === action).length;

describe('an ENI from EC2', () => {
  test('is attached, tagged, goes with its instance, and is what EC2 says it is', async () => {
    const eni = await allocate(9);
    expect(enis()).toEqual([
      expect.objectContaining({
        eniId: eni.eniId,
        mac: eni.mac,
        instanceId: instance.instanceId,
        deviceIndex: 1,
        networkCardIndex: 0,
        attachmentId: eni.attachmentId,
        deleteOnTermination: true,
        description: `aws-K8S-${instance.instanceId}`,
        primaryAddress: eni.primaryAddress,
        secondaryAddresses: eni.secondaryAddresses,
        tags: expect.objectContaining({
          'cluster.k8s.amazonaws.com/name': 'blue',
          'node.k8s.amazonaws.com/instance_id': instance.instanceId,
        }),
      }),
    ]);
    expect(eni.secondaryAddresses).toHaveLength(9);
    expect(await allocator.describeEnis([eni.eniId, 'eni-0000gone'])).toEqual([
      { ...eni, status: 'in-use' },
    ]);
  });

  test('is among those of the instance, with ENIs of others and without addresses', async () => {
    const { outside } = emulator;
    const { instanceId, subnetId, primaryEniId } = instance;
    const { eniId: efaId } = await outside.createEni({ subnetId, interfaceType: 'efa-only' });
    await outside.createEni({ subnetId });
    await withTime(outside.attachEni(efaId, { instanceId, deviceIndex: 2 }));
    const { eniId } = await allocate();
    const attached = await allocator.describeAttachedEnis();
    expect(new Map(attached.map((eni) => [eni.eniId, eni.interfaceType]))).toEqual(
      new Map([
        [primaryEniId, 'interface'],
        [eniId, 'interface'],
        [efaId, 'efa-only'],
      ]),
    );
  });

  test('gets a device number of its own when several come at once', async () => {
    const both = await withTime(Promise.all([allocate(), allocate()]));
    expect(both.map((eni) => eni.deviceNumber).sort()).toEqual([1, 2]);
  });

  test('grows and shrinks by exact counts', async () => {
    const eni = await allocate(0);
    const assigned = await allocator.assignAddresses(eni.eniId, 3);
    expect(enis()[0]?.secondaryAddresses).toEqual(assigned);
    await allocator.unassignAddresses(eni.eniId, assigned.slice(0, 2));
    expect(enis()[0]?.secondaryAddresses).toEqual(assigned.slice(2));
    await allocator.unassignAddresses(eni.eniId, assigned);
    expect(enis()[0]?.secondaryAddresses).toEqual([]);
  });

  test('is created with prefixes, and grows and shrinks by them', async () => {
    const eni = await allocator.allocateEni({
      subnetId: instance.subnetId,
      securityGroupIds: [],
      prefixCount: 2,
    });
    expect(eni.prefixes).toEqual(['10.0.0.16/28', '10.0.0.32/28']);
    const assigned = await allocator.assignPrefixes(eni.eniId, 1);
    expect(enis()[0]).toMatchObject({
      prefixes: [...eni.prefixes, ...assigned],
      secondaryAddresses: [],
    });
    await allocator.unassignPrefixes(eni.eniId, eni.prefixes);
    await allocator.unassignPrefixes(eni.eniId, [...eni.prefixes, ...assigned]);
    expect(enis()[0]?.prefixes).toEqual([]);
  });

  test('holds addresses and prefixes at once', async () => {
    const eni = await allocate(2);
    const prefixes = await allocator.assignPrefixes(eni.eniId, 2);
    expect(await allocator.describeEnis([eni.eniId])).toEqual([
      expect.objectContaining({ secondaryAddresses: eni.secondaryAddresses, prefixes }),
    ]);
  });

  test('is gone after freeEni, however often that runs', async () => {
    emulator.knobs.detachDelayMs = 3_000;
    const eni = await allocate();
    await withTime(allocator.freeEni(eni.eniId));
    expect(enis()).toEqual([]);
    await withTime(allocator.freeEni(eni.eniId));
  });

  test('is freed even while it is still attaching', async () => {
    emulator.knobs.attachDelayMs = 60_000;
    const eni = await allocate();
    await withTime(allocator.freeEni(eni.eniId));
    expect(enis()).toEqual([]);
  });

  test('is refused to be freed when it is the primary one', async () => {
    await expect(allocator.freeEni(instance.primaryEniId)).rejects.toMatchObject({
      code: 'invalid-request',
    });
  });
});

describe('subnets', () => {
  const discoveringAllocator = (events: AllocatorEvent[] = []) => {
    const { instanceId, vpcId, subnetId, availabilityZone } = instance;
    const primary = { subnetId, cidr: '10.0.0.0/24' };
    const found = { vpcId, availabilityZone, primary, clusterName: 'blue' };
    const onEvent = (event: AllocatorEvent) => events.push(event);
    const subnets = discoverSubnets({ ec2: port, clock, onEvent, ...found });
    return createEniAllocator({ ec2: port, clock, instanceId, clusterName: 'blue', subnets });
  };
  const addSubnet = (cidr: string, tags: Readonly<Record<string, string>>) => {
    const { vpcId, availabilityZone } = instance;
    return emulator.addSubnet({ vpcId, cidr, availabilityZone, tags }).subnetId;
  };
  const request = { securityGroupIds: [], addressCount: 9 } as const;

  test('are described with their free addresses and tags', async () => {
    const subnetId = addSubnet('10.0.1.0/24', { 'kubernetes.io/role/cni': '1' });
    expect(await port.describeSubnets({ subnetIds: [subnetId, 'subnet-0000gone'] })).toEqual([
      {
        subnetId,
        availabilityZone: instance.availabilityZone,
        cidr: '10.0.1.0/24',
        freeAddressCount: 251,
        tags: { 'kubernetes.io/role/cni': '1' },
      },
    ]);
  });

  test('are found by their tags, and tried in turn', async () => {
    addSubnet('10.0.1.0/24', {});
    addSubnet('10.0.2.0/24', { 'kubernetes.io/role/cni': '0' });
    addSubnet('10.0.3.0/24', {
      'kubernetes.io/role/cni': '1',
      'cni.networking.k8s.aws/cluster/green': '1',
    });
    const tagged = addSubnet('10.0.4.0/23', { 'kubernetes.io/role/cni': '1' });
    allocator = discoveringAllocator();
    const [code, message] = ['InsufficientFreeAddressesInSubnet', 'Full.'] as const;
    expect(await allocator.allocateEni(request)).toMatchObject({
      subnetId: tagged,
      subnetCidr: '10.0.4.0/23',
    });
    emulator.knobs.failNext('CreateNetworkInterface', { code, message });
    expect(await allocator.allocateEni(request)).toMatchObject({ subnetId: instance.subnetId });
    expect(callsOf('DescribeSubnets')).toBe(1);
    expect(callsOf('CreateNetworkInterface')).toBe(3);
  });

  test('are the primary one only, without permission to look', async () => {
    addSubnet('10.0.4.0/23', { 'kubernetes.io/role/cni': '1' });
    emulator.knobs.deny('DescribeSubnets');
    const events: AllocatorEvent[] = [];
    allocator = discoveringAllocator(events);
    const eni = await allocator.allocateEni(request);
    expect(eni).toMatchObject({ subnetId: instance.subnetId, subnetCidr: '10.0.0.0/24' });
    expect(events).toMatchObject([
      {
        kind: 'degraded',
        feature: 'subnet-discovery',
        action: 'DescribeSubnets',
        error: { reaction: 'permission' },
      },
    ]);
  });
});

describe('existing ENIs', () => {
  test('get the security groups and tags they lack', async () => {
    const { vpcId } = instance;
    const { securityGroupId } = emulator.addSecurityGroup({ vpcId, name: 'pods' });
    const { eniId } = await allocate();
    const connectionTracking = { tcpEstablishedSeconds: 400, udpSeconds: 40 };
    const own = { subnetId: instance.subnetId, securityGroupIds: [securityGroupId] };
    const second = await allocator.allocateEni({ ...own, addressCount: 0, connectionTracking });
    expect(second).toMatchObject({ securityGroupIds: [securityGroupId], connectionTracking });
    const described = await allocator.describeEnis([instance.primaryEniId, eniId, second.eniId]);
    expect(await allocator.syncSecurityGroups(described, [securityGroupId])).toEqual([
      instance.primaryEniId,
      eniId,
    ]);
    expect(await allocator.syncTags(described)).toEqual([instance.primaryEniId]);
    const synced = await allocator.describeEnis([instance.primaryEniId, eniId, second.eniId]);
    expect(synced.map(({ securityGroupIds }) => securityGroupIds)).toEqual(
      synced.map(() => [securityGroupId]),
    );
    expect(synced[0]?.tags).toEqual({
      'cluster.k8s.amazonaws.com/name': 'blue',
      'eks:eni:owner': 'amazon-vpc-cni',
      'node.k8s.amazonaws.com/instance_id': instance.instanceId,
    });
    expect(await allocator.syncSecurityGroups(synced, [securityGroupId])).toEqual([]);
  });
});

describe('an ENI whose process died before it was to go with the instance', () => {
  /** The call after the attach never arrives, and nobody is left to clean up. */
  const dieAfterAttach = async () => {
    const ending = new AbortController();
    emulator.knobs.hang('ModifyNetworkInterfaceAttribute');
    const own = { subnetId: instance.subnetId, securityGroupIds: [], addressCount: 1 } as const;
    const allocation = allocator.allocateEni({ ...own, signal: ending.signal });
    while (callsOf('AttachNetworkInterface') === 0) await clock.advance(1);
    ending.abort(new Error('died'));
    await expect(withTime(allocation)).rejects.toThrow('died');
    emulator.knobs.resume('ModifyNetworkInterfaceAttribute');
  };

  test('goes with it once it is synced, and costs no call after that', async () => {
    await dieAfterAttach();
    const ids = emulator.describe().enis.map(({ eniId }) => eniId);
    const described = await allocator.describeEnis(ids);
    expect(described.map((eni) => eni.isDeletedOnTermination).sort()).toEqual([false, true]);
    allocator = createAllocator();
    const changed = await allocator.syncDeleteOnTermination(described);
    expect(changed).toEqual(enis().map(({ eniId }) => eniId));
    const again = await allocator.syncDeleteOnTermination(await allocator.describeEnis(ids));
    expect(again).toEqual([]);
    await emulator.terminateInstance(instance.instanceId);
    expect(emulator.describe().enis).toEqual([]);
  });

  test('outlives it otherwise', async () => {
    await dieAfterAttach();
    await emulator.terminateInstance(instance.instanceId);
    expect(enis()).toEqual([expect.objectContaining({ status: 'available' })]);
  });
});

describe('each permission denied in turn', () => {
  // With all that is optional denied, a node still gets and frees ENIs.
  test.each(['DescribeSubnets', 'DescribeInstances', 'CreateTags'] as const)(
    'without %s pods get their addresses',
    async (action) => {
      emulator.knobs.deny(action);
      const eni = await withTime(allocate());
      expect(await allocator.assignAddresses(eni.eniId, 1)).toHaveLength(1);
      const described = await allocator.describeEnis([instance.primaryEniId]);
      await allocator.syncTags(described);
      await withTime(allocator.freeEni(eni.eniId));
      expect(enis()).toEqual([]);
    },
  );
});

describe('an instance with several network cards', () => {
  test('gets ENIs on each of them', async () => {
    const { subnetId } = instance;
    const large = await emulator.runInstance({ subnetId, instanceType: 'p5.48xlarge' });
    const limits = await port.describeInstanceLimits('p5.48xlarge');
    const { instanceId } = large;
    allocator = createEniAllocator({ ec2: port, clock, instanceId, limits });
    const place = (networkCardIndex: number) =>
      allocator.allocateEni({ subnetId, securityGroupIds: [], addressCount: 1, networkCardIndex });
    const attached = [await place(0), await place(1), await place(1)];
    expect(attached.map((eni) => [eni.networkCardIndex, eni.deviceNumber])).toEqual([
      [0, 1],
      [1, 0],
      [1, 1],
    ]);
    const changesBefore = callsOf('CreateNetworkInterface');
    await expect(place(1)).rejects.toMatchObject({ code: 'eni-limit-reached' });
    await expect(place(32)).rejects.toMatchObject({ code: 'invalid-request' });
    expect(callsOf('CreateNetworkInterface')).toBe(changesBefore);
  });
});

describe('limits', () => {
  test('eni-limit-reached when the instance is full, with nothing left behind', async () => {
    await allocate();
    await allocate();
    await expect(withTime(allocate())).rejects.toMatchObject({
      code: 'eni-limit-reached',
      facts: { awsCode: 'AttachmentLimitExceeded' },
    });
    expect(enis()).toHaveLength(2);
  });

  test('address-limit-reached when the ENI is full', async () => {
    const eni = await allocate(9);
    await expect(allocator.assignAddresses(eni.eniId, 1)).rejects.toMatchObject({
      code: 'address-limit-reached',
    });
  });

  test('subnet-exhausted when the subnet is full', async () => {
    const { vpcId } = instance;
    const small = emulator.addSubnet({
      vpcId,
      cidr: '10.0.1.0/28',
      availabilityZone: instance.availabilityZone,
    });
    const eni = await allocate(9, small.subnetId);
    await allocator.unassignAddresses(eni.eniId, eni.secondaryAddresses.slice(0, 2));
    await expect(allocate(9, small.subnetId)).rejects.toMatchObject({ code: 'subnet-exhausted' });
    expect(enis()).toHaveLength(1);
  });

  test('has an IPv6 address of its own and prefixes, where the subnet has IPv6', async () => {
    const { availabilityZone } = instance;
    const { vpcId } = emulator.addVpc({ cidr: '10.1.0.0/16', ipv6Cidr: '2001:db8::/56' });
    const { subnetId } = emulator.addSubnet({
      vpcId,
      cidr: '10.1.0.0/24',
      ipv6Cidr: '2001:db8:0:1::/64',
      availabilityZone,
    });
    const [subnet] = await port.describeSubnets({ subnetIds: [subnetId] });
    expect(subnet).toMatchObject({ ipv6Cidr: '2001:db8:0:1::/64' });
    const { eniId } = await port.createEni({
      subnetId,
      securityGroupIds: [],
      secondaryAddressCount: 0,
      prefixCount: 0,
      hasIpv6Address: true,
      description: '',
      tags: {},
      clientToken: 'a',
    });
    const assigned = await allocator.assignIpv6Prefixes(eniId, 1);
    expect(assigned).toEqual(['2001:db8:0:1:1::/80']);
    expect(await allocator.describeEnis([eniId])).toEqual([
      expect.objectContaining({ ipv6Addresses: ['2001:db8:0:1::10'], ipv6Prefixes: assigned }),
    ]);
    await allocator.unassignIpv6Prefixes(eniId, assigned);
    expect(await allocator.describeEnis([eniId])).toEqual([
      expect.objectContaining({ ipv6Prefixes: [] }),
    ]);
  });

  test('gets no IPv6 prefix in a subnet without IPv6, nor without permission', async () => {
    const eni = await allocate();
    const assigning = () => allocator.assignIpv6Prefixes(eni.eniId, 1);
    await expect(assigning()).rejects.toMatchObject({ code: 'invalid-request' });
    emulator.knobs.deny('AssignIpv6Addresses');
    await expect(assigning()).rejects.toMatchObject({
      code: 'not-permitted',
      message: expect.stringContaining('ec2:AssignIpv6Addresses'),
    });
  });

  test('no-free-prefix when the subnet has addresses but no whole block', async () => {
    const { vpcId, availabilityZone } = instance;
    // Of a /27, the first block holds AWS's four addresses, and the last one its fifth.
    const scattered = emulator.addSubnet({ vpcId, cidr: '10.0.2.0/27', availabilityZone });
    const eni = await allocate(1, scattered.subnetId);
    const request = { subnetId: scattered.subnetId, securityGroupIds: [], prefixCount: 1 };
    await expect(allocator.allocateEni(request)).rejects.toMatchObject({ code: 'no-free-prefix' });
    await expect(allocator.assignPrefixes(eni.eniId, 1)).rejects.toMatchObject({
      code: 'no-free-prefix',
      facts: { awsCode: 'InsufficientCidrBlocks' },
    });
    expect(await allocator.assignAddresses(eni.eniId, 1)).toHaveLength(1);
  });

  test('the limits of an instance type', async () => {
    expect(await port.describeInstanceLimits('m5.large')).toEqual({
      maxEnis: 3,
      addressesPerEni: 10,
      networkCards: [{ networkCardIndex: 0, maxEnis: 3 }],
    });
    await expect(port.describeInstanceLimits('no.such')).rejects.toMatchObject({
      code: 'invalid-request',
    });
  });
});

describe('an instance that carries less than the table says', () => {
  test('is learned by two refusals, and asked no more', async () => {
    const { subnetId } = instance;
    emulator.setInstanceType({
      instanceType: 'm9.large',
      enisPerCard: [2],
      ipv4PerEni: 4,
      hypervisor: 'nitro',
      isBareMetal: false,
      vcpuCount: 2,
      memoryMib: 8192,
    });
    const { instanceId } = await emulator.runInstance({ subnetId, instanceType: 'm9.large' });
    const events: AllocatorEvent[] = [];
    const onEvent = (event: AllocatorEvent) => events.push(event);
    const table = { maxEnis: 3, addressesPerEni: 5 };
    allocator = createEniAllocator({ ec2: port, clock, instanceId, limits: table, onEvent });
    const { eniId } = await allocate(3);
    const refused = { code: 'address-limit-reached' };
    await expect(allocator.assignAddresses(eniId, 1)).rejects.toMatchObject(refused);
    for (let attempt = 0; attempt < 3; attempt += 1) {
      await expect(allocate(1)).rejects.toMatchObject({ code: 'eni-limit-reached' });
    }
    expect(allocator.limits()).toEqual({ maxEnis: 2, addressesPerEni: 4 });
    expect(events.map(({ kind }) => kind)).toEqual(['limits-learned', 'limits-learned']);
    expect(callsOf('AttachNetworkInterface')).toBe(2); // one went well, one was refused
  });
});

describe('trouble', () => {
  const changes = ['CreateNetworkInterface', 'AttachNetworkInterface'] as const;

  test.each(changes)('a lost answer to %s makes no second ENI', async (action) => {
    const failure = { code: 'InternalError', message: 'Lost.', when: 'after' } as const;
    emulator.knobs.failNext(action, failure);
    const eni = await withTime(allocate());
    expect(enis()).toEqual([expect.objectContaining({ eniId: eni.eniId, deviceIndex: 1 })]);
  });

  test('a lost answer to AssignPrivateIpAddresses is not repeated', async () => {
    const eni = await allocate(0);
    const failure = { code: 'InternalError', message: 'Lost.', when: 'after' } as const;
    emulator.knobs.failNext('AssignPrivateIpAddresses', failure);
    const assigning = withTime(allocator.assignAddresses(eni.eniId, 2));
    await expect(assigning).rejects.toMatchObject({
      code: 'unreachable',
      message: expect.stringContaining('it may have been carried out: describe the ENI'),
    });
    expect(enis()[0]?.secondaryAddresses).toHaveLength(2);
  });

  test('throttling is waited out', async () => {
    emulator.knobs.setBucket('ec2', { burst: 1, perSecond: 1 });
    await withTime(allocate());
    expect(enis()).toHaveLength(1);
    expect(emulator.journal.map((entry) => entry.outcome)).toContain('RequestLimitExceeded');
  });

  test('throttling of one action slows down that action alone', async () => {
    emulator.knobs.setBucket('AssignPrivateIpAddresses', { burst: 1, perSecond: 0.5 });
    const eni = await allocate(0);
    const budget = createCallBudget({ ...defaultCallBudget, random: () => 0 }, clock);
    const policy = { ...defaultRetryPolicy, random: () => 0 };
    const careful = withRetry(withCallBudget(port, budget), policy, clock);
    const assign = () => careful.assignAddresses({ eniId: eni.eniId, count: 1 });
    await withTime(Promise.all([assign(), assign(), assign()]));
    await careful.describeEnis({ eniIds: [eni.eniId] });
    expect(enis()[0]?.secondaryAddresses).toHaveLength(3);
    const slowed = budget.figures().get('AssignPrivateIpAddresses');
    expect(slowed?.perSecond).toBeLessThan(slowed?.ceilingPerSecond ?? 0);
    expect(slowed?.throttledCount).toBeGreaterThan(0);
    const other = budget.figures().get('DescribeNetworkInterfaces');
    expect(other).toMatchObject({ perSecond: 5, throttledCount: 0 });
  });

  test('an endpoint that hangs is given up at the deadline, and the request is cut', async () => {
    await emulator.knobs.setUnavailable('ec2', 'hanging');
    const hasty = withDeadline(port, 2_000, clock);
    const startedAtMs = clock.nowMs();
    await expect(withTime(hasty.deleteEni('eni-1'))).rejects.toMatchObject({ code: 'unreachable' });
    expect(clock.nowMs() - startedAtMs).toBe(2_000);
    await emulator.knobs.setUnavailable('ec2', false);
  });

  test.each(['AttachNetworkInterface', 'ModifyNetworkInterfaceAttribute'] as const)(
    'without permission for %s the ENI is deleted again',
    async (action) => {
      emulator.knobs.deny(action);
      await expect(withTime(allocate())).rejects.toMatchObject({
        code: 'not-permitted',
        facts: { action },
        message: expect.stringContaining(`ec2:${action}`),
      });
      expect(enis()).toEqual([]);
    },
  );

  test.each([
    'DescribeNetworkInterfaces',
    'DetachNetworkInterface',
    'DeleteNetworkInterface',
  ] as const)('freeing without permission for %s names the ENI and the action', async (action) => {
    const { eniId } = await allocate();
    emulator.knobs.deny(action);
    await expect(withTime(allocator.freeEni(eniId))).rejects.toMatchObject({
      code: 'not-permitted',
      message: expect.stringMatching(`${eniId}.* \\(ec2:${action}\\): UnauthorizedOperation: `),
      facts: { action, eniId, awsCode: 'UnauthorizedOperation' },
    });
  });

  test.each(['refused', 'reset', 'hanging'] as const)(
    'an EC2 that is %s is unreachable until it is back',
    async (mode) => {
      await emulator.knobs.setUnavailable('ec2', mode);
      const asking = hastyPort.describeEnis({ eniIds: ['eni-1'] });
      await expect(asking).rejects.toMatchObject({ code: 'unreachable' });
      await emulator.knobs.setUnavailable('ec2', false);
      expect(await port.describeEnis({ eniIds: ['eni-1'] })).toEqual([]);
    },
  );

  test('ENIs that an earlier process left behind are found by their tags', async () => {
    emulator.knobs.deny('AttachNetworkInterface');
    emulator.knobs.deny('DeleteNetworkInterface');
    await expect(withTime(allocate())).rejects.toMatchObject({ code: 'not-permitted' });
    const [leaked] = enis();
    emulator.knobs.allow('DeleteNetworkInterface');
    allocator = createAllocator();
    expect(await allocator.deleteLeakedEnis({ olderThanMs: 300_000 })).toEqual([]);
    await clock.advance(301_000);
    const deleted = await allocator.deleteLeakedEnis({ olderThanMs: 300_000 });
    expect(deleted).toEqual([leaked?.eniId]);
    expect(enis()).toEqual([]);
    expect(callsOf('DetachNetworkInterface')).toBe(0);
  });
});

describe('a sweep of the cluster', () => {
  const sweepRequest = { olderThanMs: 300_000, scope: 'cluster' } as const;
  const left = async (eni: {
    readonly subnetId: RunningInstance['subnetId'];
    readonly tags?: Readonly<Record<string, string>>;
    readonly description?: string;
  }) => {
    const { eniId } = await emulator.outside.createEni({
      description: 'aws-K8S-i-0000gone',
      ...eni,
      tags: {
        'node.k8s.amazonaws.com/instance_id': 'i-0000gone',
        'node.k8s.amazonaws.com/createdAt': '2023-01-01T00:00:00Z',
        'cluster.k8s.amazonaws.com/name': 'blue',
        ...eni.tags,
      },
    });
    return eniId;
  };

  test('deletes what gone instances of it left behind, and nothing else', async () => {
    const { instanceId, subnetId, vpcId, availabilityZone } = instance;
    const elsewhere = emulator.addVpc({ cidr: '10.1.0.0/16' });
    const foreign = emulator.addSubnet({
      vpcId: elsewhere.vpcId,
      cidr: '10.1.0.0/24',
      availabilityZone,
    });
    const leakedId = await left({ subnetId });
    const cluster = 'cluster.k8s.amazonaws.com/name';
    await left({ subnetId, tags: { [cluster]: 'green' } });
    await left({ subnetId, tags: { [cluster]: 'Blue' } });
    await left({ subnetId, description: 'my database' });
    await left({ subnetId: foreign.subnetId });
    const young = await left({
      subnetId,
      tags: { 'node.k8s.amazonaws.com/createdAt': new Date(clock.nowMs()).toISOString() },
    });
    const used = await allocate();
    const janitor = createEniAllocator({
      ec2: port,
      clock,
      instanceId,
      vpcId,
      clusterName: 'blue',
    });
    const count = enis().length;
    expect(await janitor.deleteLeakedEnis(sweepRequest)).toEqual([]);
    await clock.advance(300_000);
    expect(await janitor.deleteLeakedEnis({ ...sweepRequest, dryRun: true })).toEqual([leakedId]);
    expect(enis()).toHaveLength(count);
    expect(await janitor.deleteLeakedEnis(sweepRequest)).toEqual([leakedId]);
    expect(enis()).toHaveLength(count - 1);
    expect(enis().map(({ eniId }) => eniId)).toEqual(expect.arrayContaining([young, used.eniId]));
  });
});

/** Lets real sockets and the fake clock take turns until the promise has its outcome. */
async function withTime<T>(promise: Promise<T>): Promise<T> {
  let isSettled = false;
  const note = () => {
    isSettled = true;
  };
  promise.then(note, note);
  while (!isSettled) {
    await clock.advance(1);
  }
  return promise;
}
