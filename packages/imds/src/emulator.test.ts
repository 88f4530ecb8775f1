import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createEmulator, type Emulator, type RunningInstance } from '@vpc-cni/aws-emulator';
import { createFakeClock } from '@vpc-cni/testing';
import { createImds, type Imds } from './imds.ts';

// The reader, the SDK and HTTP for real; the metadata service is the emulator's.

let emulator: Emulator;
let instance: RunningInstance;
let imds: Imds;
let hastyImds: Imds;

beforeEach(async () => {
  emulator = createEmulator({ region: 'eu-central-1' });
  const { vpcId } = emulator.addVpc({ cidr: '10.0.0.0/16', secondaryCidrs: ['100.64.0.0/16'] });
  const availabilityZone = 'eu-central-1a';
  const { subnetId } = emulator.addSubnet({ vpcId, cidr: '10.0.0.0/24', availabilityZone });
  const groups = ['one', 'two'].map((name) => emulator.addSecurityGroup({ vpcId, name }));
  const securityGroupIds = groups.map((group) => group.securityGroupId);
  instance = await emulator.runInstance({ subnetId, instanceType: 'm5.large', securityGroupIds });
  const { instanceId } = instance;
  const { url } = await emulator.listenImds({ host: '127.0.0.1', port: 0, instanceId });
  imds = createImds({ endpoint: url });
  hastyImds = createImds({ endpoint: url, retries: 0, timeoutMs: 50 });
});
afterEach(() => emulator.close());

test('readInstance agrees with EC2', async () => {
  expect(await imds.readInstance()).toEqual({
    instanceId: instance.instanceId,
    instanceType: 'm5.large',
    availabilityZone: 'eu-central-1a',
    region: 'eu-central-1',
    primaryMac: instance.primaryMac,
    primaryEniId: instance.primaryEniId,
    primaryAddress: instance.primaryAddress,
    localHostname: 'ip-10-0-0-4.eu-central-1.compute.internal',
    subnetId: instance.subnetId,
    vpcId: instance.vpcId,
  });
});

test('readEnis agrees with EC2', async () => {
  expect(await imds.readEnis()).toEqual([
    {
      eniId: instance.primaryEniId,
      mac: instance.primaryMac,
      deviceNumber: 0,
      networkCardIndex: 0,
      subnetId: instance.subnetId,
      subnetCidr: '10.0.0.0/24',
      primaryAddress: instance.primaryAddress,
      secondaryAddresses: [],
      prefixes: [],
      ipv6Addresses: [],
      ipv6Prefixes: [],
      isPrimary: true,
    },
  ]);
});

test('VPC CIDRs and security groups agree with EC2', async () => {
  expect(await imds.readVpcCidrs(instance.primaryMac)).toEqual(['10.0.0.0/16', '100.64.0.0/16']);
  const [primary] = emulator.describe().enis;
  expect(await imds.readSecurityGroupIds(instance.primaryMac)).toEqual(primary?.securityGroupIds);
});

test.each(['refused', 'reset', 'hanging'] as const)(
  'a service that is %s is unreachable until it is back',
  async (mode) => {
    await emulator.knobs.setUnavailable('imds', mode);
    await expect(hastyImds.readEnis()).rejects.toMatchObject({ code: 'unreachable' });
    await emulator.knobs.setUnavailable('imds', false);
    expect(await imds.readEnis()).toHaveLength(1);
  },
);

test('metadata that is turned off is disabled', async () => {
  emulator.knobs.deny('imds');
  await expect(hastyImds.readEnis()).rejects.toMatchObject({ code: 'disabled' });
});

test('notices of the end are read as they come', async () => {
  expect(await imds.readNotices()).toEqual({});
  const notices = {
    spotInterruption: { action: 'terminate' as const, atMs: Date.UTC(2026, 0, 2, 3, 4, 5) },
    rebalanceRecommendedAtMs: Date.UTC(2026, 0, 2),
    targetLifecycleState: 'Terminated',
  };
  emulator.outside.announce(instance.instanceId, notices);
  expect(await imds.readNotices()).toEqual(notices);
});

describe('on the clock of a test, without sockets', () => {
  const instanceId = 'i-00000000000000001';

  test('an ENI appears when metadata catches up', async () => {
    const { clock, cloud, node } = await virtual();
    cloud.knobs.setLag('imds', 90_000);
    await clock.advance(1);
    const { eniId } = await cloud.outside.createEni({ subnetId: node.subnetId });
    await cloud.outside.attachEni(eniId, { instanceId, deviceIndex: 1 });
    const virtualImds = createImds({ clock, transport: cloud.inProcess.imds(instanceId) });
    expect(await virtualImds.readEnis()).toHaveLength(1);
    await clock.advance(90_000);
    expect(await virtualImds.readEnis()).toHaveLength(2);
  });

  test('nothing is answered before its time, and then all is', async () => {
    const { clock, cloud } = await virtual();
    cloud.knobs.latencyMs.imds = 250;
    const virtualImds = createImds({ clock, transport: cloud.inProcess.imds(instanceId) });
    let isAnswered = false;
    const reading = virtualImds.readNotices().then((notices) => {
      isAnswered = true;
      return notices;
    });
    await clock.advance(2 * 250 - 1); // the token, then the notices at once
    expect(isAnswered).toBe(false);
    await clock.advance(1);
    expect(isAnswered).toBe(true);
    expect(await reading).toEqual({});
  });

  test('a service that hangs is given up when the read is overdue', async () => {
    const { clock, cloud } = await virtual();
    await cloud.knobs.setUnavailable('imds', 'hanging');
    const transport = cloud.inProcess.imds(instanceId);
    const virtualImds = createImds({ clock, transport, deadlineMs: 5_000 });
    const startedAtMs = clock.nowMs();
    const reading = expect(virtualImds.readEnis()).rejects.toMatchObject({
      code: 'unreachable',
      facts: { deadlineMs: 5_000 },
    });
    await clock.advance(5_000);
    await reading;
    expect(clock.nowMs() - startedAtMs).toBe(5_000);
    await cloud.close();
  });

  test('a token is as old as the clock says', async () => {
    const { clock, cloud } = await virtual();
    const virtualImds = createImds({ clock, transport: cloud.inProcess.imds(instanceId) });
    const tokenCount = () => cloud.journal.filter(({ operation }) => operation === 'PUT').length;
    await virtualImds.readNotices();
    await clock.advance(5.5 * 3_600_000 - 1);
    await virtualImds.readNotices();
    expect(tokenCount()).toBe(1);
    await clock.advance(1);
    await virtualImds.readNotices();
    expect(tokenCount()).toBe(2);
  });

  test('a token that never arrives is a hop limit, after all retries', async () => {
    const { clock, cloud } = await virtual();
    cloud.knobs.hang('imds-token');
    const virtualImds = createImds({ clock, transport: cloud.inProcess.imds(instanceId) });
    const reading = expect(virtualImds.readInstance()).rejects.toMatchObject({ code: 'hop-limit' });
    await clock.advance(4 * 2_000 + 700);
    await reading;
    await cloud.close();
  });

  async function virtual() {
    const clock = createFakeClock();
    const cloud = createEmulator({ clock });
    const { vpcId } = cloud.addVpc({ cidr: '10.0.0.0/16' });
    const availabilityZone = 'us-west-2a';
    const { subnetId } = cloud.addSubnet({ vpcId, cidr: '10.0.0.0/24', availabilityZone });
    const node = await cloud.runInstance({ subnetId, instanceType: 'm5.large', instanceId });
    return { clock, cloud, node };
  }
});
