import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { ping } from '../checks/probes.ts';
import { settledAccounts } from '../invariants.ts';
import type { SandboxNode } from '../node.ts';
import { type ContainerRuntime, type PodSandbox, pluginConf } from '../runtime.ts';
import { createVpcInABox, type VpcInABox } from '../vpc-in-a-box.ts';
import { looksOfPod } from './looks-of-pod.fixture.ts';
import type { UpstreamResult } from './plugin.fixture.ts';
import { upstreamRuntime } from './program.fixture.ts';

// Upstream's own program as the plugin, for a pod of two network cards, against our daemon.

const environment = { ENABLE_MULTI_NIC: 'true', WARM_IP_TARGET: '1', IP_COOLDOWN_PERIOD: '0' };
const MULTI = {
  ...pluginConf,
  runtimeConfig: {
    'io.kubernetes.cri.pod-annotations': { 'k8s.amazonaws.com/nicConfig': 'multi-nic-attachment' },
  },
};

type Whose = 'ours' | 'upstream';

let box: VpcInABox;
let node: SandboxNode;
let runtimes: Readonly<Record<Whose, ContainerRuntime>>;

beforeAll(async () => {
  box = await createVpcInABox({
    nodeCount: 1,
    instanceType: 'c6in.32xlarge',
    prefix: 'theircards',
  });
  const [only] = box.nodes;
  if (only === undefined) throw new Error('the box has no node');
  node = only;
  runtimes = { ours: node.runtime, upstream: upstreamRuntime(node) };
  await node.start(environment);
});
afterAll(() => box?.close());

interface Pod extends PodSandbox {
  readonly result: UpstreamResult;
  readonly addresses: readonly string[];
}

async function add(whose: Whose): Promise<Pod> {
  const sandbox = await node.runtime.createSandbox({ podNamespace: 'default', podName: 'web' });
  const { exitCode, output, stderr } = await runtimes[whose].cni('ADD', sandbox, MULTI);
  if (exitCode !== 0) throw new Error(`ADD failed: ${JSON.stringify(output)} ${stderr}`);
  const result = output as UpstreamResult;
  const addresses = result.ips.map(({ address }) => address.replace('/32', ''));
  return { ...sandbox, result, addresses };
}

async function del(whose: Whose, pod: Pod): Promise<void> {
  const conf = { ...MULTI, prevResult: pod.result };
  expect(await runtimes[whose].cni('DEL', pod, conf)).toMatchObject({ exitCode: 0 });
  await node.runtime.removeSandbox(pod);
  expect(await settledAccounts(node, box.emulator)).toMatchObject({
    reserved: [],
    rules: [],
    routes: [],
    fromRules: [],
    links: [],
  });
}

/** What the pod and the node look like, and the result; without what is drawn, or depends on the moment. */
async function looksOf({ netns, result, addresses }: Pod): Promise<unknown> {
  const links = result.interfaces.filter(({ name }) => name.startsWith('eni'));
  const looks: unknown[] = [result];
  for (const { name } of links) looks.push(await looksOfPod(node, { netns, hostLinkName: name }));
  const [first = '', second = ''] = addresses;
  const text = JSON.stringify(looks)
    .replaceAll(netns, 'NETNS')
    .replaceAll(first, 'FIRST')
    .replaceAll(second, 'SECOND')
    .replaceAll(/([0-9a-f]{2}:){5}[0-9a-f]{2}|(HOST|POD)-MAC/g, 'MAC');
  return JSON.parse(text);
}

test.each<{ readonly whose: Whose; readonly other: Whose }>([
  { whose: 'upstream', other: 'ours' },
  { whose: 'ours', other: 'upstream' },
])(
  'a pod that is added by $whose is taken down by $other, and nothing of it stays',
  async ({ whose, other }) => {
    const pod = await add(whose);
    expect(pod.addresses).toHaveLength(2);
    for (const address of pod.addresses) await ping(node.netns, address);
    await del(other, pod);
  },
);

test('both wire and describe it alike', async () => {
  const ours = await add('ours');
  const looks = await looksOf(ours);
  await del('ours', ours);
  const theirs = await add('upstream');
  expect(await looksOf(theirs)).toEqual(looks);
  await del('upstream', theirs);
});
