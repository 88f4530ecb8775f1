import { mkdir, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { ping, seenSource } from '../checks/probes.ts';
import { settledAccounts } from '../invariants.ts';
import { launcherPath, type SandboxNode } from '../node.ts';
import { workspaceRoot } from '../program-path.ts';
import { mustRun } from '../run-command.ts';
import { type ContainerRuntime, type PodSandbox, pluginConf } from '../runtime.ts';
import { createVpcInABox, type VpcInABox } from '../vpc-in-a-box.ts';
import { looksOfPod } from './looks-of-pod.fixture.ts';
import { runtimeOf, upstreamRuntime } from './program.fixture.ts';

// Upstream's own programs in an IPv6 cluster, against our daemon; egress-cni gives the pods a way into IPv4.

let box: VpcInABox;
let node: SandboxNode;
let sandbox: PodSandbox;
let dataDir: string;
let chains: Readonly<Record<Whose, Chain>>;

type Whose = 'ours' | 'upstream';
type Chain = readonly [awsCni: ContainerRuntime, egressCni: ContainerRuntime];

beforeAll(async () => {
  box = await createVpcInABox({
    nodeCount: 1,
    instanceType: 't3.small',
    prefix: 'six',
    hasIpv6: true,
  });
  const [only] = box.nodes;
  if (only === undefined) throw new Error('the box has no node');
  node = only;
  dataDir = join(node.runDirectory, 'egress');
  chains = {
    ours: [node.runtime, runtimeOf(node, [join(dirname(launcherPath), 'egress-cni')])],
    upstream: [upstreamRuntime(node), upstreamRuntime(node, 'egress-cni')],
  };
  const bin = join(node.runDirectory, 'bin');
  await mkdir(bin);
  const program = join(workspaceRoot, 'apps/cni-plugin/dist/install.js');
  await mustRun([process.execPath, program, 'init'], {
    netns: node.netns,
    env: { ENABLE_IPv6: 'true', HOST_CNI_BIN_PATH: bin },
  });
  await node.start();
});
beforeEach(async () => {
  sandbox = await node.runtime.createSandbox({ podNamespace: 'default', podName: 'six' });
});
afterEach(async () => {
  await del('ours');
  await node.runtime.removeSandbox(sandbox);
  await rm(dataDir, { recursive: true, force: true });
  expect((await settledAccounts(node, box.emulator)).reserved).toEqual([]);
});
afterAll(() => box?.close());

const egressConf = () => ({
  cniVersion: '0.4.0',
  name: 'aws-cni',
  type: 'egress-cni',
  mtu: '9001',
  enabled: 'true',
  randomizeSNAT: 'prng',
  nodeIP: node.primaryAddress,
  ipam: {
    type: 'host-local',
    ranges: [[{ subnet: '169.254.172.0/22' }]],
    routes: [{ dst: '0.0.0.0/0' }],
    dataDir,
  },
  pluginLogFile: 'stderr',
  pluginLogLevel: 'DEBUG',
});

interface Result {
  readonly interfaces: readonly { readonly name: string }[];
  readonly ips: readonly { readonly address: string }[];
}

async function add(whose: Whose): Promise<Result> {
  let prevResult: unknown;
  for (const [index, runtime] of chains[whose].entries()) {
    const conf = {
      ...(index === 0 ? pluginConf : egressConf()),
      ...(prevResult ? { prevResult } : {}),
    };
    const { exitCode, output, stderr } = await runtime.cni('ADD', sandbox, conf);
    if (exitCode !== 0) throw new Error(`ADD failed: ${JSON.stringify(output)} ${stderr}`);
    prevResult = output;
  }
  return prevResult as Result;
}

/** As runtimes do: from the last to the first. */
async function del(whose: Whose, prevResult?: Result): Promise<void> {
  const remembered = prevResult === undefined ? {} : { prevResult };
  const [awsCni, egressCni] = chains[whose];
  for (const done of [
    await egressCni.cni('DEL', sandbox, { ...egressConf(), ...remembered }),
    await awsCni.cni('DEL', sandbox, { ...pluginConf, ...remembered }),
  ])
    expect(done).toMatchObject({ exitCode: 0, output: undefined });
}

/** The same container in a new namespace, as if there had been none. */
async function startAnew(): Promise<void> {
  const name = basename(sandbox.netns);
  await mustRun(['sh', '-ec', `ip netns del ${name}; ip netns add ${name}`]);
  await mustRun(['ip', '-n', name, 'link', 'set', 'lo', 'up']);
  await rm(dataDir, { recursive: true });
}

const addressOf = ({ ips }: Result) => ips[0]?.address.replace('/128', '') ?? '';

/**
 * Without what differs each time: the address, and names and MACs that are drawn. And without the one difference there
 * is: ours does not have the kernel look for duplicates of an address that nobody else can have.
 */
async function looks(result: Result): Promise<unknown> {
  const [hostLink] = result.interfaces;
  const pod = await looksOfPod(node, { ...sandbox, hostLinkName: hostLink?.name ?? '' }, 'ip -6');
  const egress = await mustRun(['sh', '-ec', 'ip -4 -o address show v4if0; ip -4 route'], sandbox);
  const firewall = await mustRun(['iptables-save', '-t', 'nat'], { netns: node.netns });
  const rules = firewall.split('\n').filter((line) => /^(-A|:CNI)/.test(line));
  const text = JSON.stringify({ pod, result, egress, rules });
  return JSON.parse(
    text
      .replaceAll(addressOf(result), 'ADDRESS')
      .replaceAll(/veth[\da-f]{8}/g, 'VETH')
      .replaceAll(/"mac":"[\da-f:]{17}"/g, '"mac":"MAC"')
      .replaceAll(/accept_dad:\d|\bnodad /g, ''),
  );
}

async function expectConnected(result: Result): Promise<void> {
  await ping(node.netns, addressOf(result));
  const { internet } = box.fabric;
  const asked = { serverNetns: internet.netnsPath, serverAddress: internet.address };
  expect(await seenSource({ clientNetns: sandbox.netns, ...asked })).toBe(node.publicAddress);
}

test('pods are wired and described by either side’s programs alike, with a way into IPv4', async () => {
  const theirs = await add('upstream');
  await expectConnected(theirs);
  const theirLooks = await looks(theirs);
  await del('upstream', theirs);
  await startAnew();

  const ours = await add('ours');
  await expectConnected(ours);
  expect(await looks(ours)).toEqual(theirLooks);
});

test.each([
  ['ours', 'upstream'],
  ['upstream', 'ours'],
] as const)('a pod added by %s leaves nothing behind by DEL of %s', async (adder, deleter) => {
  const result = await add(adder);
  await del(deleter, result);
  const show = 'ip -6 rule; ip -6 route show table all; iptables-save -t nat';
  const left = await mustRun(['sh', '-ec', show], { netns: node.netns });
  expect(left).not.toContain(addressOf(result));
  expect(left).not.toContain('CNI-E4');
});
