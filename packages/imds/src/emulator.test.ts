import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { createEmulator, type Emulator, type RunningInstance } from '@vpc-cni/aws-emulator';
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
