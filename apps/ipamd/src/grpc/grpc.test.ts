// Upstream's interface over a real socket, as the plugin, the policy agent and probes use it.
import { mkdir, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { MessageInitShape } from '@bufbuild/protobuf';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { IpAddress } from '@vpc-cni/ipam';
import { readConfig } from '../config.ts';
import { closed } from '../listen.ts';
import { Health } from './gen/grpc/health/v1/health_pb.ts';
import {
  type AddNetworkRequestSchema,
  CNIBackend,
  ConfigServerBackend,
  type DelNetworkRequestSchema,
} from './gen/rpc_pb.ts';
import { createGrpcClient, type GrpcClient, outcomeOf } from './grpc-client.fixture.ts';
import { type GrpcListener, grpcListeners } from './grpc-listeners.ts';
import { createGrpcNode, type GrpcNode } from './grpc-node.fixture.ts';
import { grpcServices } from './grpc-services.ts';
import type { NodeFacts } from './node-facts.ts';

const { addNetwork, delNetwork } = CNIBackend.method;

let runDirectory: string;
let node: GrpcNode;
let listeners: readonly GrpcListener[];
let client: GrpcClient;

beforeEach(async () => {
  runDirectory = await mkdtemp(join(tmpdir(), 'grpc-'));
  await mkdir(join(runDirectory, 'deferred-del'));
  listeners = [];
  await serve();
});
afterEach(async () => {
  await end();
  await rm(runDirectory, { recursive: true });
});

async function end() {
  client.close();
  await Promise.all(listeners.map(({ server }) => closed(server)));
}

async function serve(
  environment: Record<string, string> = {},
  facts: Partial<NodeFacts> = {},
  addresses: readonly IpAddress[] = ['10.0.41.99', '10.0.41.100'],
) {
  if (listeners.length > 0) await end();
  node = await createGrpcNode(runDirectory, { addresses }, facts);
  const config = readConfig({ AWS_VPC_K8S_CNI_RUN_DIR: runDirectory, ...environment });
  listeners = grpcListeners(config, grpcServices(node.options));
  for (const { listen } of listeners) await listen();
  client = createGrpcClient(`unix:${join(runDirectory, 'ipamd.sock')}`);
}

const pod = {
  K8SPODNAME: 'sample-pod',
  K8SPODNAMESPACE: 'default',
  K8SPODINFRACONTAINERID: 'abc',
  IfName: 'eth0',
  NetworkName: 'aws-cni',
  ContainerID: 'abc',
};
const add = (request: MessageInitShape<typeof AddNetworkRequestSchema> = {}) =>
  client.call(addNetwork, { ...pod, Netns: '/run/netns/abc', ...request });
const del = (request: MessageInitShape<typeof DelNetworkRequestSchema> = {}) =>
  client.call(delNetwork, { ...pod, Reason: 'PodDeleted', K8SPODUID: 'uid', ...request });
const heldBy = () => node.book.reservations().map(({ key, address }) => [key.containerId, address]);

const attachment = { networkName: 'aws-cni', containerId: 'abc', interfaceName: 'eth0' };
const diskFull = async () => {
  throw new Error('no space left on device');
};

/** Of the pod, on VLAN 7. */
const podEni = async () =>
  ({
    kind: 'found',
    address: '10.0.42.5',
    vlanId: 7,
    mac: '02:7f:de:ad:be:ef',
    router: '10.0.32.1',
    trunkLinkIndex: 4,
  }) as const;
const ON_BRANCH = { IPv4Addr: '10.0.42.5', IPv6Addr: '', DeviceNumber: -1, RouteTableId: 0 };

const EMPTY_ADD_REPLY = {
  Success: false,
  IPAllocationMetadata: [],
  UseExternalSNAT: false,
  VPCv4CIDRs: [],
  PodVlanId: 0,
  PodENIMAC: '',
  PodENISubnetGW: '',
  ParentIfIndex: 0,
  VPCv6CIDRs: [],
  NetworkPolicyMode: '',
};

describe('AddNetwork', () => {
  test('fills every field that an ordinary pod has', async () => {
    expect(await add()).toMatchObject({
      ...EMPTY_ADD_REPLY,
      Success: true,
      IPAllocationMetadata: [
        { IPv4Addr: '10.0.41.99', IPv6Addr: '', DeviceNumber: 1, RouteTableId: 2 },
      ],
      VPCv4CIDRs: ['10.0.0.0/16', '10.12.0.0/16'],
      NetworkPolicyMode: 'Standard',
    });
    expect(node.book.reservations()).toMatchObject([
      {
        key: attachment,
        metadata: { podNamespace: 'default', podName: 'sample-pod', interfacesCount: 1 },
      },
    ]);
  });

  test.each<[string, Partial<NodeFacts>, object]>([
    [
      'external SNAT',
      { usesExternalSnat: true, unmappedCidrs: ['10.0.0.0/16'] },
      { UseExternalSNAT: true, VPCv4CIDRs: ['10.0.0.0/16'] },
    ],
    ['no network policies', { networkPolicyMode: '' }, { NetworkPolicyMode: '' }],
  ])('tells of %s', async (_, facts, reply) => {
    await serve({}, facts);
    expect(await add()).toMatchObject(reply);
  });

  test('tells all that wiring a pod on an ENI of its own takes', async () => {
    node.whenAskedForPodEni(podEni);
    const reply = {
      ...EMPTY_ADD_REPLY,
      Success: true,
      IPAllocationMetadata: [ON_BRANCH],
      VPCv4CIDRs: ['10.0.0.0/16', '10.12.0.0/16'],
      PodVlanId: 7,
      PodENIMAC: '02:7f:de:ad:be:ef',
      PodENISubnetGW: '10.0.32.1',
      ParentIfIndex: 4,
      NetworkPolicyMode: 'Standard',
    };
    expect(await add()).toMatchObject(reply);
    expect(await add()).toMatchObject(reply);
    expect(heldBy()).toEqual([]);
  });

  test('of a pod whose ENI is not there yet is answered by an otherwise empty reply', async () => {
    const reason = 'branch-eni-pending';
    node.whenAskedForPodEni(async () => ({ kind: 'refused', reason, message: 'no annotation' }));
    expect(await add()).toMatchObject(EMPTY_ADD_REPLY);
    expect(heldBy()).toEqual([]);
  });

  test('repeated, gives the same address', async () => {
    const [first, second] = [await add(), await add()];
    expect(second.IPAllocationMetadata).toEqual(first.IPAllocationMetadata);
    expect(heldBy()).toEqual([['abc', '10.0.41.99']]);
  });

  test.each([
    ['no container', { ContainerID: '' }],
    ['no interface', { IfName: '' }],
    ['no network', { NetworkName: '' }],
    ['several network cards', { RequiresMultiNICAttachment: true }],
  ])('with %s is answered by an otherwise empty reply', async (_, request) => {
    expect(await add(request)).toMatchObject(EMPTY_ADD_REPLY);
    expect(heldBy()).toEqual([]);
  });

  test('without an address is answered by an otherwise empty reply', async () => {
    await add({ ContainerID: 'a' });
    await add({ ContainerID: 'b' });
    expect(await add({ ContainerID: 'c' })).toMatchObject(EMPTY_ADD_REPLY);
  });

  test('that cannot be made durable is answered by an otherwise empty reply', async () => {
    node.whenSaving(diskFull);
    expect(await add()).toMatchObject(EMPTY_ADD_REPLY);
    expect(heldBy()).toEqual([]);
  });

  test('gives different addresses to pods that come at once', async () => {
    const replies = await Promise.all(
      ['a', 'b', 'c', 'd'].map((ContainerID) => add({ ContainerID, K8SPODNAME: ContainerID })),
    );
    expect(replies.map(({ Success }) => Success)).toEqual([true, true, false, false]);
    expect(heldBy()).toEqual([
      ['a', '10.0.41.99'],
      ['b', '10.0.41.100'],
    ]);
  });

  test('of a client that goes away while it waits ends the waiting', async () => {
    await Promise.all(
      ['a', 'b'].map((ContainerID) => add({ ContainerID, K8SPODNAME: ContainerID })),
    );
    const leaving = new AbortController();
    const given = new Promise((resolve) =>
      node.whenEmpty((signal) => {
        leaving.abort();
        return new Promise((_, reject) =>
          signal.addEventListener('abort', () => {
            reject(signal.reason);
            resolve('given up');
          }),
        );
      }),
    );
    const call = client.call(addNetwork, { ...pod, ContainerID: 'c' }, { signal: leaving.signal });
    expect(await outcomeOf(call)).toMatch(/^CANCELLED/);
    expect(await given).toBe('given up');
    expect(heldBy()).toHaveLength(2);
  });

  test('ends with the DelNetwork of its attachment', async () => {
    for (const ContainerID of ['a', 'b']) await add({ ContainerID, K8SPODNAME: ContainerID });
    const waits = new Promise<void>((resolve) =>
      node.whenEmpty((signal) => {
        resolve();
        return new Promise((_, reject) =>
          signal.addEventListener('abort', () => reject(signal.reason)),
        );
      }),
    );
    const adding = add();
    await waits;
    expect(await outcomeOf(del())).toBe('UNKNOWN: datastore: unknown pod');
    expect(await adding).toMatchObject(EMPTY_ADD_REPLY);
  });

  test('keeps nothing when that of the pod’s next sandbox comes before it is answered', async () => {
    let endSave = () => {};
    const saves = new Promise<void>((resolve) =>
      node.whenSaving(() => {
        resolve();
        return new Promise((saved) => (endSave = saved));
      }),
    );
    const before = add({ ContainerID: 'a' });
    await saves;
    node.whenSaving(async () => {});
    expect(await add({ ContainerID: 'b' })).toMatchObject({ Success: true });
    endSave();
    expect(await before).toMatchObject(EMPTY_ADD_REPLY);
    expect(heldBy().map(([containerId]) => containerId)).toEqual(['b']);
  });

  test.each([
    ['keeps none that is new', [], []],
    ['keeps the one it had', ['abc'], [['abc', '10.0.41.99']]],
  ])('of a client that goes away before it is answered %s', async (_, earlier, left) => {
    for (const ContainerID of earlier) await add({ ContainerID });
    const leaving = new AbortController();
    let endSave = () => {};
    node.whenSaving(() => {
      leaving.abort();
      return new Promise((resolve) => (endSave = resolve));
    });
    const call = client.call(addNetwork, pod, { signal: leaving.signal });
    expect(await outcomeOf(call)).toMatch(/^CANCELLED/);
    // In the same connection, so after the cancellation.
    await client.call(Health.method.check, {});
    node.whenSaving(async () => {});
    endSave();
    await node.options.queue.run(attachment, async () => {});
    expect(heldBy()).toEqual(left);
  });
});

describe('DelNetwork', () => {
  test('fills every field, and the address cools down', async () => {
    await add();
    expect(await del()).toMatchObject({
      Success: true,
      IPAllocationMetadata: [
        { IPv4Addr: '10.0.41.99', IPv6Addr: '', DeviceNumber: 1, RouteTableId: 2 },
      ],
      PodVlanId: 0,
      NetworkPolicyMode: 'Standard',
    });
    expect(heldBy()).toEqual([]);
    expect(await add({ ContainerID: 'b' })).toMatchObject({
      IPAllocationMetadata: [{ IPv4Addr: '10.0.41.100' }],
    });
  });

  test('tells the VLAN of a pod that has an ENI of its own', async () => {
    node.whenAskedForPodEni(podEni);
    await add();
    expect(await del()).toMatchObject({
      Success: true,
      IPAllocationMetadata: [ON_BRANCH],
      PodVlanId: 7,
    });
    expect(await outcomeOf(del())).toBe('UNKNOWN: datastore: unknown pod');
  });

  test('of a pod whose ENI was taken away names table 0, which means every table', async () => {
    await add();
    node.book.loseEni('eni-1');
    expect(await del()).toMatchObject({
      IPAllocationMetadata: [{ IPv4Addr: '10.0.41.99', DeviceNumber: 0, RouteTableId: 0 }],
    });
  });

  test.each([
    ['a pod that never was', {}],
    ['another interface', { IfName: 'eth1' }],
    ['another network', { NetworkName: 'other' }],
    ['nothing at all', { ContainerID: '', IfName: '', NetworkName: '' }],
  ])('of %s is an error that the plugin knows', async (_, request) => {
    if (Object.keys(request).length > 0) await add();
    const before = heldBy();
    expect(await outcomeOf(del(request))).toBe('UNKNOWN: datastore: unknown pod');
    expect(heldBy()).toEqual(before);
  });

  test('that cannot be made durable is an error that the plugin does not take for success', async () => {
    await add();
    node.whenSaving(diskFull);
    expect(await outcomeOf(del())).toMatch(/^INTERNAL|^UNKNOWN: (?!.*unknown pod)/);
    node.whenSaving(async () => {});
    expect(await outcomeOf(del())).toBe('UNKNOWN: datastore: unknown pod');
  });
});

describe('versions', () => {
  test.each([
    ['', 'OK'],
    ['1.2.3', 'OK'],
    ['v1.23.1', 'FAILED_PRECONDITION: wrong client version "v1.23.1" (!= "1.2.3")'],
  ])('a client of version %j is answered %s', async (ClientVersion, outcome) => {
    expect(await outcomeOf(add({ ClientVersion }))).toBe(outcome);
    await add();
    expect(await outcomeOf(del({ ClientVersion }))).toBe(outcome);
  });

  test('requests are counted whatever their version', async () => {
    await outcomeOf(add({ ClientVersion: 'v1.23.1' }));
    await outcomeOf(del({ ClientVersion: 'v1.23.1', Reason: 'SetupNSFailed' }));
    const { addRequests, delRequests } = node.options.metrics;
    expect((await addRequests.get()).values).toMatchObject([{ value: 1 }]);
    expect((await delRequests.get()).values).toMatchObject([
      { labels: { reason: 'SetupNSFailed' }, value: 1 },
    ]);
  });
});

describe('the CNI socket', () => {
  const conf = JSON.stringify({ cniVersion: '1.0.0', name: 'aws-cni', type: 'aws-cni' });
  const environment = {
    CNI_CONTAINERID: 'abc',
    CNI_IFNAME: 'eth0',
    CNI_NETNS: '/run/netns/abc',
    CNI_PATH: '/opt/cni/bin',
    CNI_ARGS: 'K8S_POD_NAMESPACE=default;K8S_POD_NAME=sample-pod',
  };
  const cni = (CNI_COMMAND: string) =>
    node.cni.answer(
      { environment: { ...environment, CNI_COMMAND }, stdin: conf },
      new AbortController().signal,
    );

  test('takes down what was added over gRPC', async () => {
    await add();
    expect(await cni('DEL')).toMatchObject({ exitCode: 0 });
    expect(node.tornDown).toEqual(['10.0.41.99']);
    expect(heldBy()).toEqual([]);
    expect(await outcomeOf(del())).toBe('UNKNOWN: datastore: unknown pod');
  });

  test('adds what gRPC takes down', async () => {
    expect(await cni('ADD')).toMatchObject({ exitCode: 0 });
    expect(await del()).toMatchObject({ IPAllocationMetadata: [{ IPv4Addr: '10.0.41.99' }] });
    expect(heldBy()).toEqual([]);
  });

  test('the policy agent is asked by whoever wires the pod: not by the daemon for callers over gRPC', async () => {
    await serve({}, {}, ['10.0.41.99', '10.0.41.100', '10.0.41.101']);
    expect(await add()).toMatchObject({ NetworkPolicyMode: 'Standard' });
    expect(await del()).toMatchObject({ NetworkPolicyMode: 'Standard' });
    expect(node.askedOfAgent).toEqual([]);
    await cni('ADD');
    await del();
    expect(node.askedOfAgent).toEqual(['enforce sample-pod']);
    await add();
    await cni('DEL');
    expect(node.askedOfAgent).toEqual(['enforce sample-pod', 'forget sample-pod']);
  });

  test('an ADD over gRPC comes after the deferred DEL of its attachment', async () => {
    await add();
    const headers = 'Cni-Command: DEL\r\nCni-Containerid: abc\r\nCni-Ifname: eth0\r\nCni-Path: /x';
    await writeFile(
      join(runDirectory, 'deferred-del', 'abc:eth0'),
      `POST /v1/cni HTTP/1.1\r\n${headers}\r\nContent-Length: ${conf.length}\r\n\r\n${conf}`,
    );
    expect(await add()).toMatchObject({ IPAllocationMetadata: [{ IPv4Addr: '10.0.41.100' }] });
    expect(node.tornDown).toEqual(['10.0.41.99']);
  });

  test('both ways at once leave one address or none', async () => {
    await Promise.all([add(), cni('ADD'), outcomeOf(del()), cni('DEL'), add()]);
    expect(heldBy().length).toBeLessThanOrEqual(1);
    await cni('DEL');
    expect(heldBy()).toEqual([]);
  });
});

test('GetNetworkPolicyConfigs tells what the policy agent wants to know', async () => {
  const { getNetworkPolicyConfigs } = ConfigServerBackend.method;
  expect(await client.call(getNetworkPolicyConfigs, {})).toMatchObject({
    NetworkPolicyMode: 'Standard',
    MultiNICEnabled: false,
    NodeIPv4: '10.0.0.4',
    NodeIPv6: '',
    InstanceID: 'i-0123456789abcdef0',
    Region: 'eu-central-1',
  });
});

test('in an IPv6 cluster addresses, CIDRs and the node are told as such', async () => {
  const facts: Partial<NodeFacts> = {
    podFamily: 'ipv6',
    unmappedCidrs: ['2001:db8::/56'],
    nodeAddress: '2001:db8::4',
  };
  await serve({}, facts, ['2001:db8:0:1:1::']);
  const place = { IPv4Addr: '', IPv6Addr: '2001:db8:0:1:1::', DeviceNumber: 1, RouteTableId: 2 };
  expect(await add()).toMatchObject({
    ...EMPTY_ADD_REPLY,
    Success: true,
    IPAllocationMetadata: [place],
    VPCv6CIDRs: ['2001:db8::/56'],
    NetworkPolicyMode: 'Standard',
  });
  expect(await del()).toMatchObject({ Success: true, IPAllocationMetadata: [place] });
  const { getNetworkPolicyConfigs } = ConfigServerBackend.method;
  expect(await client.call(getNetworkPolicyConfigs, {})).toMatchObject({
    NodeIPv4: '',
    NodeIPv6: '2001:db8::4',
  });
});

describe('listeners', () => {
  test('the socket is for root and its group', async () => {
    expect((await stat(join(runDirectory, 'ipamd.sock'))).mode & 0o777).toBe(0o660);
  });

  test('TCP serves too if it is asked for, and by default does not', async () => {
    const overTcp = createGrpcClient('127.0.0.1:50051');
    try {
      expect(listeners).toHaveLength(1);
      await serve({ AWS_VPC_K8S_CNI_GRPC_ON_TCP: 'true' });
      expect(listeners).toHaveLength(2);
      await add();
      expect(await outcomeOf(overTcp.call(delNetwork, pod))).toBe('OK');
      expect(heldBy()).toEqual([]);
    } finally {
      overTcp.close();
    }
  });

  test('ending a listener ends the calls of its clients', async () => {
    await Promise.all(
      ['a', 'b'].map((ContainerID) => add({ ContainerID, K8SPODNAME: ContainerID })),
    );
    const isWaiting = new Promise<void>((resolve) =>
      node.whenEmpty(() => {
        resolve();
        return new Promise(() => {});
      }),
    );
    const waiting = outcomeOf(add({ ContainerID: 'c' }));
    await isWaiting;
    await Promise.all(listeners.map(({ server }) => closed(server)));
    expect(await waiting).toMatch(/^(UNAVAILABLE|INTERNAL|CANCELLED)/);
  });
});
