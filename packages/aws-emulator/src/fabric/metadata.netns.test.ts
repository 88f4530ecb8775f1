import { afterAll, beforeAll, expect, test } from '@jest/globals';
import {
  addExamplePod,
  createExampleVpc,
  type ExamplePod,
  type ExampleVpc,
  NODE_ONE,
} from './example-vpc.ts';
import { EC2_ENDPOINT_ADDRESS, IMDS_ADDRESS } from './fabric-plan.ts';
import { probe, startWitness, type Witness } from './packet-probe.ts';

const POD = '10.0.1.50';
const SHORT_MS = 400;

let vpc: ExampleVpc;
let pod: ExamplePod;
let servers: Witness;

beforeAll(async () => {
  vpc = await createExampleVpc(1);
  pod = await addExamplePod(vpc.one, { name: 'a', address: POD });
  await vpc.fabric.assign('eni-1', [POD]);
  servers = await startWitness();
});

afterAll(async () => {
  await servers.stop();
  await pod.remove();
  await vpc.fabric.close();
});

test('with hop limit 1 metadata answers the node and not its pods', async () => {
  expect(await probe({ from: vpc.one, to: IMDS_ADDRESS })).toBe(NODE_ONE);
  expect(await probe({ from: pod, to: IMDS_ADDRESS, timeoutMs: SHORT_MS })).toBe('nothing');
});

test('the EC2 endpoint answers pods whatever the hop limit', async () => {
  expect(await probe({ from: pod, to: EC2_ENDPOINT_ADDRESS })).toBe(POD);
});

test('with hop limit 2 metadata answers both', async () => {
  await vpc.fabric.addInstance({ instanceId: 'i-1', metadataHopLimit: 2 });
  expect(await probe({ from: vpc.one, to: IMDS_ADDRESS })).toBe(NODE_ONE);
  expect(await probe({ from: pod, to: IMDS_ADDRESS })).toBe(POD);
});
