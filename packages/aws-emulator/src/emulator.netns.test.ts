import { execFile, execFileSync } from 'node:child_process';
import {
  AssignPrivateIpAddressesCommand,
  AttachNetworkInterfaceCommand,
  CreateNetworkInterfaceCommand,
  DetachNetworkInterfaceCommand,
  EC2Client,
  UnassignPrivateIpAddressesCommand,
} from '@aws-sdk/client-ec2';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createEmulator, type Emulator } from './emulator.ts';
import { createFabric } from './fabric/create-fabric.ts';
import type { Fabric, FabricNode } from './fabric/fabric.ts';
import { EC2_ENDPOINT_ADDRESS, IMDS_ADDRESS } from './fabric/fabric-plan.ts';
import { runIpBatch } from './fabric/ip-batch.ts';
import { probe, startWitness, type Witness } from './fabric/packet-probe.ts';
import type { RunningInstance } from './snapshot.ts';

const SHORT_MS = 400;
const METADATA_CLIENT = `
  const base = 'http://${IMDS_ADDRESS}/latest/';
  const ttl = { 'x-aws-ec2-metadata-token-ttl-seconds': '60' };
  const token = await (await fetch(base + 'api/token', { method: 'PUT', headers: ttl })).text();
  const headers = { 'x-aws-ec2-metadata-token': token };
  console.log(await (await fetch(base + 'meta-data/' + process.argv[1], { headers })).text());`;

let fabric: Fabric;
let emulator: Emulator;
let ec2: EC2Client;
let one: { readonly node: FabricNode; readonly instance: RunningInstance };
let two: { readonly node: FabricNode; readonly instance: RunningInstance };
let witness: Witness;

beforeAll(async () => {
  fabric = await createFabric({ prefix: 'emulated', vpcCidrs: ['10.0.0.0/16'] });
  emulator = createEmulator({ fabric });
  const { vpcId } = emulator.addVpc({ cidr: '10.0.0.0/16' });
  const { subnetId } = emulator.addSubnet({
    vpcId,
    cidr: '10.0.1.0/24',
    availabilityZone: 'us-west-2a',
  });
  const run = async (name: string, instanceId: `i-${string}`) => {
    const node = await fabric.addNode(name);
    fabric.bindInstance(instanceId, name);
    const request = { subnetId, instanceType: 'm5.large', instanceId, publicAddress: true };
    return { node, instance: await emulator.runInstance(request) };
  };
  one = await run('one', 'i-1');
  two = await run('two', 'i-2');
  await emulator.listenImds({ host: IMDS_ADDRESS, port: 80 });
  const { url } = await emulator.listenEc2({ host: EC2_ENDPOINT_ADDRESS, port: 80 });
  const credentials = { accessKeyId: 'any', secretAccessKey: 'any' };
  ec2 = new EC2Client({ region: emulator.region, endpoint: url, credentials, maxAttempts: 1 });
  witness = await startWitness(two.node.netnsPath);
});

afterAll(async () => {
  ec2.destroy();
  await witness.stop();
  await emulator.close();
  await fabric.close();
});

// Not execFileSync: the metadata service answers from this very process.
const metadataIn = ({ netns }: FabricNode, path: string) =>
  new Promise<string>((resolve) => {
    const client = [process.execPath, '--input-type=module', '-e', METADATA_CLIENT, path];
    execFile('ip', ['netns', 'exec', netns, ...client], (_error, stdout) => resolve(stdout.trim()));
  });

const macsOf = ({ netns }: FabricNode): readonly string[] =>
  JSON.parse(execFileSync('ip', ['-json', '-n', netns, 'link'], { encoding: 'utf8' })).map(
    ({ address }: { address: string }) => address,
  );

test('each node reads its own metadata by its source address', async () => {
  expect(await metadataIn(one.node, 'instance-id')).toBe('i-1');
  expect(await metadataIn(two.node, 'instance-id')).toBe('i-2');
  expect(await metadataIn(two.node, 'mac')).toBe(two.instance.primaryMac);
});

test('an address reaches an instance exactly while EC2 says it is assigned', async () => {
  const NetworkInterfaceId = two.instance.primaryEniId;
  const reach = (timeoutMs?: number) =>
    probe({ from: one.node, to: '10.0.1.77', ...(timeoutMs === undefined ? {} : { timeoutMs }) });
  await runIpBatch(['address add 10.0.1.77/32 dev lo'], { netns: two.node.netns });
  expect(await reach(SHORT_MS)).toMatch(/^(EHOSTUNREACH|nothing)$/);
  const PrivateIpAddresses = ['10.0.1.77'];
  await ec2.send(new AssignPrivateIpAddressesCommand({ NetworkInterfaceId, PrivateIpAddresses }));
  expect(await reach()).toBe(one.instance.primaryAddress);
  await ec2.send(new UnassignPrivateIpAddressesCommand({ NetworkInterfaceId, PrivateIpAddresses }));
  expect(await reach(SHORT_MS)).toMatch(/^(EHOSTUNREACH|nothing)$/);
});

test('packets follow an address that somebody moves, and an ENI that somebody detaches', async () => {
  const { outside } = emulator;
  const eni = await outside.createEni({ subnetId: two.instance.subnetId });
  await outside.attachEni(eni.eniId, { instanceId: 'i-2', deviceIndex: 1 });
  expect(macsOf(two.node)).toContain(eni.mac);
  await outside.moveAddress('10.0.1.78', one.instance.primaryEniId);
  await runIpBatch(['address add 10.0.1.78/32 dev lo'], { netns: two.node.netns });
  const reach = () => probe({ from: one.node, to: '10.0.1.78', timeoutMs: SHORT_MS });
  expect(await reach()).toMatch(/^(EHOSTUNREACH|nothing|ECONNREFUSED)$/);
  await outside.moveAddress('10.0.1.78', two.instance.primaryEniId);
  expect(await probe({ from: one.node, to: '10.0.1.78' })).toBe(one.instance.primaryAddress);
  await outside.deleteEni(eni.eniId);
  expect(macsOf(two.node)).not.toContain(eni.mac);
});

test('an ENI appears in its node with its MAC when attached, and leaves when detached', async () => {
  const { NetworkInterface: eni } = await ec2.send(
    new CreateNetworkInterfaceCommand({ SubnetId: two.instance.subnetId }),
  );
  const mac = String(eni?.MacAddress);
  const { AttachmentId } = await ec2.send(
    new AttachNetworkInterfaceCommand({
      NetworkInterfaceId: eni?.NetworkInterfaceId,
      InstanceId: 'i-2',
      DeviceIndex: 1,
    }),
  );
  expect(macsOf(two.node)).toContain(mac);
  expect(await metadataIn(two.node, `network/interfaces/macs/${mac}/device-number`)).toBe('1');
  await ec2.send(new DetachNetworkInterfaceCommand({ AttachmentId }));
  expect(macsOf(two.node)).not.toContain(mac);
});

test('a node with a public address is seen under it from the internet', async () => {
  const internet = await startWitness(fabric.internet.netnsPath);
  const seenAs = await probe({ from: one.node, to: fabric.internet.address });
  await internet.stop();
  expect(seenAs).toBe(one.instance.publicAddress);
});
