import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { ping } from './checks/probes.ts';
import { readAccounts } from './invariants.ts';
import type { SandboxNode } from './node.ts';
import { type CniOutcome, pluginConf } from './runtime.ts';
import { createVpcInABox, type VpcInABox } from './vpc-in-a-box.ts';

// What a pod is told while AWS is away: the culprit, by name.

let box: VpcInABox;
let node: SandboxNode;

const environment = { IP_COOLDOWN_PERIOD: '60', AWS_VPC_K8S_CNI_ADD_WAIT: '4' };

beforeEach(async () => {
  box = await createVpcInABox({ nodeCount: 1, instanceType: 't3.small', prefix: 'out' });
  const [only] = box.nodes;
  if (only === undefined) throw new Error('the box has no node');
  node = only;
});

afterEach(() => box.close());

async function add(podName: string): Promise<CniOutcome> {
  const sandbox = await node.runtime.createSandbox({ podNamespace: 'default', podName });
  try {
    return await node.runtime.cni('ADD', sandbox);
  } finally {
    await node.runtime.cni('DEL', sandbox);
    await node.runtime.removeSandbox(sandbox);
  }
}

const status = () => node.runtime.cni('STATUS', undefined, { ...pluginConf, cniVersion: '1.1.0' });

/** Asks until the daemon has got as far as naming something. */
async function untilTold(details: RegExp): Promise<CniOutcome> {
  let outcome = await add('asking');
  for (let tries = 0; tries < 100 && !details.test(JSON.stringify(outcome.output)); tries++) {
    await sleep(100);
    outcome = await add('asking');
  }
  return outcome;
}

test.each([
  ['imds', /instance metadata/],
  ['ec2', /EC2/],
] as const)(
  'while %s is away at the start, ADD names it; once it is back, pods start',
  async (service, culprit) => {
    await box.emulator.knobs.setUnavailable(service, true);
    const starting = node.start(environment);
    expect(await untilTold(culprit)).toMatchObject({
      exitCode: 1,
      output: {
        code: 11,
        msg: expect.stringContaining('starting'),
        details: expect.stringMatching(culprit),
      },
    });
    // Probes and the AWS VPC CNI's plugin take a node with this socket for ready.
    expect(await readdir(node.runDirectory)).not.toContain('ipamd.sock');
    await box.emulator.knobs.setUnavailable(service, false);
    await starting;
    expect(await readdir(node.runDirectory)).toContain('ipamd.sock');
    expect((await add('late')).exitCode).toBe(0);
  },
);

test('while IMDS does not answer, the daemon ends when it is told to', async () => {
  await box.emulator.knobs.setUnavailable('imds', 'hanging');
  node.launch({ ...environment, HTTP_TIMEOUT: '600' });
  await untilTold(/instance metadata/);
  await node.stop();
  expect(await readFile(join(node.runDirectory, 'ipamd.log'), 'utf8')).toContain('"msg":"ended"');
});

test('a damaged checkpoint is moved aside, and the pods that run keep their addresses', async () => {
  const path = join(node.runDirectory, 'ipam.json');
  await node.start(environment);
  const pods = [await node.addPod('pod-0'), await node.addPod('pod-1')];
  await node.stop('SIGKILL');
  await writeFile(path, '{"version":"vpc-cni-ipam/1","alloc');
  await node.start(environment);

  const aside = (await readdir(node.runDirectory)).filter((name) => name.includes('.unreadable-'));
  expect(aside).toHaveLength(1);
  for (const pod of pods) await ping(node.netns, pod.address);
  const held = pods.map(({ address }) => address).sort();
  expect((await readAccounts(node, box.emulator)).reserved).toEqual(held);

  for (const pod of pods) {
    const prevResult = {
      cniVersion: '0.4.0',
      ips: [{ version: '4', address: `${pod.address}/32`, interface: 0 }],
    };
    const { exitCode } = await node.runtime.cni('DEL', pod, { ...pluginConf, prevResult });
    expect(exitCode).toBe(0);
    await node.runtime.removeSandbox(pod);
  }
  const accounts = await readAccounts(node, box.emulator);
  expect(accounts).toMatchObject({ reserved: [], checkpoint: [], rules: [], routes: [] });
});

test('while IMDS is away on a running node, pods start all the same', async () => {
  await node.start(environment);
  await expectPoolToHaveAddresses();
  await box.emulator.knobs.setUnavailable('imds', true);
  expect((await add('calm')).exitCode).toBe(0);
});

test('while EC2 is away and the pool is empty, ADD says so', async () => {
  await node.start(environment);
  await expectPoolToHaveAddresses();
  await box.emulator.knobs.setUnavailable('ec2', true);
  let outcome = await add('pod-0');
  for (let n = 1; outcome.exitCode === 0 && n < 12; n++) outcome = await add(`pod-${n}`);
  expect(outcome).toMatchObject({
    exitCode: 1,
    output: { code: 11, msg: expect.stringMatching(/ec2-unavailable/) },
  });
  // The node stays ready: the pods that run on it would be evicted otherwise.
  expect((await status()).exitCode).toBe(0);
});

test('a full subnet is named, and a node that never had an address is not ready', async () => {
  box.emulator.knobs.failNext('AssignPrivateIpAddresses', subnetFull);
  box.emulator.knobs.failNext('CreateNetworkInterface', subnetFull);
  node.launch(environment);
  expect(await untilTold(/subnet-full/)).toMatchObject({ exitCode: 1, output: { code: 11 } });
  expect(await status()).toMatchObject({
    exitCode: 1,
    output: { code: 50, msg: expect.stringContaining('subnet-full') },
  });
});

const subnetFull = {
  code: 'InsufficientFreeAddressesInSubnet',
  message: 'There are not enough free addresses in the subnet.',
  count: 1_000,
};

async function expectPoolToHaveAddresses(): Promise<void> {
  for (let tries = 0; tries < 100; tries++) {
    const view = (await node.introspect('/v1/enis')) as { '0': { TotalIPs: number } };
    if (view['0'].TotalIPs > 0) return;
    await sleep(50);
  }
  throw new Error('the pool stayed empty');
}
