import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { ping } from './checks/probes.ts';
import { contradictions, readAccounts } from './invariants.ts';
import type { Pod, SandboxNode } from './node.ts';
import type { CniOutcome, PodSandbox } from './runtime.ts';
import { createVpcInABox, type VpcInABox } from './vpc-in-a-box.ts';

// A pod's sandboxes share the name of their host link: that of the one before must not be in the way of the
// next one, however late it ends. On a full node (t3.small: 9 addresses) an ADD waits for an address to cool.

const COOLDOWN_MS = 6_000;

let box: VpcInABox;
let node: SandboxNode;
let others: Pod[];
let sandboxes: PodSandbox[];

beforeEach(async () => {
  box = await createVpcInABox({ nodeCount: 1, instanceType: 't3.small', prefix: 'same' });
  const [only] = box.nodes;
  if (only === undefined) throw new Error('the box has no node');
  node = only;
  await node.start({
    IP_COOLDOWN_PERIOD: String(COOLDOWN_MS / 1_000),
    AWS_VPC_K8S_CNI_ADD_WAIT: '60',
  });
  others = await Promise.all(Array.from({ length: 9 }, (_, n) => node.addPod(`other-${n}`)));
  sandboxes = [];
});

afterEach(async () => {
  for (const sandbox of [...others, ...sandboxes]) await node.runtime.removeSandbox(sandbox);
  await box.close();
});

async function newSandbox(): Promise<PodSandbox> {
  const sandbox = await node.runtime.createSandbox({ podNamespace: 'default', podName: 'web-0' });
  sandboxes.push(sandbox);
  return sandbox;
}

/** An ADD that has reached the daemon, and waits there for an address that cools. */
async function waitingAdd(sandbox: PodSandbox): Promise<Promise<CniOutcome>[]> {
  const adding = node.runtime.cni('ADD', sandbox);
  await sleep(500);
  return [adding]; // in a list, so that it is not awaited here
}

async function makeRoomFor(count: number): Promise<void> {
  await Promise.all(others.splice(0, count).map((pod) => node.deletePod(pod)));
}

const addressIn = ({ output }: CniOutcome) => {
  const { ips } = output as { readonly ips: readonly { readonly address: string }[] };
  return ips[0]?.address.replace('/32', '') ?? '';
};

/** Book, disk, kernel and EC2 know of the other pods and of `count` sandboxes of this one. */
async function expectAgreement(count: number): Promise<void> {
  const look = async () => {
    const accounts = await readAccounts(node, box.emulator);
    return { complaints: contradictions(accounts), reserved: accounts.reserved.length };
  };
  for (let tries = 0; tries < 60 && (await look()).complaints.length > 0; tries++) await sleep(50);
  expect(await look()).toEqual({ complaints: [], reserved: others.length + count });
}

test('the next sandbox ends the waiting ADD of the one before, whose DEL comes late', async () => {
  const [before, next] = [await newSandbox(), await newSandbox()];
  await makeRoomFor(2);
  const [addingBefore] = await waitingAdd(before);
  const [addingNext] = await waitingAdd(next);
  expect(await addingBefore).toMatchObject({ exitCode: 1, output: { code: 103 } });

  const added = await addingNext;
  if (added === undefined) throw new Error('the ADD was begun');
  expect(added.exitCode).toBe(0);
  await ping(node.netns, addressIn(added));
  await expectAgreement(1);

  expect((await node.runtime.cni('DEL', before)).exitCode).toBe(0);
  await sleep(100); // a sweep of links takes some 20 ms
  await ping(node.netns, addressIn(added));
  await expectAgreement(1);
  expect((await node.runtime.cni('DEL', next)).exitCode).toBe(0);
  await expectAgreement(0);
});

test('a DEL ends the waiting ADD of its sandbox, which holds nothing when there is room', async () => {
  const sandbox = await newSandbox();
  await makeRoomFor(1);
  const [adding] = await waitingAdd(sandbox);
  expect((await node.runtime.cni('DEL', sandbox)).exitCode).toBe(0);
  expect(await adding).toMatchObject({ exitCode: 1, output: { code: 103 } });
  // The address that it waited for is the next one's.
  await node.deletePod(await node.addPod('newcomer'));
  await expectAgreement(0);
});

test('sandboxes of one pod that come at once: the last one is wired, and late DELs leave it alone', async () => {
  const coming = [await newSandbox(), await newSandbox(), await newSandbox()];
  await makeRoomFor(4);
  await sleep(COOLDOWN_MS + 500); // nobody has to wait: they meet at the link
  const added = await Promise.all(
    coming.map(async (sandbox) => ({ sandbox, outcome: await node.runtime.cni('ADD', sandbox) })),
  );
  const wired = added.filter(({ outcome }) => outcome.exitCode === 0);
  const answers = await Promise.all(
    wired.map(async ({ sandbox, outcome }) => {
      const isWell = await ping(node.netns, addressIn(outcome)).then(
        () => true,
        () => false,
      );
      return { sandbox, outcome, isWell };
    }),
  );
  const [last, ...more] = answers.filter(({ isWell }) => isWell);
  if (last === undefined) throw new Error(`no sandbox answers: ${JSON.stringify(added)}`);
  expect(more).toEqual([]);
  for (const { sandbox } of added) {
    if (sandbox !== last.sandbox) await node.runtime.cni('DEL', sandbox);
  }
  await sleep(100);
  await ping(node.netns, addressIn(last.outcome));
  await expectAgreement(1);
});
