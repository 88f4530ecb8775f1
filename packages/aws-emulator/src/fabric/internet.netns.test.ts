import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { createExampleVpc, type ExampleVpc, NODE_ONE, NODE_TWO } from './example-vpc.ts';
import { runIpBatch } from './ip-batch.ts';
import { probe, sendOneWay, startWitness, type Witness } from './packet-probe.ts';

const PUBLIC = '203.0.113.7';
const NAT_GATEWAY = '203.0.113.254';
const SHORT_MS = 400;
const mapping = { privateAddress: NODE_ONE, publicAddress: PUBLIC };

let vpc: ExampleVpc;
let witnesses: Readonly<Record<'internet' | 'one' | 'two', Witness>>;

beforeAll(async () => {
  vpc = await createExampleVpc();
  witnesses = {
    internet: await startWitness(vpc.fabric.internet.netnsPath),
    one: await startWitness(vpc.one.netnsPath),
    two: await startWitness(vpc.two.netnsPath),
  };
});

afterEach(async () => {
  await vpc.fabric.unmapPublic(mapping);
});

afterAll(async () => {
  await Promise.all(Object.values(witnesses).map((witness) => witness.stop()));
  await vpc.fabric.close();
});

/** From node one to the internet; node two gets there by the NAT gateway whatever the mappings. */
const outbound = () => {
  const to = vpc.fabric.internet.address;
  const certain = { from: vpc.two, to };
  return sendOneWay({ from: vpc.one, to, witness: witnesses.internet, certain });
};

/** From the internet to node one's public address; node two reaches it inside the VPC. */
const inbound = () =>
  sendOneWay({
    from: vpc.fabric.internet,
    to: PUBLIC,
    witness: witnesses.one,
    certain: { from: vpc.two, to: NODE_ONE },
  });

test('a private source without a public address is dropped at the gateway', async () => {
  expect(await outbound()).toBe('dropped');
});

test('a node with a public address is seen as that, and is reached by it', async () => {
  await vpc.fabric.mapPublic(mapping);
  const { internet } = vpc.fabric;
  expect(await probe({ from: vpc.one, to: internet.address })).toBe(PUBLIC);
  expect(await probe({ from: internet, to: PUBLIC })).toBe(internet.address);
});

test('only the mapped address of a node is translated', async () => {
  await vpc.fabric.mapPublic(mapping);
  await vpc.fabric.assign('eni-1', ['10.0.1.11']);
  const pod = { from: vpc.one, to: vpc.fabric.internet.address, source: '10.0.1.11' };
  await runIpBatch(['address add 10.0.1.11/32 dev eth0'], { netns: vpc.one.netns });
  expect(await probe({ ...pod, timeoutMs: SHORT_MS })).toBe('nothing');
  expect(await probe({ ...pod, to: NODE_TWO })).toBe('10.0.1.11');
});

test('flows that a mapping carries end with it, in both directions', async () => {
  await vpc.fabric.mapPublic(mapping);
  expect(await outbound()).toBe(PUBLIC);
  expect(await inbound()).toBe(vpc.fabric.internet.address);
  await vpc.fabric.unmapPublic(mapping);
  expect(await outbound()).toBe('dropped');
  expect(await inbound()).toBe('dropped');
});

test('a private subnet leaves by the NAT gateway, even with a public address', async () => {
  const fromTwo = { from: vpc.two, to: vpc.fabric.internet.address };
  expect(await probe(fromTwo)).toBe(NAT_GATEWAY);
  const useless = { privateAddress: NODE_TWO, publicAddress: '203.0.113.8' };
  await vpc.fabric.mapPublic(useless);
  expect(await probe(fromTwo)).toBe(NAT_GATEWAY);
  const toTwo = { from: vpc.fabric.internet, to: '203.0.113.8' };
  const certain = { from: vpc.one, to: NODE_TWO };
  expect(await sendOneWay({ ...toTwo, witness: witnesses.two, certain })).toBe('dropped');
  await vpc.fabric.unmapPublic(useless);
});

test('a public address is reached from inside the VPC by way of the gateway', async () => {
  await vpc.fabric.mapPublic(mapping);
  expect(await probe({ from: vpc.two, to: PUBLIC })).toBe(NAT_GATEWAY);
});

test('an address maps once, and never to the NAT gateway', async () => {
  await vpc.fabric.mapPublic(mapping);
  await vpc.fabric.mapPublic(mapping);
  const other = { privateAddress: '10.0.1.11', publicAddress: PUBLIC };
  const gateway = { privateAddress: '10.0.1.11', publicAddress: NAT_GATEWAY };
  const outside = { privateAddress: '10.0.1.11', publicAddress: '192.0.2.1' };
  await expect(vpc.fabric.mapPublic(other)).rejects.toMatchObject({ code: 'already-exists' });
  await expect(vpc.fabric.mapPublic(gateway)).rejects.toMatchObject({ code: 'already-exists' });
  await expect(vpc.fabric.mapPublic(outside)).rejects.toMatchObject({ code: 'invalid-argument' });
});
