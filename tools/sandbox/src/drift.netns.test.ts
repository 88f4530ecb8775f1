import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { ping } from './checks/probes.ts';
import type { Pod, SandboxNode } from './node.ts';
import { mustRun } from './run-command.ts';
import { createVpcInABox, type VpcInABox } from './vpc-in-a-box.ts';

// A vandal changes what the daemon has set up on its host and its ENIs.

let box: VpcInABox;
let node: SandboxNode;
let pods: Pod[];

/** The host is looked at every 30 s, ENIs every 60 s. */
const LONGEST_REPAIR_MS = 75_000;

beforeEach(async () => {
  box = await createVpcInABox({ nodeCount: 1, instanceType: 't3.small', prefix: 'drift' });
  const [only] = box.nodes;
  if (only === undefined) throw new Error('the box has no node');
  node = only;
  await node.start();
  pods = [];
  for (let n = 0; n < 5; n++) pods.push(await node.addPod(`pod-${n}`));
});

afterEach(async () => {
  await Promise.all(pods.map((pod) => node.runtime.removeSandbox(pod)));
  await box.close();
});

const inNode = (...argv: readonly string[]) => mustRun(argv, { netns: node.netns });

/** What the daemon keeps right: rules, routes of ENIs, sysctl, chains; counters and order of tables left out. */
async function looks() {
  const rules = await inNode('ip', 'rule');
  const tables = [...rules.matchAll(/lookup (\d+)/g)].map(([, table]) => table ?? '');
  return {
    rules,
    routes: await Promise.all(
      [...new Set(tables)].map((table) => inNode('ip', 'route', 'show', 'table', table)),
    ),
    nat: (await inNode('iptables-save', '-t', 'nat')).replaceAll(/^[#:].*$/gm, ''),
  };
}

/** Once no ENI is on its way any more. */
async function restingLooks() {
  for (let last = await looks(); ; ) {
    await sleep(3_000);
    const now = await looks();
    if (JSON.stringify(now) === JSON.stringify(last)) return now;
    last = now;
  }
}

const repairs = async () => {
  const text = await inNode('curl', '-s', '--noproxy', '*', 'http://127.0.0.1:61678/metrics');
  return (object: string) =>
    Number(
      new RegExp(`awscni_drift_repair_count\\{object="${object}"\\} (\\d+)`).exec(text)?.[1] ?? 0,
    );
};

test('what a vandal does to host and ENIs is undone within one interval, and counted', async () => {
  const before = await restingLooks();
  const onSecondaryEni = pods.find(({ routeTableId }) => routeTableId !== 254);
  if (onSecondaryEni === undefined) throw new Error('no pod is on a secondary ENI');
  const table = String(onSecondaryEni.routeTableId);

  await inNode('ip', 'rule', 'del', 'priority', '1024');
  await inNode('ip', 'route', 'flush', 'table', table);
  await inNode('iptables', '-t', 'nat', '-F', 'AWS-SNAT-CHAIN-0');
  expect(await looks()).not.toEqual(before);

  const giveUpAtMs = Date.now() + LONGEST_REPAIR_MS;
  let after = await looks();
  while (JSON.stringify(after) !== JSON.stringify(before) && Date.now() < giveUpAtMs) {
    await sleep(1_000);
    after = await looks();
  }
  expect(after).toEqual(before);
  const count = await repairs();
  expect(count('host')).toBeGreaterThanOrEqual(2);
  expect(count('eni')).toBeGreaterThanOrEqual(2);
  for (const pod of pods) await ping(node.netns, pod.address);
}, 120_000);
