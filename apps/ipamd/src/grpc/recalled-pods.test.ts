// DELs of the AWS VPC CNI's plugin for pods on ENIs of their own that another daemon wired before a migration.
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { createApiClient } from '@vpc-cni/kubernetes';
import { createKubernetesEmulator, type KubernetesEmulator } from '@vpc-cni/kubernetes-emulator';
import { podEniRecaller } from '../branch/recall-pod-eni.ts';
import { readConfig } from '../config.ts';
import { closed } from '../listen.ts';
import { createRecordingLogger, type LogLine } from '../recording-logger.fixture.ts';
import { CNIBackend } from './gen/rpc_pb.ts';
import { createGrpcClient, type GrpcClient, outcomeOf } from './grpc-client.fixture.ts';
import { type GrpcListener, grpcListeners } from './grpc-listeners.ts';
import { createGrpcNode, type GrpcNode } from './grpc-node.fixture.ts';
import { grpcServices } from './grpc-services.ts';

const KEY = 'vpc.amazonaws.com/pod-eni';
const ENI = {
  eniId: 'eni-0123456789abcdef0',
  ifAddress: '02:7f:de:ad:be:ef',
  privateIp: '10.0.42.5',
  ipv6Addr: '2600:1f14::5',
  vlanId: 7,
  subnetCidr: '10.0.32.0/19',
  subnetV6Cidr: '2600:1f14::/64',
};
const ANNOTATION = JSON.stringify([ENI]);
const UNKNOWN_POD = 'UNKNOWN: datastore: unknown pod';

let runDirectory: string;
let cluster: KubernetesEmulator;
let node: GrpcNode;
let listeners: readonly GrpcListener[];
let client: GrpcClient;
let lines: LogLine[];

beforeEach(async () => {
  runDirectory = await mkdtemp(join(tmpdir(), 'grpc-recalled-'));
  await mkdir(join(runDirectory, 'deferred-del'));
  cluster = createKubernetesEmulator();
  lines = [];
  await serve('ipv4');
});
afterEach(async () => {
  await end();
  await cluster.close();
  await rm(runDirectory, { recursive: true });
});

async function serve(family: 'ipv4' | 'ipv6') {
  node = await createGrpcNode(runDirectory, { addresses: ['10.0.41.99'] }, { podFamily: family });
  const api = { client: createApiClient({ transport: cluster.inProcess }) };
  const log = createRecordingLogger(lines);
  const recallPodEni = podEniRecaller(api, { family, mode: 'strict', log });
  const config = readConfig({ AWS_VPC_K8S_CNI_RUN_DIR: runDirectory });
  listeners = grpcListeners(config, grpcServices({ ...node.options, recallPodEni }));
  for (const { listen } of listeners) await listen();
  client = createGrpcClient(`unix:${join(runDirectory, 'ipamd.sock')}`);
}

async function end() {
  client.close();
  await Promise.all(listeners.map(({ server }) => closed(server)));
}

/** @returns its UID. */
function createPod({ annotation = ANNOTATION, wantsEni = true } = {}): string {
  const limits = wantsEni ? { [KEY]: '1' } : {};
  const { metadata } = cluster.create({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'web', namespace: 'default', annotations: { [KEY]: annotation } },
    spec: { containers: [{ name: 'main', image: 'any', resources: { limits } }] },
  });
  return String(metadata['uid']);
}

const request = (ContainerID = 'abc') => ({
  K8SPODNAME: 'web',
  K8SPODNAMESPACE: 'default',
  IfName: 'eth0',
  NetworkName: 'aws-cni',
  ContainerID,
});
const del = (K8SPODUID: string) =>
  client.call(CNIBackend.method.delNetwork, { ...request(), Reason: 'PodDeleted', K8SPODUID });

test('its VLAN and address are those of its annotation', async () => {
  expect(await del(createPod())).toMatchObject({
    Success: true,
    IPAllocationMetadata: [{ IPv4Addr: '10.0.42.5', DeviceNumber: -1, RouteTableId: 0 }],
    PodVlanId: 7,
  });
});

test('its address is an IPv6 one in an IPv6 cluster, and told as such', async () => {
  await end();
  await serve('ipv6');
  expect(await del(createPod())).toMatchObject({
    IPAllocationMetadata: [{ IPv4Addr: '', IPv6Addr: '2600:1f14::5' }],
    PodVlanId: 7,
  });
});

test.each([
  { name: 'that is gone', uidOf: () => 'gone' },
  { name: 'whose name another pod has by now', uidOf: () => `not-${createPod()}` },
  { name: 'of which the runtime tells no UID', uidOf: () => createPod() && '' },
  { name: 'that asks for no ENI', uidOf: () => createPod({ wantsEni: false }) },
  { name: 'whose annotation has no address', uidOf: () => createPod({ annotation: '[{}]' }) },
])('a pod $name holds nothing, and can end', async ({ uidOf }) => {
  expect(await outcomeOf(del(uidOf()))).toBe(UNKNOWN_POD);
});

test('an annotation that cannot be read is told to operators', async () => {
  await outcomeOf(del(createPod({ annotation: 'eni-1' })));
  expect(lines).toMatchObject([{ level: 'warn', facts: { podName: 'web' } }]);
});

test('a VLAN that the pod’s next sandbox has is left to it', async () => {
  const uid = createPod();
  const { vlanId, ifAddress: mac, privateIp: address } = ENI;
  const place = { address, vlanId, mac, router: '10.0.32.1', trunkLinkIndex: 4 };
  node.whenAskedForPodEni(async () => ({ kind: 'found', ...place }));
  await client.call(CNIBackend.method.addNetwork, { ...request('next'), Netns: '/run/netns/next' });
  expect(await outcomeOf(del(uid))).toBe(UNKNOWN_POD);
});

test('while Kubernetes does not answer the plugin has to come back', async () => {
  const uid = createPod();
  await cluster.knobs.setUnavailable('refused');
  expect(await outcomeOf(del(uid))).toMatch(/^UNAVAILABLE: .*default\/web/);
  await cluster.knobs.setUnavailable(false);
  expect(await del(uid)).toMatchObject({ PodVlanId: 7 });
});
