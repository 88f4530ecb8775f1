import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { ping } from './checks/probes.ts';
import {
  atRest,
  INTERVAL_MS,
  REPAIR_ENVIRONMENT,
  repairsOf,
  untilItLooksLike,
} from './drift.fixture.ts';
import type { Pod, SandboxNode } from './node.ts';
import { mustRun } from './run-command.ts';
import { createVpcInABox, type VpcInABox } from './vpc-in-a-box.ts';

// A vandal changes what the daemon has set up on its host, its ENIs and for its pods.

let box: VpcInABox;
let node: SandboxNode;
let pods: Pod[];

/** The subnet's first address. */
const VPC_ROUTER = '10.0.32.1';

const environment = {
  ...REPAIR_ENVIRONMENT,
  IP_COOLDOWN_PERIOD: '0',
};

beforeEach(async () => {
  box = await createVpcInABox({ nodeCount: 1, instanceType: 't3.small', prefix: 'drift' });
  const [only] = box.nodes;
  if (only === undefined) throw new Error('the box has no node');
  node = only;
  await node.start(environment);
  pods = [];
  for (let n = 0; n < 5; n++) pods.push(await node.addPod(`pod-${n}`));
});

afterEach(async () => {
  await Promise.all(pods.map((pod) => node.runtime.removeSandbox(pod)));
  await box.close();
});

const inNode = (...argv: readonly string[]) => mustRun(argv, { netns: node.netns });
const onNode = (script: string) => inNode('sh', '-ec', script);
const onPod = (pod: Pod, script: string) => mustRun(['sh', '-ec', script], { netns: pod.netns });

/** A pod on a secondary ENI: it has a rule of its own for each direction. */
function podWithTable(): Pod {
  const pod = pods.find(({ routeTableId }) => routeTableId !== 254);
  if (pod === undefined) throw new Error('no pod is on a secondary ENI');
  return pod;
}

/** What the daemon keeps right, without counters, the order of tables, and hardware addresses. */
async function looks() {
  const rules = await inNode('ip', 'rule');
  const tables = [...rules.matchAll(/lookup (\d+)/g)].map(([, table]) => table ?? '');
  const links = pods.map(({ hostLinkName }) => hostLinkName);
  return {
    rules: rules.split('\n').sort(),
    routes: await Promise.all(
      ['main', ...new Set(tables)].map(async (table) =>
        (await inNode('ip', 'route', 'show', 'table', table)).split('\n').sort(),
      ),
    ),
    nat: (await inNode('iptables-save', '-t', 'nat')).replaceAll(/^[#:].*$/gm, ''),
    links: (await inNode('ip', '-o', 'link')).replaceAll(
      /^\d+: |link\/ether \S+|link-netns.*/gm,
      '',
    ),
    settings: await onNode(
      `for link in ${links.join(' ')}; do cd /proc/sys/net/ipv6/conf/$link; cat accept_ra accept_redirects forwarding; done
       cat /proc/sys/net/ipv4/conf/eth0/rp_filter`,
    ),
    pods: await Promise.all(pods.map(looksOfPod)),
  };
}

async function looksOfPod(pod: Pod) {
  const hostLink = await inNode('ip', '-o', 'link', 'show', pod.hostLinkName);
  const [, hostMac] = /link\/ether (\S+)/.exec(hostLink) ?? [];
  const neighbours = await onPod(pod, 'ip neigh show nud permanent');
  return {
    routes: await onPod(pod, 'ip route'),
    addresses: await onPod(pod, 'ip -4 -o addr show eth0'),
    leadsToHost: neighbours.includes(`169.254.1.1 dev eth0 lladdr ${hostMac} PERMANENT`),
  };
}

async function vandaliseHost(): Promise<void> {
  const table = podWithTable().routeTableId;
  await onNode(`ip rule del priority 1024
    ip route flush table ${table}
    iptables -w 5 -t nat -F AWS-SNAT-CHAIN-0
    echo 1 > /proc/sys/net/ipv4/conf/eth0/rp_filter`);
}

async function vandalisePod({ address, hostLinkName, ...pod }: Pod): Promise<void> {
  await onNode(`ip rule del priority 512 to ${address}
    ip rule del priority 1536 from ${address}
    ip route del ${address}
    cd /proc/sys/net/ipv6/conf/${hostLinkName}
    echo 1 > accept_ra; echo 0 > accept_redirects; echo 1 > forwarding
    ip link set ${hostLinkName} mtu 1400 address 02:00:00:00:00:99
    ip link set ${hostLinkName} down`);
  await onPod(
    { address, hostLinkName, ...pod },
    'ip route del default; ip neigh del 169.254.1.1 dev eth0',
  );
}

async function expectPodsTalk(): Promise<void> {
  for (const pod of pods) {
    await ping(node.netns, pod.address);
    await ping(pod.netns, VPC_ROUTER);
  }
}

test.each([
  { daemon: 'the daemon that set it up', meanwhile: async () => {} },
  {
    daemon: 'a daemon that found it, after the one before was killed',
    meanwhile: async () => {
      await node.stop('SIGKILL');
      await node.start(environment);
    },
  },
])('what a vandal does is undone within one interval, and counted, by $daemon', async (the) => {
  const before = await atRest(looks);
  await the.meanwhile();
  expect(await repairsOf(node)).toMatchObject({ pod: 0 });
  await vandaliseHost();
  await vandalisePod(podWithTable());
  expect(await looks()).not.toEqual(before);
  await untilItLooksLike(before, looks);
  const { host, eni, pod } = await repairsOf(node);
  expect(host).toBeGreaterThanOrEqual(3);
  expect(eni).toBeGreaterThanOrEqual(2);
  // Three settings, link, route, two rules; default route, neighbour entry.
  expect(pod).toBeGreaterThanOrEqual(9);
  await expectPodsTalk();
});

test('pods that come and go are no drift, and none comes back', async () => {
  const giveUpAtMs = Date.now() + 3 * INTERVAL_MS;
  while (Date.now() < giveUpAtMs) {
    const visitors = await Promise.all([0, 1].map((n) => node.addPod(`visitor-${n}`)));
    await Promise.all(visitors.map((pod) => node.deletePod(pod)));
  }
  await sleep(2 * INTERVAL_MS);
  expect(await repairsOf(node)).toEqual({ host: 0, eni: 0, pod: 0 });
  const rules = await inNode('ip', 'rule');
  expect(rules.match(/^512:/gm)).toHaveLength(pods.length);
  await expectPodsTalk();
});
