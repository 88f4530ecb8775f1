import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { ping } from './checks/probes.ts';
import { atRest, REPAIR_ENVIRONMENT, repairsOf, untilItLooksLike } from './drift.fixture.ts';
import { runInit } from './installer.fixture.ts';
import type { Pod, SandboxNode } from './node.ts';
import { movePodsToAnotherSubnet } from './pod-subnet.fixture.ts';
import { mustRun } from './run-command.ts';
import { createVpcInABox, type VpcInABox } from './vpc-in-a-box.ts';

// A vandal changes what the daemon has set up for the pods of an IPv6 cluster, and on its host and ENIs.

let box: VpcInABox;
let node: SandboxNode;
/** Without a daemon: an address in the VPC. */
let other: SandboxNode;
let pods: Pod[];

beforeEach(async () => {
  box = await createVpcInABox({
    nodeCount: 2,
    instanceType: 't3.small',
    prefix: 'drift6',
    hasIpv6: true,
  });
  const [one, two] = box.nodes;
  if (one === undefined || two === undefined) throw new Error('the box has no two nodes');
  [node, other, pods] = [one, two, []];
  await runInit(node, { ENABLE_IPv6: 'true' });
});

afterEach(async () => {
  await Promise.all(pods.map((pod) => node.runtime.removeSandbox(pod)));
  await box.close();
});

const onNode = (script: string) => mustRun(['sh', '-ec', script], { netns: node.netns });
const onPod = ({ netns }: Pod, script: string) => mustRun(['sh', '-ec', script], { netns });
const sorted = (text: string) => text.split('\n').sort();
/** The kernel makes and numbers these by itself. */
const withoutKernels = (routes: string) =>
  routes.replaceAll(/^(local|multicast|anycast).*\n/gm, '');

async function looks() {
  return {
    rules: sorted(await onNode('ip -6 rule')),
    routes: sorted(withoutKernels(await onNode('ip -6 route show table all'))),
    filter: (await onNode('iptables-save -t filter')).replaceAll(/^[#:].*$/gm, ''),
    pods: await Promise.all(pods.map(looksOf)),
  };
}

async function looksOf(pod: Pod) {
  const hostLink = await onNode(`ip -o link show ${pod.hostLinkName}`);
  const [, hostMac] = /link\/ether (\S+)/.exec(hostLink) ?? [];
  const neighbours = await onPod(pod, 'ip -6 neigh show nud permanent');
  return {
    link: /mtu \d+/.exec(hostLink)?.[0],
    isUp: /[<,]UP[,>]/.test(hostLink),
    settings: await onNode(
      `cd /proc/sys/net/ipv6/conf/${pod.hostLinkName}; cat accept_ra accept_redirects forwarding`,
    ),
    routes: sorted(await onPod(pod, 'ip -6 route')),
    addresses: await onPod(pod, 'ip -6 -o addr show dev eth0 scope global'),
    leadsToHost: neighbours.includes(`fe80::1 dev eth0 lladdr ${hostMac} PERMANENT`),
  };
}

async function vandaliseHost({ routeTableId }: Pod): Promise<void> {
  await onNode(`ip -6 rule del priority 1024
    iptables -w 5 -t filter -D FORWARD 1
    ${routeTableId === 254 ? '' : `ip -6 route flush table ${routeTableId}`}`);
}

async function vandalisePod(pod: Pod): Promise<void> {
  const { address, hostLinkName, routeTableId } = pod;
  await onNode(`ip -6 rule del priority 512 to ${address}
    ${routeTableId === 254 ? '' : `ip -6 rule del priority 1536 from ${address}`}
    ip -6 route del ${address}
    cd /proc/sys/net/ipv6/conf/${hostLinkName}
    echo 1 > accept_ra; echo 0 > accept_redirects; echo 1 > forwarding
    ip link set ${hostLinkName} mtu 1400 address 02:00:00:00:00:99`);
  await onPod(pod, 'ip -6 route del default; ip -6 neigh del fe80::1 dev eth0');
}

/** What takes away even what the vandal did not name: IPv6 forgets a link’s addresses and routes when it goes down. */
async function takeDown(pod: Pod): Promise<void> {
  await onNode(`ip link set ${pod.hostLinkName} down`);
  await onPod(pod, 'ip link set eth0 down');
}

const killAndStart = async () => {
  await node.stop('SIGKILL');
  await node.start(REPAIR_ENVIRONMENT);
};
const nothing = async () => {};

test.each([
  { daemon: 'the daemon that set it up', meanwhile: nothing, place: nothing, of: 'primary ENI' },
  {
    daemon: 'a daemon that found it, after the one before was killed',
    meanwhile: killAndStart,
    place: nothing,
    of: 'primary ENI',
  },
  {
    daemon: 'a daemon that found it, after the one before was killed',
    meanwhile: killAndStart,
    place: () => movePodsToAnotherSubnet(box),
    of: 'further ENI',
  },
])(
  'what a vandal does to pods of a $of is undone within one interval, and counted, by $daemon',
  async (the) => {
    await the.place();
    await node.start(REPAIR_ENVIRONMENT);
    for (const name of ['a', 'b', 'c']) pods.push(await node.addPod(name));
    const [one, two] = pods;
    if (one === undefined || two === undefined) throw new Error('pods lack');
    const isOnPrimary = one.routeTableId === 254;
    expect(isOnPrimary).toBe(the.of === 'primary ENI');

    const before = await atRest(looks);
    await the.meanwhile();
    expect(await repairsOf(node)).toEqual({ host: 0, eni: 0, pod: 0 });
    await vandaliseHost(one);
    await vandalisePod(one);
    await takeDown(two);
    await untilItLooksLike(before, looks);

    const { host, eni, pod } = await repairsOf(node);
    expect(host).toBeGreaterThanOrEqual(2);
    expect(eni).toBeGreaterThanOrEqual(isOnPrimary ? 0 : 2);
    // Of one: three settings, link, route, rules, default route, neighbour. Of the other: both links, address, routes.
    expect(pod).toBeGreaterThanOrEqual((isOnPrimary ? 8 : 9) + 5);
    for (const { netns, address } of pods) {
      await ping(node.netns, address);
      await ping(netns, other.ipv6Address);
      for (const peer of pods) await ping(netns, peer.address);
    }
  },
);
