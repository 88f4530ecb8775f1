import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import {
  CURRENT_VERSION,
  convertResult,
  type NetworkConfList,
  parseConfList,
} from '@vpc-cni/cni-spec';
import type { CniRuntime } from '@vpc-cni/cni-spec/runtime';
import { ping, seenSource } from './checks/probes.ts';
import { installList, installPrograms, runInit, runtimeOf } from './installer.fixture.ts';
import { settledAccounts } from './invariants.ts';
import type { SandboxNode } from './node.ts';
import { mustRun } from './run-command.ts';
import type { PodSandbox } from './runtime.ts';
import { createVpcInABox, type VpcInABox } from './vpc-in-a-box.ts';

// The configuration list as it is shipped, carried out as a runtime does: the launcher under both names, and the daemon.

/** Where the shipped list has the plugin keep its addresses. */
const GIVEN = '/run/cni/v4pd/egress-v6-ipam/aws-cni';

let box: VpcInABox;
let node: SandboxNode;
/** Without a daemon: somebody in IPv6. */
let peer: SandboxNode;
let cni: CniRuntime;
/** As the installer writes it by default, and with ENABLE_V6_EGRESS. */
let shipped: NetworkConfList;
let withEgress: NetworkConfList;
let sandbox: PodSandbox;

const hostDirectory = (name: string) => join(node.runDirectory, name);
const inNode = (...argv: readonly string[]) => mustRun(argv, { netns: node.netns });
/** With addresses that rest no longer than the tests need. */
const startDaemon = () => node.start({ ENABLE_V6_EGRESS: 'true', IP_COOLDOWN_PERIOD: '1' });

beforeAll(async () => {
  box = await createVpcInABox({
    nodeCount: 2,
    instanceType: 't3.small',
    prefix: 'egress',
    hasIpv6: true,
    podFamily: 'ipv4',
  });
  const [one, two] = box.nodes;
  if (one === undefined || two === undefined) throw new Error('the box has no two nodes');
  [node, peer] = [one, two];
  await runInit(node, { ENABLE_V6_EGRESS: 'true' });
  await startDaemon();
  await inNode('ip6tables', '-t', 'nat', '-L');
  await installPrograms(node);
  shipped = await installList(node);
  withEgress = await installList(node, { ENABLE_V6_EGRESS: 'true' });
  cni = runtimeOf(node);
});
afterAll(() => box?.close());

beforeEach(async () => {
  sandbox = await node.runtime.createSandbox({ podNamespace: 'default', podName: 'out' });
});
afterEach(async () => {
  await node.runtime.removeSandbox(sandbox);
  await untilNothingIsLeft();
});

const enabled = () => parseConfList(JSON.stringify({ ...withEgress.raw, disableCheck: false }));

/** GC came with 1.1.0, which not every portmap knows. */
function enabledWithGc(): NetworkConfList {
  const { raw, plugins } = enabled();
  const ours = plugins.filter(({ type }) => type !== 'portmap').map((plugin) => plugin.raw);
  return parseConfList(JSON.stringify({ ...raw, cniVersion: '1.1.0', plugins: ours }));
}

const attachment = () => ({
  containerId: sandbox.containerId,
  netns: sandbox.netns,
  ifName: 'eth0',
  args: [
    ['IgnoreUnknown', '1'],
    ['K8S_POD_NAMESPACE', sandbox.podNamespace],
    ['K8S_POD_NAME', sandbox.podName],
  ] as const,
});

const add = async (list: NetworkConfList) =>
  convertResult(await cni.addList(list, attachment()), CURRENT_VERSION);
const linkNames = async (list: NetworkConfList) =>
  (await add(list)).interfaces.map(({ name }) => name);

/** One plugin of the list, as a runtime that is interrupted between two executes it. */
function execute(list: NetworkConfList, verb: 'ADD' | 'DEL', type: string, prevResult?: unknown) {
  const { name, cniVersion } = list.raw;
  const raw = list.plugins.find((plugin) => plugin.type === type)?.raw;
  return node.runtime.cni(verb, sandbox, {
    ...raw,
    name,
    cniVersion,
    ...(prevResult === undefined ? {} : { prevResult }),
  });
}

const given = async () =>
  (await readdir(GIVEN).catch(() => [])).filter((name) => name.startsWith('fd00'));
const spooled = () => readdir(hostDirectory('deferred-del')).catch(() => []);

/** Of a pod and its egress. */
const TRACES = /\beni[0-9a-f]{11}|veth[0-9a-f]{8}|fd00::ac:[0-9a-f]*[1-9a-f]\b|CNI-E6-/;
const wiring = () =>
  inNode('sh', '-c', 'ip -br link; ip rule; ip route; ip -6 route; ip6tables-save -t nat');

/** In the kernel, on disk and in the daemon's book; it deletes links behind its answer. */
async function untilNothingIsLeft(): Promise<void> {
  for (let tries = 0; tries < 100 && TRACES.test(await wiring()); tries += 1) await sleep(20);
  expect(await wiring()).not.toMatch(TRACES);
  expect(await given()).toEqual([]);
  expect(await spooled()).toEqual([]);
  const { reserved } = await settledAccounts(node, box.emulator);
  expect(reserved).toEqual([]);
}

test('the shipped list has egress switched off, and a pod of it has one link', async () => {
  expect(shipped.plugins.map(({ type }) => type)).toEqual(['aws-cni', 'egress-cni', 'portmap']);
  const ours = [expect.stringMatching(/^eni/), 'eth0', expect.stringMatching(/^dummy/)];
  expect(await linkNames(shipped)).toEqual(ours);
  await cni.delList(shipped, attachment());
});

test('a pod has a way out in IPv6, and loses it with its DEL', async () => {
  const list = enabled();
  expect((await linkNames(list)).slice(-2)).toEqual([expect.stringMatching(/^veth/), 'v6if0']);
  await ping(sandbox.netns, peer.ipv6Address);
  const seen = await seenSource({
    clientNetns: sandbox.netns,
    serverNetns: peer.netns,
    serverAddress: peer.ipv6Address,
  });
  expect(seen).toBe(node.ipv6Address);
  expect(await wiring()).toMatch(TRACES);
  expect(await given()).toHaveLength(1);
  await cni.checkList(list, attachment());
  await cni.delList(list, attachment());
});

test('each plugin logs where its entry says', async () => {
  await add(enabled());
  await cni.delList(enabled(), attachment());
  for (const file of ['plugin.log', 'egress.log']) {
    const lines = (await readFile(hostDirectory(file), 'utf8')).trim().split('\n');
    expect(lines.map((line) => JSON.parse(line)).slice(-2)).toMatchObject([
      { command: 'ADD', containerId: sandbox.containerId, exitCode: 0 },
      { command: 'DEL', containerId: sandbox.containerId, exitCode: 0 },
    ]);
  }
});

describe('while the daemon is away', () => {
  const both = () => [`${sandbox.containerId}:eth0`, `${sandbox.containerId}:eth0:egress-cni`];

  test('both DELs are kept, and carried out by whom they are for', async () => {
    await add(enabled());
    await node.stop();
    await cni.delList(enabled(), attachment());
    expect((await spooled()).sort()).toEqual(both());
    expect(await given()).toHaveLength(1);
    await startDaemon();
  });

  test('killed between the two ADDs, the pod fails, and nothing of it stays', async () => {
    const list = enabled();
    const wired = await execute(list, 'ADD', 'aws-cni');
    expect(wired.exitCode).toBe(0);
    await node.stop('SIGKILL');
    expect(await execute(list, 'ADD', 'egress-cni', wired.output)).toMatchObject({
      exitCode: 1,
      output: { code: 11 },
    });
    await cni.delList(list, attachment()); // the runtime's
    expect((await spooled()).sort()).toEqual(both());
    await startDaemon();
  });

  test.each([1, 3, 10, 30, 100, 300])(
    'killed %d ms into the ADD of egress, its DEL leaves nothing',
    async (lifetimeMs) => {
      const list = enabled();
      const wired = await execute(list, 'ADD', 'aws-cni');
      const adding = execute(list, 'ADD', 'egress-cni', wired.output);
      await sleep(lifetimeMs);
      await node.stop('SIGKILL');
      await adding;
      await startDaemon();
      await cni.delList(list, attachment());
    },
  );

  test('a pod’s egress outlives it', async () => {
    const list = enabled();
    await add(list);
    await node.stop('SIGKILL');
    await ping(sandbox.netns, peer.ipv6Address);
    await startDaemon();
    await cni.checkList(list, attachment());
    await ping(sandbox.netns, peer.ipv6Address);
    await cni.delList(list, attachment());
  });
});

test('GC takes both down when the runtime has forgotten the pod, and leaves the others', async () => {
  const list = enabledWithGc();
  const other = await node.runtime.createSandbox({ podNamespace: 'default', podName: 'stays' });
  await add(list);
  const staying = { ...attachment(), containerId: other.containerId, netns: other.netns };
  try {
    await cni.addList(list, staying);
    const forgetful = runtimeOf(node, 'no-results');
    const valid = [{ containerID: other.containerId, ifname: 'eth0' }];
    await forgetful.gcList(list, valid);
    expect(await given()).toHaveLength(1);
    await ping(other.netns, peer.ipv6Address);
    await cni.delList(list, staying);
  } finally {
    await node.runtime.removeSandbox(other);
  }
});
