import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createApiClient } from '@vpc-cni/kubernetes';
import { createKubernetesEmulator, type KubernetesEmulator } from '@vpc-cni/kubernetes-emulator';
import type { AddressPort, HeldAddress } from '@vpc-cni/plugin';
import { createFakeClock, type FakeClock } from '@vpc-cni/testing';
import { createRecordingLogger, type LogLine } from '../recording-logger.fixture.ts';
import { annotatingPodIps } from './annotate-pod-ips.ts';

// ANNOTATE_POD_IP, against an API server on a clock that is moved by hand.

const key = { networkName: 'aws-cni', containerId: 'c', interfaceName: 'eth0' };
const identity = { podNamespace: 'default', podName: 'web' };
const podName = { apiVersion: 'v1', kind: 'Pod', namespace: 'default', name: 'web' };

let clock: FakeClock;
let cluster: KubernetesEmulator;
let addresses: AddressPort;
let held: HeldAddress | undefined;
let lines: LogLine[];
const { signal } = new AbortController();

beforeEach(() => {
  clock = createFakeClock();
  cluster = createKubernetesEmulator({ clock });
  cluster.create({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'web', namespace: 'default', annotations: { other: 'kept' } },
    spec: { containers: [] },
  });
  held = undefined;
  lines = [];
  addresses = annotatingPodIps(
    oneAddress(),
    { client: createApiClient({ transport: cluster.inProcess, clock }) },
    { clock, signal, log: createRecordingLogger(lines) },
  );
});
afterEach(() => cluster.close());

/** An address book with 10.0.0.7 in it. */
const oneAddress = (): AddressPort => ({
  reserve: async () => {
    const isNew = held === undefined;
    const eni = { deviceNumber: 0, routeTableId: 254 };
    const placed = { key, ...identity, address: '10.0.0.7', eni };
    held = placed;
    return { kind: 'reserved', held: [placed], isNew };
  },
  find: async () => (held === undefined ? [] : [held]),
  identify: async () => [],
  release: async () => {
    held = undefined;
  },
  list: async () => [],
});

const annotations = () => cluster.find(podName)?.metadata['annotations'];
const reserve = () => addresses.reserve(key, identity, { signal });

test('a pod has its address in an annotation before the ADD is answered', async () => {
  expect(await reserve()).toMatchObject({ kind: 'reserved' });
  expect(annotations()).toEqual({ other: 'kept', 'vpc.amazonaws.com/pod-ips': '10.0.0.7' });
});

test('a repeated ADD changes nothing', async () => {
  await reserve();
  await reserve();
  expect(cluster.journal.filter(({ verb }) => verb === 'patch')).toHaveLength(1);
});

describe('an ADD that cannot annotate', () => {
  beforeEach(() => {
    const failure = { status: 403, reason: 'Forbidden', message: 'no', count: 99 } as const;
    cluster.knobs.failNext({ verb: 'patch' }, failure);
  });

  test('is refused with the missing rule, and keeps nothing', async () => {
    expect(await reserve()).toEqual({
      kind: 'refused',
      reason: 'kubernetes',
      message: expect.stringContaining('resources ["pods"], verbs ["patch"]'),
    });
    expect(held).toBeUndefined();
  });

  test('keeps what an earlier ADD got', async () => {
    const eni = { deviceNumber: 0, routeTableId: 254 };
    held = { key, ...identity, address: '10.0.0.7', eni } as HeldAddress;
    expect(await reserve()).toMatchObject({ kind: 'refused' });
    expect(held).toBeDefined();
  });
});

test('an API server that hangs holds an ADD no longer than its deadline', async () => {
  cluster.knobs.hang({});
  const reserving = reserve();
  await clock.advance(10_000);
  expect(await reserving).toMatchObject({ reason: 'kubernetes' });
});

describe('a DEL', () => {
  beforeEach(async () => {
    await reserve();
  });

  test('empties the annotation', async () => {
    await addresses.release(key);
    await clock.advance(0);
    expect(annotations()).toEqual({ other: 'kept', 'vpc.amazonaws.com/pod-ips': '' });
  });

  test('leaves the annotation of another address', async () => {
    const other = { annotations: { 'vpc.amazonaws.com/pod-ips': '10.0.0.8' } };
    cluster.change(podName, { metadata: other });
    await addresses.release(key);
    await clock.advance(0);
    expect(annotations()).toMatchObject(other.annotations);
  });

  test('of a pod that is gone says nothing', async () => {
    cluster.remove(podName);
    await addresses.release(key);
    await clock.advance(0);
    expect(lines).toEqual([]);
  });

  test('does not wait for the API server, and tells what stays', async () => {
    cluster.knobs.hang({});
    await addresses.release(key);
    expect(held).toBeUndefined();
    await clock.advance(10_000);
    expect(lines).toMatchObject([
      { level: 'warn', text: 'the annotation of a lost address stays' },
    ]);
  });
});
