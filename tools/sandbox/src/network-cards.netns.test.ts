import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { ping, seenSource } from './checks/probes.ts';
import { settledAccounts } from './invariants.ts';
import type { SandboxNode } from './node.ts';
import { workspaceRoot } from './program-path.ts';
import { mustRun } from './run-command.ts';
import { type PodSandbox, pluginConf } from './runtime.ts';
import { until } from './until.fixture.ts';
import { createVpcInABox, type VpcInABox } from './vpc-in-a-box.ts';

// Nodes with two network cards, and pods with an interface of each, under the real daemon and a real kernel. The
// fabric drops whatever leaves by an ENI that does not have its source address, as the VPC does.

const MULTI = {
  ...pluginConf,
  runtimeConfig: {
    'io.kubernetes.cri.pod-annotations': { 'k8s.amazonaws.com/nicConfig': 'multi-nic-attachment' },
  },
};

interface AddResult {
  readonly interfaces: readonly { readonly name: string; readonly mac?: string }[];
  readonly ips: readonly { readonly address: string; readonly interface: number }[];
}

interface Pod extends PodSandbox {
  readonly result: AddResult;
  /** Of `eth0`, and of `mNicIf1` if it has one. */
  readonly addresses: readonly string[];
}

let box: VpcInABox;
let node: SandboxNode;
let other: SandboxNode;
let sandboxes: Map<PodSandbox, SandboxNode>;

const environment = {
  ENABLE_MULTI_NIC: 'true',
  WARM_IP_TARGET: '2',
  IP_COOLDOWN_PERIOD: '1',
  // What a test takes away is CHECK's to name first.
  AWS_VPC_K8S_CNI_REPAIR_INTERVAL: '3600',
};

interface Mode {
  readonly name: string;
  readonly hasIpv6: boolean;
  readonly plugin?: readonly string[];
}

const standAlone = [process.execPath, join(workspaceRoot, 'apps/cni-plugin/dist/main.js')];

describe.each<Mode>([
  { name: 'the launcher', hasIpv6: false },
  { name: 'the plugin in a process of its own', hasIpv6: false, plugin: standAlone },
  { name: 'the launcher, in an IPv6 cluster', hasIpv6: true },
])('with $name', ({ hasIpv6, plugin }) => {
  beforeEach(async () => {
    box = await createVpcInABox({
      nodeCount: 2,
      instanceType: 'c6in.32xlarge',
      prefix: 'cards',
      hasIpv6,
      ...(plugin === undefined ? {} : { plugin }),
    });
    const [one, two] = box.nodes;
    if (one === undefined || two === undefined) throw new Error('the box has no two nodes');
    [node, other, sandboxes] = [one, two, new Map()];
    for (const each of [node, other]) {
      if (hasIpv6) await initialise(each);
      await each.start(environment);
    }
  });

  afterEach(async () => {
    await Promise.all([...sandboxes].map(([one, { runtime }]) => runtime.removeSandbox(one)));
    await box.close();
  });

  const ip = hasIpv6 ? ['ip', '-6'] : ['ip'];
  const gateway = hasIpv6 ? 'fe80::2' : '169.254.1.2';

  test('a pod has an interface of each card, and reaches others by both of them', async () => {
    const web = await add(node, 'web', MULTI);
    const peer = await add(other, 'peer');
    const [first = '', second = ''] = web.addresses;
    expect(web.result.interfaces.map(({ name, mac }) => [name, mac])).toMatchObject([
      [expect.stringMatching(/^eni/), undefined],
      ['eth0', '254'],
      [expect.stringMatching(/^eni/), undefined],
      ['mNicIf1', '10100'],
      [expect.stringMatching(/^dummy/), '0'],
    ]);

    // As upstream wires it.
    expect(await lines(web.netns, [...ip, 'rule'])).toContain(`1: from ${second} lookup 1`);
    const podRoutes = await lines(web.netns, [...ip, 'route', 'show', 'table', '1']);
    expect(podRoutes.map((line) => line.replace(/ metric .*/, ''))).toEqual(
      expect.arrayContaining([
        `default via ${gateway} dev mNicIf1`,
        hasIpv6 ? `${gateway} dev mNicIf1` : `${gateway} dev mNicIf1 scope link`,
      ]),
    );
    expect(await lines(node.netns, [...ip, 'rule'])).toEqual(
      expect.arrayContaining([
        `512: from all to ${second} lookup main`,
        `1536: from ${second} lookup 10100`,
      ]),
    );

    for (const source of [first, second]) {
      await mustRun(['ping', '-n', '-c', '1', '-W', '2', '-I', source, peer.addresses[0] ?? ''], {
        netns: web.netns,
      });
      await ping(peer.netns, source);
      await ping(node.netns, source);
    }
    for (const serverAddress of [first, second]) {
      const seen = { clientNetns: peer.netns, serverNetns: web.netns, serverAddress };
      expect(await seenSource(seen)).toBe(peer.addresses[0]);
    }
  });

  test('a pod that does not ask for it has one, and reaches the other by both of its addresses', async () => {
    const [web, plain] = [await add(node, 'web', MULTI), await add(node, 'plain')];
    expect(plain.addresses).toHaveLength(1);
    for (const address of web.addresses) await ping(plain.netns, address);
    for (const address of plain.addresses) await ping(web.netns, address);
  });

  test('CHECK and repair look at both interfaces, across a kill, and DEL leaves nothing', async () => {
    const web = await add(node, 'web', MULTI);
    const peer = await add(other, 'peer');
    const [, second = ''] = web.addresses;
    const conf = { ...MULTI, prevResult: web.result };
    expect(await node.runtime.cni('CHECK', web, conf)).toMatchObject({ exitCode: 0 });
    // The daemon repairs the inside of pods that it has wired itself.
    const [netns, priority] = plugin === undefined ? [web.netns, '1'] : [node.netns, '1536'];
    await mustRun([...ip, 'rule', 'del', 'from', second, 'pref', priority], { netns });
    expect(await node.runtime.cni('CHECK', web, conf)).toMatchObject({
      exitCode: 1,
      output: { code: 102, details: expect.stringContaining(second) },
    });

    await node.stop('SIGKILL');
    await node.start({ ...environment, AWS_VPC_K8S_CNI_REPAIR_INTERVAL: '1' });
    expect((await settledAccounts(node, box.emulator)).reserved).toEqual([...web.addresses].sort());
    await until(async () => (await node.runtime.cni('CHECK', web, conf)).exitCode === 0);
    for (const address of web.addresses) await ping(peer.netns, address);

    expect(await node.runtime.cni('DEL', web, conf)).toMatchObject({ exitCode: 0 });
    expect(await settledAccounts(node, box.emulator)).toMatchObject({
      reserved: [],
      checkpoint: [],
      rules: [],
      fromRules: [],
      routes: [],
      links: [],
    });
    const left = await lines(node.netns, [...ip, 'route', 'show', 'table', 'all']);
    expect(left.filter((line) => line.includes(`${second} `))).toEqual([]);
  });

  test('an ADD of which the second interface is in the way leaves nothing of the first', async () => {
    const sandbox = await newSandbox(node, 'web');
    const link = ['ip', 'link', 'add', 'mNicIf1', 'type', 'veth', 'peer', 'name', 'other'];
    await mustRun(link, { netns: sandbox.netns });
    expect(await node.runtime.cni('ADD', sandbox, MULTI)).toMatchObject({ exitCode: 1 });
    expect(await settledAccounts(node, box.emulator)).toMatchObject({
      reserved: [],
      rules: [],
      links: [],
    });
    expect((await lines(sandbox.netns, ['ip', '-o', 'link'])).join()).not.toContain('eth0');
  });
});

/** What the init container does: a node that forwards IPv6, for one. */
async function initialise({ netns, runDirectory }: SandboxNode): Promise<void> {
  const bin = join(runDirectory, 'bin');
  await mkdir(bin);
  const program = join(workspaceRoot, 'apps/cni-plugin/dist/install.js');
  const env = { ENABLE_IPv6: 'true', HOST_CNI_BIN_PATH: bin };
  await mustRun([process.execPath, program, 'init'], { netns, env });
}

async function newSandbox(on: SandboxNode, podName: string): Promise<PodSandbox> {
  const sandbox = await on.runtime.createSandbox({ podNamespace: 'default', podName });
  sandboxes.set(sandbox, on);
  return sandbox;
}

async function add(on: SandboxNode, podName: string, conf: object = pluginConf): Promise<Pod> {
  const sandbox = await newSandbox(on, podName);
  const { exitCode, output } = await on.runtime.cni('ADD', sandbox, { ...conf });
  if (exitCode !== 0) throw new Error(`ADD of ${podName}: ${JSON.stringify(output)}`);
  const result = output as AddResult;
  const addresses = result.ips.map(({ address }) => address.replace(/\/(32|128)$/, ''));
  return { ...sandbox, result, addresses };
}

/** What a command prints, with single spaces. */
async function lines(netns: string, command: readonly string[]): Promise<readonly string[]> {
  const text = await mustRun([...command], { netns });
  return text.split('\n').map((line) => line.trim().replaceAll(/\s+/g, ' '));
}
