import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, test } from '@jest/globals';
import { settledAccounts } from './invariants.ts';
import type { Pod, SandboxNode } from './node.ts';
import type { PodSandbox } from './runtime.ts';
import { createVpcInABox, type VpcInABox } from './vpc-in-a-box.ts';

// Many pods at once, crashes in between; afterwards daemon, checkpoint, EC2 and kernel tell the same story.

/** A call that the dead daemon made may still be carried out: until then, nobody decides that an ENI is lost. */
const LEAK_LIMIT_MS = 60_000;

let box: VpcInABox;

afterEach(() => box.close());

async function nodeOf(instanceType: string): Promise<SandboxNode> {
  box = await createVpcInABox({ nodeCount: 1, instanceType, prefix: 'storm' });
  const [node] = box.nodes;
  if (node === undefined) throw new Error('the box has no node');
  return node;
}

const expectAgreement = (node: SandboxNode) => settledAccounts(node, box.emulator);

const names = (count: number) => Array.from({ length: count }, (_, index) => `pod-${index}`);

test('200 pods at once on an empty node all get an address of their own, and all of it goes again', async () => {
  const node = await nodeOf('m5.4xlarge');
  await node.start();
  const pods = await Promise.all(names(200).map((name) => node.addPod(name)));
  expect(new Set(pods.map(({ address }) => address)).size).toBe(200);
  await expectAgreement(node);
  await Promise.all(pods.map((pod) => node.deletePod(pod)));
  await expectAgreement(node);
});

test('a daemon killed in the middle of 50 ADDs and 50 DELs loses nothing, as long as the runtime tries again', async () => {
  const node = await nodeOf('m5.4xlarge');
  await node.start();
  const leaving = await Promise.all(names(50).map((name) => node.addPod(`old-${name}`)));
  const coming = await Promise.all(
    names(50).map((podName) => node.runtime.createSandbox({ podNamespace: 'default', podName })),
  );

  const adding = coming.map((sandbox) => node.runtime.cni('ADD', sandbox));
  const deleting = leaving.map((pod) => node.runtime.cni('DEL', pod));
  await Promise.race([...adding, ...deleting]);
  await node.stop('SIGKILL');
  const added = await Promise.all(adding);
  for (const { exitCode } of await Promise.all(deleting)) expect(exitCode).toBe(0);
  expect(added.some(({ exitCode }) => exitCode !== 0)).toBe(true);

  await node.start();
  // What a runtime does after a failed ADD: DEL, then a new sandbox.
  const pods = await Promise.all(
    coming.map((sandbox, index) => (added[index]?.exitCode === 0 ? sandbox : again(node, sandbox))),
  );
  await Promise.all(leaving.map((pod) => node.runtime.removeSandbox(pod)));
  expect((await expectAgreement(node)).reserved.length).toBe(50);
  await Promise.all(pods.map((pod) => node.deletePod(pod)));
  await expectAgreement(node);
});

async function again(node: SandboxNode, failed: PodSandbox): Promise<Pod> {
  await node.deletePod(failed);
  return node.addPod(failed.podName);
}

test('a daemon killed while it creates ENIs leaks none', async () => {
  const node = await nodeOf('t3.small');
  box.emulator.knobs.attachDelayMs = 2_000;
  const starting = node.start();
  const journal = () => box.emulator.journal.map(({ operation }) => operation);
  await starting;
  const pod = await node.addPod('first');
  while (!journal().includes('CreateNetworkInterface')) await sleep(5);
  await node.stop('SIGKILL');
  box.emulator.knobs.attachDelayMs = 50;
  await node.start();
  const deadline = Date.now() + LEAK_LIMIT_MS;
  const leaked = () => box.emulator.describe().enis.filter(({ status }) => status !== 'in-use');
  while (leaked().length > 0 && Date.now() < deadline) await sleep(50);
  expect(leaked()).toEqual([]);
  await node.deletePod(pod);
}, 90_000);
