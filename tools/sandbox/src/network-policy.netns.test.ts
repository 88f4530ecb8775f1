import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { type AgentCall, type FakePolicyAgent, startFakePolicyAgent } from '@vpc-cni/testing';
import type { SandboxNode } from './node.ts';
import {
  addressesInUse,
  behaviourEnvironment,
  untilNoTraceOf,
  withSandbox,
} from './plugin-behaviour.fixture.ts';
import { workspaceRoot } from './program-path.ts';
import { mustRun, runCommand } from './run-command.ts';
import { linkNameSuffix } from './upstream/plugin.fixture.ts';
import { createVpcInABox, type VpcInABox } from './vpc-in-a-box.ts';

// What a pod's first packet meets is the policy agent's word. Here the agent judges by the pod's name, slowly, and by a
// filter on the host link in the place of upstream's eBPF.

const SLOW_MS = 300;
const standAlone = [process.execPath, join(workspaceRoot, 'apps/cni-plugin/dist/main.js')];

describe.each([
  { name: 'the launcher', prefix: 'npl', plugin: undefined, isIpv6: false },
  { name: 'the launcher, with IPv6', prefix: 'np6', plugin: undefined, isIpv6: true },
  { name: 'the stand-alone plugin', prefix: 'nps', plugin: standAlone, isIpv6: false },
])('network policies under $name', ({ plugin, prefix, isIpv6 }) => {
  const iptables = isIpv6 ? 'ip6tables' : 'iptables';
  const ip = isIpv6 ? ['ip', '-6'] : ['ip', '-4'];
  let box: VpcInABox;
  let node: SandboxNode;
  let nodeAddress: string;
  let agent: FakePolicyAgent | undefined;

  const socketPath = () => join(node.runDirectory, 'npa.sock');
  const filter = (verb: string, { pod }: AgentCall) => {
    const [namespace = '', name = ''] = pod.split('/');
    const link = `eni${linkNameSuffix(namespace, name)}`;
    const rule = [verb, 'PREROUTING', '-i', link, '-j', 'DROP'];
    return mustRun([iptables, '-w', '-t', 'raw', ...rule], { netns: node.netns });
  };
  const isClosed = ({ pod }: AgentCall) => pod.startsWith('default/closed');
  async function startAgent(): Promise<FakePolicyAgent> {
    const started = await startFakePolicyAgent(socketPath());
    started.answerWith(async (call) => {
      await sleep(SLOW_MS);
      if (isClosed(call)) await filter(call.method === 'DeletePodNp' ? '-D' : '-A', call);
      return true;
    });
    agent = started;
    return started;
  }
  const reachesNode = async (netns: string) => {
    const { exitCode } = await runCommand(['ping', '-c1', '-W1', nodeAddress], { netns });
    return exitCode === 0;
  };

  beforeAll(async () => {
    box = await createVpcInABox({
      nodeCount: 1,
      instanceType: 't3.small',
      prefix,
      hasIpv6: isIpv6,
      ...(plugin === undefined ? {} : { plugin }),
    });
    const [only] = box.nodes;
    if (only === undefined) throw new Error('the box has no node');
    node = only;
    await node.start({ ...behaviourEnvironment, NETWORK_POLICY_ENFORCING_MODE: 'Strict' });
    const shown = ['-o', 'address', 'show', 'dev', 'eth0', 'scope', 'global'];
    const addresses = await mustRun([...ip, ...shown], { netns: node.netns });
    nodeAddress = /inet6? ([^/]+)/.exec(addresses)?.[1] ?? '';
  });
  afterAll(() => box?.close());
  beforeEach(() => startAgent());
  afterEach(() => agent?.kill());

  test.each([
    { name: 'closed', passes: false },
    { name: 'open', passes: true },
  ])('the first packet of a pod that is to be $name', async ({ name, passes }) => {
    const pod = await node.addPod(name);
    const asked = { method: 'EnforceNpToPod', pod: `default/${name}` };
    expect(agent?.asked).toEqual([{ ...asked, mode: 'Strict', interfaceCount: 1 }]);
    expect(await reachesNode(pod.netns)).toBe(passes);
    await node.deletePod(pod);
    expect(agent?.asked.slice(1)).toEqual([{ method: 'DeletePodNp', pod: `default/${name}` }]);
    await untilNoTraceOf(node, pod);
  });

  test('pods that come at once are all closed before they are answered', async () => {
    const names = Array.from({ length: 5 }, (_, index) => `closed-${index}`);
    const pods = await Promise.all(names.map((name) => node.addPod(name)));
    const reached = await Promise.all(pods.map(({ netns }) => reachesNode(netns)));
    expect(reached).toEqual(names.map(() => false));
    await Promise.all(pods.map((pod) => node.deletePod(pod)));
    expect(await addressesInUse(node)).toBe(0);
  });

  const remains = async () => ({
    addresses: await addressesInUse(node),
    rules: (await mustRun([...ip, 'rule'], { netns: node.netns })).match(/^512:/gm)?.length ?? 0,
  });

  test.each([
    { name: 'is away', prepare: () => agent?.kill(), reason: 'agent-away' },
    { name: 'says no', prepare: () => agent?.answerWith(() => false), reason: 'agent-refused' },
    {
      name: 'dies while it is asked',
      prepare: () =>
        agent?.answerWith(async () => {
          await agent?.kill();
          return new Promise(() => {});
        }),
      reason: 'agent-failed',
    },
  ])(
    'ADD fails when the agent $name, leaves nothing, and succeeds with the next',
    async (trouble) => {
      await trouble.prepare();
      await withSandbox(node, 'open', async (sandbox) => {
        expect(await node.runtime.cni('ADD', sandbox)).toMatchObject({
          exitCode: 1,
          output: {
            code: 104,
            msg: expect.stringContaining(`pod default/open (${trouble.reason})`),
            details: expect.stringContaining(socketPath()),
          },
        });
        expect(await remains()).toEqual({ addresses: 0, rules: 0 });
        await agent?.kill();
        await startAgent();
        expect((await node.runtime.cni('ADD', sandbox)).exitCode).toBe(0);
        expect(await reachesNode(sandbox.netns)).toBe(true);
      });
    },
  );

  test('DEL without an agent takes everything down, fails once, and then succeeds', async () => {
    const pod = await node.addPod('open');
    await agent?.kill();
    expect(await node.runtime.cni('DEL', pod)).toMatchObject({
      exitCode: 1,
      output: { code: 104, details: expect.stringContaining('NETWORK_POLICY_ENFORCING_MODE') },
    });
    expect(await remains()).toEqual({ addresses: 0, rules: 0 });
    await node.deletePod(pod);
    await untilNoTraceOf(node, pod);
  });

  test('the pod’s next sandbox stays closed when the DEL of the one before comes late', async () => {
    const old = await node.addPod('closed');
    const successor = await node.addPod('closed');
    await node.deletePod(old);
    expect(await reachesNode(successor.netns)).toBe(false);
    await node.deletePod(successor);
    expect(agent?.asked.map(({ method }) => method)).toEqual([
      'EnforceNpToPod',
      'EnforceNpToPod',
      'DeletePodNp',
    ]);
  });
});
