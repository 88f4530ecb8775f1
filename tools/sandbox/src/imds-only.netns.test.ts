import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { ping } from './checks/probes.ts';
import { settledAccounts } from './invariants.ts';
import type { Pod, SandboxNode } from './node.ts';
import { createVpcInABox, type VpcInABox } from './vpc-in-a-box.ts';

// ENABLE_IMDS_ONLY_MODE under the real daemon and a real kernel: what others attach and assign is all there is.

const environment = { ENABLE_IMDS_ONLY_MODE: 'true', IP_COOLDOWN_PERIOD: '1' };

let box: VpcInABox;
let node: SandboxNode;
let pods: Pod[];

beforeEach(async () => {
  box = await createVpcInABox({ nodeCount: 1, instanceType: 't3.small', prefix: 'io' });
  const [only] = box.nodes;
  if (only === undefined) throw new Error('the box has no node');
  [node, pods] = [only, []];
});

afterEach(async () => {
  await Promise.all(pods.map((pod) => node.runtime.removeSandbox(pod)));
  await box.close();
});

const ec2Calls = () => box.emulator.journal.filter(({ service }) => service === 'ec2');

test('pods live on ENIs that others attach, through a crash, and nobody calls EC2', async () => {
  const { outside } = box.emulator;
  const [primary] = box.emulator.describe().enis;
  if (primary === undefined) throw new Error('the node has no ENI');
  await outside.assign(primary.eniId, { addressCount: 2 });
  const { subnetId, instanceId } = primary;
  if (instanceId === undefined) throw new Error('it is on no instance');
  const { eniId } = await outside.createEni({ subnetId, addressCount: 2 });
  await outside.attachEni(eniId, { instanceId, deviceIndex: 1 });
  await node.start(environment);

  for (const name of ['a', 'b', 'c', 'd']) pods.push(await node.addPod(name));
  expect(new Set(pods.map(({ routeTableId }) => routeTableId))).toEqual(new Set([254, 2]));
  const [first, ...others] = pods;
  if (first === undefined) throw new Error('there are four');
  for (const { address } of others) await ping(first.netns, address);

  await node.stop('SIGKILL');
  await node.start(environment);
  for (const { address } of pods) await ping(node.netns, address);
  const accounts = await settledAccounts(node, box.emulator);
  expect(accounts.reserved).toEqual(pods.map(({ address }) => address).sort());
  expect(ec2Calls()).toEqual([]);
});
