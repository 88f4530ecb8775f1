import { access, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import {
  CURRENT_VERSION,
  convertResult,
  type NetworkConfList,
  parseConfList,
} from '@vpc-cni/cni-spec';
import { type CniRuntime, createCniRuntime } from '@vpc-cni/cni-spec/runtime';
import { ping } from './checks/probes.ts';
import { settledAccounts } from './invariants.ts';
import type { SandboxNode } from './node.ts';
import { workspaceRoot } from './program-path.ts';
import { mustRun } from './run-command.ts';
import type { PodSandbox } from './runtime.ts';
import { createVpcInABox, type VpcInABox } from './vpc-in-a-box.ts';

// The configuration list as it is shipped, carried out as a runtime does: the launcher under both names, and the daemon.

const NODE_ADDRESS = '2001:db8:aaa::10';

let box: VpcInABox;
let node: SandboxNode;
let cni: CniRuntime;
/** As the installer writes it. */
let shipped: NetworkConfList;
let sandbox: PodSandbox;

const hostDirectory = (name: string) => join(node.runDirectory, name);
const inNode = (...argv: readonly string[]) => mustRun(argv, { netns: node.netns });
/** With addresses that rest no longer than the tests need. */
const startDaemon = () => node.start({ ENABLE_V6_EGRESS: 'true', IP_COOLDOWN_PERIOD: '1' });
const programs = join(workspaceRoot, 'apps/cni-plugin/dist');

beforeAll(async () => {
  box = await createVpcInABox({ nodeCount: 1, instanceType: 't3.small', prefix: 'egress' });
  const [only] = box.nodes;
  if (only === undefined) throw new Error('the box has no node');
  node = only;
  await startDaemon();
  await inNode('ip', 'addr', 'add', `${NODE_ADDRESS}/128`, 'dev', 'lo');
  await inNode('ip6tables', '-t', 'nat', '-L');
  for (const name of ['bin', 'net.d']) await mkdir(hostDirectory(name));
  await installPrograms();
  shipped = await installedList();
  cni = createCniRuntime({
    pluginDirectories: [hostDirectory('bin')],
    cacheDirectory: hostDirectory('results'),
  });
});
afterAll(() => box?.close());

beforeEach(async () => {
  sandbox = await node.runtime.createSandbox({ podNamespace: 'default', podName: 'out' });
});
afterEach(async () => {
  await node.runtime.removeSandbox(sandbox);
  await untilNothingIsLeft();
});

/** A runtime executes plugins on the host, which here is a namespace. */
async function installPrograms(): Promise<void> {
  const commands = {
    'aws-cni': join(programs, 'aws-cni'),
    'egress-cni': join(programs, 'egress-cni'),
    portmap: '/usr/lib/cni/portmap',
  };
  for (const [name, program] of Object.entries(commands)) {
    await access(program);
    const script = `#!/bin/sh
export AWS_VPC_K8S_CNI_RUN_DIR=${node.runDirectory}
exec nsenter --net=${node.netns} ${program}
`;
    await writeFile(hostDirectory(`bin/${name}`), script, { mode: 0o755 });
  }
}

async function installedList(): Promise<NetworkConfList> {
  await mustRun([process.execPath, join(programs, 'install.js'), 'open'], {
    netns: node.netns,
    env: {
      HOST_CNI_BIN_PATH: hostDirectory('bin'),
      HOST_CNI_CONFDIR_PATH: hostDirectory('net.d'),
      AWS_VPC_K8S_CNI_RUN_DIR: node.runDirectory,
      AWS_VPC_K8S_PLUGIN_LOG_FILE: hostDirectory('plugin.log'),
      AWS_VPC_K8S_EGRESS_V6_PLUGIN_LOG_FILE: hostDirectory('egress.log'),
    },
  });
  return parseConfList(await readFile(hostDirectory('net.d/10-aws.conflist'), 'utf8'));
}

/** As it is with ENABLE_V6_EGRESS on an instance that has an IPv6 address, but for where the addresses are kept. */
function enabled(): NetworkConfList {
  const plugins = shipped.plugins.map(({ raw, ipam, type }) =>
    type === 'egress-cni'
      ? {
          ...raw,
          enabled: 'true',
          nodeIP: NODE_ADDRESS,
          ipam: { ...ipam, dataDir: hostDirectory('egress') },
        }
      : raw,
  );
  return parseConfList(JSON.stringify({ ...shipped.raw, disableCheck: false, plugins }));
}

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
  (await readdir(hostDirectory('egress/aws-cni')).catch(() => [])).filter((name) =>
    name.startsWith('fd00'),
  );
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
  await ping(sandbox.netns, NODE_ADDRESS);
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
    await ping(sandbox.netns, NODE_ADDRESS);
    await startDaemon();
    await cni.checkList(list, attachment());
    await ping(sandbox.netns, NODE_ADDRESS);
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
    const forgetful = createCniRuntime({
      pluginDirectories: [hostDirectory('bin')],
      cacheDirectory: hostDirectory('no-results'),
    });
    const valid = [{ containerID: other.containerId, ifname: 'eth0' }];
    await forgetful.gcList(list, valid);
    expect(await given()).toHaveLength(1);
    await ping(other.netns, NODE_ADDRESS);
    await cni.delList(list, staying);
  } finally {
    await node.runtime.removeSandbox(other);
  }
});
