import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, test } from '@jest/globals';
import { readAsUpstream } from '@vpc-cni/testing';
import { keepPinging, ping, seenSource } from '../checks/probes.ts';
import { settledAccounts } from '../invariants.ts';
import { ipamdPath, type SandboxNode } from '../node.ts';
import { workspaceRoot } from '../program-path.ts';
import { type BackgroundProgram, mustRun, startProgram } from '../run-command.ts';
import { type PodSandbox, pluginConf } from '../runtime.ts';
import { createVpcInABox, type VpcInABox } from '../vpc-in-a-box.ts';
import { upstreamConfList } from './files.fixture.ts';
import { becomeUpstreams, type UpstreamNode } from './node.fixture.ts';
import { type Backend, leftovers } from './packet-filter.fixture.ts';
import {
  linkNameSuffix,
  resultOf,
  type UpstreamPod,
  type UpstreamResult,
} from './plugin.fixture.ts';
import { upstreamRuntime } from './program.fixture.ts';

// A node of the AWS VPC CNI becomes ours without being drained, and goes back to it.

let box: VpcInABox;
let node: SandboxNode;
let upstream: UpstreamNode;
let daemon: BackgroundProgram | undefined;
let sandboxes: PodSandbox[];

afterEach(async () => {
  await daemon?.stop();
  daemon = undefined;
  for (const sandbox of sandboxes) await node.runtime.removeSandbox(sandbox);
  await box.close();
});

async function inherit(backend: Backend): Promise<void> {
  sandboxes = [];
  box = await createVpcInABox({ nodeCount: 1, instanceType: 't3.small', prefix: 'migr' });
  const [only] = box.nodes;
  if (only === undefined) throw new Error('the box has no node');
  node = only;
  upstream = await becomeUpstreams(box, node, backend);
  sandboxes.push(...upstream.pods);
}

const onNode = (script: string) => mustRun(['sh', '-ec', script], { netns: node.netns });

/** What the DaemonSet's main container runs. */
async function startOurs(): Promise<void> {
  const programs = join(workspaceRoot, 'apps/cni-plugin/dist');
  const install = [process.execPath, join(programs, 'install.js'), 'run', programs];
  daemon = startProgram([...install, process.execPath, ipamdPath], {
    netns: node.netns,
    env: {
      ...node.daemonEnvironment,
      HOST_CNI_BIN_PATH: upstream.binDirectory,
      HOST_CNI_CONFDIR_PATH: upstream.confDirectory,
      IP_COOLDOWN_PERIOD: '0',
      MAX_ENI: '2', // Those that are there.
    },
  });
  const serves = async () =>
    (await node.runtime.cni('STATUS', undefined, { ...pluginConf, cniVersion: '1.1.0' }))
      .exitCode === 0;
  for (const giveUpAtMs = Date.now() + 20_000; !(await serves()); await sleep(50)) {
    if (Date.now() > giveUpAtMs) throw new Error('our daemon does not serve');
  }
}

async function addOurs(podName: string): Promise<UpstreamPod> {
  const sandbox = await node.runtime.createSandbox({ podNamespace: 'default', podName });
  sandboxes.push(sandbox);
  const { exitCode, output } = await node.runtime.cni('ADD', sandbox);
  expect({ exitCode, output }).toMatchObject({ exitCode: 0 });
  const result = output as UpstreamResult;
  const [hostLink, podLink] = result.interfaces;
  return {
    ...sandbox,
    address: result.ips[0]?.address.replace('/32', '') ?? '',
    hostLinkName: hostLink?.name ?? '',
    routeTableId: Number(podLink?.mac),
    result,
  };
}

/** Rules, routes and packet filter of the node, without what is a pod's, and without counters. */
async function looksOfHost(): Promise<readonly string[]> {
  const text = await onNode(`ip rule; ip route show table main; ip route show table 2
    (iptables-nft-save; iptables-legacy-save) 2>/dev/null | grep -E '^(-A|:AWS)'
    nft list table ip aws-cni 2>/dev/null || true`);
  return text
    .replaceAll(/packets \d+ bytes \d+/g, '')
    .split('\n')
    .filter((line) => !/^(512|1536):| dev eni/.test(line));
}

/** As upstream left it, without what it has forgotten to remove. */
const withoutLeftovers = (looks: readonly string[]) => {
  expect(looks).toEqual(expect.arrayContaining([...leftovers]));
  return looks.filter((line) => !leftovers.includes(line));
};

const addressesOf = (pods: readonly { readonly address: string }[]) =>
  pods.map(({ address }) => address).sort();

async function expectConnected(pods: readonly UpstreamPod[]): Promise<void> {
  const { internet } = box.fabric;
  for (const pod of pods) {
    await ping(node.netns, pod.address);
    const asked = { serverNetns: internet.netnsPath, serverAddress: internet.address };
    expect(await seenSource({ clientNetns: pod.netns, ...asked })).toBe(node.publicAddress);
  }
}

test.each(['nft', 'legacy'] as const)(
  'pods on a node whose kubelet has iptables-%s notice nothing, and only leftovers go',
  async (backend) => {
    await inherit(backend);
    const { pods, deadAddress, binDirectory, confDirectory } = upstream;
    const before = await looksOfHost();
    const flows = pods.flatMap((pod) => [
      keepPinging(node.netns, pod.address),
      keepPinging(pod.netns, box.fabric.internet.address),
    ]);
    await startOurs();
    const { reserved, rules, fromRules } = await settledAccounts(node, box.emulator);

    expect(reserved).toEqual(addressesOf(pods));
    expect(rules).not.toContain(deadAddress);
    expect(fromRules).toEqual(addressesOf(pods.slice(1)).map((address) => `${address} lookup 2`));
    expect(await looksOfHost()).toEqual(withoutLeftovers(before));
    await expectConnected(pods);
    expect(await Promise.all(flows.map((flow) => flow.end()))).toEqual(flows.map(() => []));

    const list = await readFile(join(confDirectory, '10-aws.conflist'), 'utf8');
    expect(JSON.parse(list)).toEqual(upstreamConfList);
    expect(await readdir(confDirectory)).toHaveLength(1);
    expect(await readFile(join(binDirectory, 'aws-cni'), 'latin1')).toMatch(/^.ELF/);
  },
);

test('new pods get other addresses, and the pods that were there leave by our DEL', async () => {
  await inherit('nft');
  await startOurs();
  const [first, second, third] = upstream.pods;
  if (first === undefined || second === undefined || third === undefined)
    throw new Error('upstream had three pods');
  // As many as there is room for, the dead pod's address among them.
  const ours = await Promise.all(['a', 'b', 'c'].map(addOurs));
  expect(new Set(addressesOf([...upstream.pods, ...ours])).size).toBe(6);
  expect(ours.map(({ routeTableId }) => routeTableId).sort()).toEqual([2, 254, 254]);
  await expectConnected([...upstream.pods, ...ours]);

  const remembering = ({ result }: UpstreamPod) => ({ ...pluginConf, prevResult: result });
  const isDone = { exitCode: 0, output: undefined };
  expect(await node.runtime.cni('DEL', first, remembering(first))).toMatchObject(isDone);
  expect(await node.runtime.cni('DEL', second)).toMatchObject(isDone);
  await node.runtime.removeSandbox(third);
  const afterItsEnd = { ...third, netns: '' };
  expect(await node.runtime.cni('DEL', afterItsEnd, remembering(third))).toMatchObject(isDone);
  const { reserved } = await settledAccounts(node, box.emulator);
  expect(reserved).toEqual(addressesOf(ours));
  await expectConnected(ours);
});

test('upstream, when it is back, finds every pod, and its DEL leaves nothing of ours', async () => {
  await inherit('nft');
  const before = await looksOfHost();
  await startOurs();
  const ours = await Promise.all(['a', 'b', 'c'].map(addOurs));
  const [stays, ...leaving] = upstream.pods;
  if (stays === undefined) throw new Error('upstream had three pods');
  for (const pod of leaving) await node.runtime.cni('DEL', pod);
  await settledAccounts(node, box.emulator);
  await daemon?.stop();
  await expectConnected([stays, ...ours]);

  // Its daemon keeps an entry that has a link of its pod's name, and an address of one of the node's ENIs.
  const file = await readFile(join(node.runDirectory, 'ipam.json'), 'utf8');
  const { allocations } = readAsUpstream(file);
  expect(allocations.map(({ ipv4 }) => ipv4).sort()).toEqual(addressesOf([stays, ...ours]));
  const links = await onNode('ip -o link');
  const { enis } = box.emulator.describe();
  for (const { ipv4, metadata } of allocations) {
    const { k8sPodNamespace = '', k8sPodName = '' } = metadata;
    expect(links).toContain(`${linkNameSuffix(k8sPodNamespace, k8sPodName)}@`);
    expect(enis.flatMap(({ secondaryAddresses }) => secondaryAddresses)).toContain(ipv4);
  }
  expect(await looksOfHost()).toEqual(withoutLeftovers(before));

  // Its plugin reads our results as its own.
  expect(ours.map(({ result }) => result)).toEqual(ours.map(resultOf));
  const theirs = upstreamRuntime(node);
  for (const pod of ours) {
    const conf = { ...pluginConf, prevResult: pod.result };
    const deleted = theirs.cni('DEL', pod, conf);
    expect(await deleted).toMatchObject({ exitCode: 0, output: undefined });
    await node.runtime.removeSandbox(pod);
  }
  const left = (await onNode('ip rule; ip route show table all')).split(/\s/);
  for (const { address } of ours) expect(left).not.toContain(address);
  await ping(node.netns, stays.address);
});
