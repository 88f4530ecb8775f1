import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { ping, seenSource } from '../checks/probes.ts';
import { settledAccounts } from '../invariants.ts';
import type { SandboxNode } from '../node.ts';
import { addressesInUse, untilNoTraceOf } from '../plugin-behaviour.fixture.ts';
import { programPath } from '../program-path.ts';
import { mustRun } from '../run-command.ts';
import { type ContainerRuntime, pluginConf } from '../runtime.ts';
import { createVpcInABox, type VpcInABox } from '../vpc-in-a-box.ts';
import { looksOfPod } from './looks-of-pod.fixture.ts';
import type { UpstreamPod, UpstreamResult } from './plugin.fixture.ts';
import { upstreamRuntime } from './program.fixture.ts';

// Upstream's own program as the plugin, against our daemon: two ENIs of three addresses.

const environment = { MAX_ENI: '2', IP_COOLDOWN_PERIOD: '0', AWS_VPC_K8S_CNI_ADD_WAIT: '2' };
const ADDRESSES = 6;

let box: VpcInABox;
let node: SandboxNode;
let runtimes: Readonly<Record<Whose, ContainerRuntime>>;
let pods: UpstreamPod[] = [];

type Whose = 'ours' | 'upstream';

beforeAll(async () => {
  box = await createVpcInABox({ nodeCount: 1, instanceType: 't3.small', prefix: 'theirs' });
  const [only] = box.nodes;
  if (only === undefined) throw new Error('the box has no node');
  node = only;
  runtimes = { ours: node.runtime, upstream: upstreamRuntime(node) };
  await node.start(environment);
});
afterEach(async () => {
  for (const pod of pods) await node.deletePod(pod);
  pods = [];
  expect((await settledAccounts(node, box.emulator)).reserved).toEqual([]);
});
afterAll(() => box?.close());

const isDone = { exitCode: 0, output: undefined };
const remembering = ({ result }: UpstreamPod) => ({ ...pluginConf, prevResult: result });

const newSandbox = (podName: string) =>
  node.runtime.createSandbox({ podNamespace: 'default', podName });

async function add(whose: Whose, podName: string): Promise<UpstreamPod> {
  const sandbox = await newSandbox(podName);
  const { exitCode, output, stderr } = await runtimes[whose].cni('ADD', sandbox);
  if (exitCode !== 0) {
    await node.runtime.removeSandbox(sandbox);
    throw new Error(`ADD failed: ${JSON.stringify(output)} ${stderr}`);
  }
  const result = output as UpstreamResult;
  const [hostLink, podLink] = result.interfaces;
  const pod = {
    ...sandbox,
    address: result.ips[0]?.address.replace('/32', '') ?? '',
    hostLinkName: hostLink?.name ?? '',
    routeTableId: Number(podLink?.mac),
    result,
  };
  pods.push(pod);
  return pod;
}

async function del(whose: Whose, pod: UpstreamPod): Promise<void> {
  pods = pods.filter((other) => other !== pod);
  expect(await runtimes[whose].cni('DEL', pod, remembering(pod))).toMatchObject(isDone);
  await node.runtime.removeSandbox(pod);
}

/** The node is full, and a pod of ours is on that ENI. */
async function fill(place: 'primary' | 'secondary'): Promise<UpstreamPod> {
  const added: UpstreamPod[] = [];
  for (let n = 0; n < ADDRESSES; n++) added.push(await add('ours', `pod-${n}`));
  const found = added.find(({ routeTableId }) => (routeTableId === 254) === (place === 'primary'));
  if (found === undefined) throw new Error(`no pod is on the ${place} ENI`);
  return found;
}

test('it is the program that says which release it is of', async () => {
  expect(await runtimes.upstream.cni('VERSION')).toMatchObject({
    exitCode: 0,
    output: {
      cniVersion: '1.1.0',
      supportedVersions: ['0.1.0', '0.2.0', '0.3.0', '0.3.1', '0.4.0', '1.0.0', '1.1.0'],
    },
  });
});

test.each(['primary', 'secondary'] as const)(
  'a pod that it adds on the %s ENI is connected, and wired and described as ours are',
  async (place) => {
    const pod = await fill(place);
    const looks = await looksOfPod(node, pod);
    await del('ours', pod);
    await untilNoTraceOf(node, pod);
    // The one address that is free, under the same name.
    const theirs = await add('upstream', pod.podName);
    expect(theirs.address).toBe(pod.address);
    expect(await looksOfPod(node, theirs)).toEqual(looks);
    const elsewhere = (netns: string) => JSON.stringify(pod.result).replaceAll(pod.netns, netns);
    expect(theirs.result).toEqual(JSON.parse(elsewhere(theirs.netns)));

    await ping(node.netns, theirs.address);
    const { internet } = box.fabric;
    const asked = { serverNetns: internet.netnsPath, serverAddress: internet.address };
    expect(await seenSource({ clientNetns: theirs.netns, ...asked })).toBe(node.publicAddress);
    // Ours looks at everything, theirs at nothing.
    for (const whose of ['ours', 'upstream'] as const) {
      const check = runtimes[whose].cni('CHECK', theirs, remembering(theirs));
      expect(await check).toMatchObject(isDone);
    }
  },
);

describe.each(['with its namespace', 'after its namespace'])('DEL %s', (when) => {
  test.each([
    ['ours', 'upstream'],
    ['upstream', 'ours'],
    ['upstream', 'upstream'],
  ] as const)(
    'a pod added by %s leaves nothing behind by DEL of %s, twice',
    async (adder, deleter) => {
      const pod = await add(adder, 'leaving');
      if (when === 'after its namespace') await node.runtime.removeSandbox(pod);
      for (let times = 0; times < 2; times++)
        expect(await runtimes[deleter].cni('DEL', pod, remembering(pod))).toMatchObject(isDone);
      // Upstream's leaves the link to the end of the namespace.
      if (deleter === 'upstream') await node.runtime.removeSandbox(pod);
      await untilNoTraceOf(node, pod);
      expect(await addressesInUse(node)).toBe(0);
    },
  );
});

test('while the daemon is away, DEL of upstream removes what ours wired, and the daemon finds out', async () => {
  await fill('primary');
  const [leaving, stays] = [pods.find(({ routeTableId }) => routeTableId !== 254), pods[0]];
  if (leaving === undefined || stays === undefined) throw new Error('the node is not full');
  await node.stop();
  expect(leaving.result.interfaces.at(-1)).toMatchObject({ mac: '0', sandbox: '1' });
  await del('upstream', leaving);
  const left = await mustRun(['sh', '-c', 'ip rule; ip route'], { netns: node.netns });
  expect(left.split(/\s/)).not.toContain(leaving.address);
  await node.start(environment);
  const { reserved } = await settledAccounts(node, box.emulator);
  expect(reserved).toHaveLength(ADDRESSES - 1);
  await ping(node.netns, stays.address);
});

describe('an ADD that fails', () => {
  const refusals: readonly {
    readonly why: string;
    readonly prepare?: () => Promise<unknown>;
    readonly conf?: Readonly<Record<string, unknown>>;
    readonly output: object;
  }[] = [
    {
      why: 'there is no address',
      prepare: () => fill('primary'),
      output: { code: 999, msg: 'add cmd: failed to assign an IP address to container' },
    },
    {
      why: 'there is no daemon',
      prepare: () => node.stop(),
      output: { code: 999, msg: expect.stringMatching(/AddNetwork.*dial unix .*ipamd\.sock/) },
    },
    {
      why: 'nobody knows that version',
      conf: { ...pluginConf, cniVersion: '9.9.9' },
      output: { code: 1, msg: 'incompatible CNI versions' },
    },
  ];

  test.each(refusals)('because $why says so', async ({ prepare, conf, output }) => {
    await prepare?.();
    const sandbox = await newSandbox('refused');
    const refused = await runtimes.upstream.cni('ADD', sandbox, conf);
    await node.runtime.removeSandbox(sandbox);
    if (node.daemonPid === undefined) await node.start(environment);
    expect(refused).toMatchObject({ exitCode: 1, output });
    expect(await addressesInUse(node)).toBe(pods.length);
  });

  test('because the pod cannot be wired gives its address back, and says why', async () => {
    const sandbox = await newSandbox('gone');
    await node.runtime.removeSandbox(sandbox);
    const added = await runtimes.upstream.cni('ADD', sandbox);
    expect(added).toMatchObject({ exitCode: 1, output: { code: 999 } });
    expect(await addressesInUse(node)).toBe(0);
    const url = 'http://127.0.0.1:61678/metrics';
    const get = [process.execPath, programPath('http-get.mjs'), url];
    const metrics = await mustRun(get, { netns: node.netns });
    expect(metrics).toContain('awscni_del_ip_req_count{reason="SetupNSFailed"} 1');
  });
});
