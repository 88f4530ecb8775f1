import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { createApiClient } from '@vpc-cni/kubernetes';
import { createKubernetesEmulator, type KubernetesEmulator } from '@vpc-cni/kubernetes-emulator';
import { createFakeClock, type FakeClock } from '@vpc-cni/testing';
import { createRecordingLogger, type LogLine } from '../recording-logger.fixture.ts';
import { keepFeatures } from './cni-node-features.ts';

const name = { apiVersion: 'vpcresources.k8s.aws/v1alpha1', kind: 'CNINode', name: 'a' };
const features = [
  { name: 'CustomNetworking', value: 'us-west-2a' },
  { name: 'SecurityGroupsForPods' },
] as const;

let clock: FakeClock;
let cluster: KubernetesEmulator;
let ending: AbortController;
let lines: LogLine[];
let keeping: Promise<void>;

beforeEach(() => {
  clock = createFakeClock();
  cluster = createKubernetesEmulator({ clock });
  ending = new AbortController();
  lines = [];
  const client = createApiClient({ transport: cluster.inProcess, clock });
  const { signal } = ending;
  const log = createRecordingLogger(lines);
  keeping = keepFeatures({ clock, log, signal }, { client, nodeName: 'a' }, () => features);
});
afterEach(async () => {
  ending.abort();
  await keeping;
  await cluster.close();
});

const create = (spec = {}) => cluster.create({ ...name, metadata: { name: 'a' }, spec });
const patches = () => cluster.journal.filter(({ verb }) => verb === 'patch');

test('waits for the object, which the controller makes, and says so once', async () => {
  await clock.advance(60_000);
  expect(lines).toMatchObject([{ level: 'warn', text: 'the CNINode lacks a feature' }]);
  create();
  await clock.advance(5_000);
  expect(cluster.find(name)).toMatchObject({ spec: { features } });
});

test('writes each once, and beside those of others', async () => {
  create({ features: [{ name: 'Other' }] });
  await clock.advance(3_600_000);
  expect(cluster.find(name)).toMatchObject({
    spec: { features: [{ name: 'Other' }, ...features] },
  });
  expect(patches()).toHaveLength(2);
});

test('writes them again when somebody made the object anew', async () => {
  create();
  await clock.advance(10_000);
  cluster.remove(name);
  create();
  await clock.advance(600_000);
  expect(cluster.find(name)).toMatchObject({ spec: { features } });
});

test('a conflict is no trouble', async () => {
  await clock.advance(0);
  lines.length = 0; // it was not there yet
  create();
  cluster.knobs.failNext({ verb: 'patch' }, { status: 409, reason: 'Conflict', count: 2 });
  await clock.advance(10_000);
  expect(cluster.find(name)).toMatchObject({ spec: { features } });
  expect(lines.filter(({ level }) => level === 'warn')).toEqual([]);
});
