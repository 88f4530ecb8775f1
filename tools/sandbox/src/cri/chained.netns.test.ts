import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { seenSource, transfer } from '../checks/probes.ts';
import { settledAccounts } from '../invariants.ts';
import { programPath } from '../program-path.ts';
import { mustRun, runCommand } from '../run-command.ts';
import { createVpcInABox, type VpcInABox } from '../vpc-in-a-box.ts';
import { type CriNode, startCriNode } from './cri-node.ts';
import { type PodSpec, type RunningPod, sandboxConfigOf } from './kubelet.ts';

// Debian's `portmap` and `bandwidth`, chained behind us by our own installer and driven by containerd.

let box: VpcInABox;
let node: CriNode;
let pods: RunningPod[] = [];

/** containerd maps the node's port to this one of the pod. */
const POD_PORT = 80;
const HOST_PORT = 8080;

beforeAll(async () => {
  box = await createVpcInABox({ nodeCount: 2, instanceType: 't3.small', prefix: 'chain' });
  const [first] = box.nodes;
  if (first === undefined) throw new Error('the box has no node');
  // Long enough that no test gets an address of the primary ENI back from the test before it.
  const environment = { ENABLE_BANDWIDTH_PLUGIN: 'true', IP_COOLDOWN_PERIOD: '5' };
  node = await startCriNode(first, { environment });
});
afterEach(async () => {
  await Promise.all(pods.map((pod) => node.kubelet.remove(pod)));
  pods = [];
  const { reserved } = await settledAccounts(node.node, box.emulator, node.kubelet);
  expect(reserved).toEqual([]);
});
afterAll(async () => {
  await node?.close();
  await box?.close();
});

async function runPod(spec: PodSpec): Promise<RunningPod & { readonly netns: string }> {
  const pod = await node.kubelet.run(spec);
  pods.push(pod);
  return { ...pod, netns: await node.netnsOf(pod) };
}

const inNode = (...argv: readonly string[]) => mustRun(argv, { netns: node.node.netns });
const firewall = () => inNode('iptables-save');

describe('portmap', () => {
  /** One pod on the primary ENI, whose table is main, and others until one is on a secondary ENI. */
  async function runServer(place: 'primary' | 'secondary') {
    const neighbours = place === 'primary' ? 1 : 4;
    for (let n = 0; n < neighbours; n++) await runPod({ name: `neighbour-${n}` });
    const server = await runPod({ name: 'server', hostPort: HOST_PORT });
    const rules = await inNode('ip', 'rule', 'show', 'from', server.address);
    expect(rules === '').toBe(place === 'primary');
    return server;
  }

  test.each(['primary', 'secondary'] as const)(
    'a pod on the %s ENI is reached by its host port from everywhere, until it goes',
    async (place) => {
      const server = await runServer(place);
      const [neighbour, otherNode] = [pods[0], box.nodes[1]];
      if (neighbour === undefined || otherNode === undefined) throw new Error('a client lacks');
      const { primaryAddress, publicAddress, netns } = node.node;
      const { internet } = box.fabric;
      const seenFrom = (clientNetns: string, serverAddress: string) =>
        seenSource({
          clientNetns,
          serverNetns: server.netns,
          serverAddress,
          serverPort: POD_PORT,
          port: HOST_PORT,
        });

      const seen = {
        otherNode: await seenFrom(otherNode.netns, primaryAddress),
        internet: await seenFrom(internet.netnsPath, publicAddress),
        node: await seenFrom(netns, primaryAddress),
        loopback: await seenFrom(netns, '127.0.0.1'),
        neighbour: await seenFrom(await node.netnsOf(neighbour), primaryAddress),
        itself: await seenFrom(server.netns, primaryAddress),
      };
      // `portmap` hides those whose answer would not come back the same way.
      expect(seen).toEqual({
        otherNode: otherNode.primaryAddress,
        internet: internet.address,
        node: primaryAddress,
        loopback: primaryAddress,
        neighbour: neighbour.address,
        itself: primaryAddress,
      });

      expect(await firewall()).toContain(server.address);
      await node.kubelet.remove(server);
      expect(await firewall()).not.toContain(server.address);
      const url = `http://${primaryAddress}:${HOST_PORT}/`;
      const late = runCommand([process.execPath, programPath('http-get.mjs'), url], {
        netns: otherNode.netns,
      });
      expect(await late).toMatchObject({ stderr: expect.stringContaining('ECONNREFUSED') });
    },
  );
});

test('while a chained plugin is missing pods wait, and the address of one that gives up comes back', async () => {
  const { containerd, kubelet } = node;
  const [there, away] = ['portmap', '.portmap'].map((name) =>
    join(containerd.pluginDirectory, name),
  ) as [string, string];
  await rename(there, away);
  const run = containerd.cri.runPodSandbox(sandboxConfigOf({ name: 'unlucky' }));
  await expect(run).rejects.toThrow(/failed to find plugin "portmap"/);
  const lucky = runPod({ name: 'lucky' });
  await rename(away, there);
  await lucky;
  await kubelet.remove({ name: 'unlucky' });
  const { reserved } = await settledAccounts(node.node, box.emulator, kubelet);
  expect(reserved).toHaveLength(1);
});

describe('bandwidth', () => {
  const RATE_MBIT = 25;
  /** containerd's, whatever the pod asks for: as much as the plugin takes. It is full at first. */
  const BURST_BYTES = 2 ** 32 / 8;
  const BURST_MEBIBYTES = BURST_BYTES / 2 ** 20;

  /** Which links are shaped, and whether anything had to wait there. */
  async function shapers() {
    const shaped = /^qdisc tbf 1: dev (...)\S+ root .*rate 25Mbit .*\n.*overlimits (\d+)/gm;
    const statistics = await inNode('tc', '-s', 'qdisc');
    return new Map(
      [...statistics.matchAll(shaped)].map(([, kind, delays]) => [kind, Number(delays) > 0]),
    );
  }

  // The pod's own link for what it gets, and a mirror of it for what it sends.
  test.each([
    ['gets', 'eni'],
    ['sends', 'bwp'],
  ])(
    'a pod’s annotations limit what it %s',
    async (verb, shaper) => {
      const rate = `${RATE_MBIT}M`;
      const limited = await runPod({
        name: 'limited',
        annotations: {
          'kubernetes.io/ingress-bandwidth': rate,
          'kubernetes.io/egress-bandwidth': rate,
        },
      });
      const free = await runPod({ name: 'free' });
      const [from, to] = verb === 'gets' ? [free, limited] : [limited, free];
      const way = { fromNetns: from.netns, toNetns: to.netns, toAddress: to.address };
      expect([...(await shapers())]).toEqual([
        ['eni', false],
        ['bwp', false],
      ]);

      const startedAtMs = performance.now();
      let bytes = 0;
      // On a busy machine the bucket is filled again in between; in the end it is empty.
      for (let mebibytes = BURST_MEBIBYTES; !(await shapers()).get(shaper); mebibytes = 8) {
        const { sent, received } = await transfer({ ...way, mebibytes });
        expect(received).toEqual({ bytes: sent.bytes, sha256: sent.sha256 });
        bytes += sent.bytes;
      }
      const seconds = (performance.now() - startedAtMs) / 1000;
      expect(bytes).toBeLessThan(BURST_BYTES + (seconds * RATE_MBIT * 1e6) / 8);

      await node.kubelet.remove(limited);
      expect((await shapers()).size).toBe(0);
      expect(await inNode('ip', '-o', 'link')).not.toContain('bwp');
    },
    180_000,
  );
});
