import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Client, credentials } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { seenSource } from './checks/probes.ts';
import { ipamdPath, type SandboxNode } from './node.ts';
import {
  addressesInUse,
  behaviourEnvironment,
  testPluginBehaviour,
  untilNoTraceOf,
  withPods,
} from './plugin-behaviour.fixture.ts';
import { mustRun, runCommand } from './run-command.ts';
import { pluginConf } from './runtime.ts';
import { createVpcInABox, type VpcInABox } from './vpc-in-a-box.ts';

// One node under the real launcher, the real daemon and a real kernel. t3.small: 3 ENIs of 3 addresses.

let box: VpcInABox;
let node: SandboxNode;

const statusConf = { ...pluginConf, cniVersion: '1.1.0' };

beforeAll(async () => {
  box = await createVpcInABox({ nodeCount: 1, instanceType: 't3.small', prefix: 'n1' });
  const [only] = box.nodes;
  if (only === undefined) throw new Error('the box has no node');
  node = only;
  await node.start(behaviourEnvironment);
});

afterAll(() => box.close());

testPluginBehaviour(() => node);

describe('traffic', () => {
  test('a NodePort on the primary ENI reaches a pod on a secondary ENI, and the answer finds its way back', async () => {
    await withPods(node, 5, async (pods) => {
      const pod = pods.find(({ routeTableId }) => routeTableId !== 254);
      if (pod === undefined) throw new Error('no pod is on a secondary ENI');
      // What kube-proxy does for a service with externalTrafficPolicy: Local.
      const dnat = [
        'PREROUTING',
        '-p',
        'tcp',
        '--dport',
        '30080',
        '-j',
        'DNAT',
        '--to',
        `${pod.address}:8080`,
      ];
      await mustRun(['iptables', '-t', 'nat', '-A', ...dnat], { netns: node.netns });
      try {
        const seen = await seenSource({
          clientNetns: box.fabric.internet.netnsPath,
          serverNetns: pod.netns,
          serverAddress: node.publicAddress,
          port: 30080,
        });
        expect(seen).toBe(box.fabric.internet.address);
      } finally {
        await mustRun(['iptables', '-t', 'nat', '-D', ...dnat], { netns: node.netns });
      }
    });
  });
});

describe('the daemon', () => {
  test('refuses to serve beside another one', async () => {
    const second = await runCommand([process.execPath, ipamdPath], {
      netns: node.netns,
      env: {
        AWS_VPC_K8S_CNI_RUN_DIR: node.runDirectory,
        AWS_VPC_K8S_CNI_LOG_FILE: 'stdout',
        ENABLE_IPv4: 'true',
      },
    });
    expect(second).toMatchObject({
      exitCode: 1,
      stdout: expect.stringContaining('another process is serving'),
    });
    expect((await node.runtime.cni('STATUS', undefined, statusConf)).exitCode).toBe(0);
  });

  test('away: ADD asks to try later, STATUS says no, VERSION answers, DEL is kept and carried out', async () => {
    const pod = await node.addPod('orphan');
    await node.stop();
    const newcomer = await node.runtime.createSandbox({ podNamespace: 'default', podName: 'late' });
    expect(await node.runtime.cni('ADD', newcomer)).toMatchObject({
      exitCode: 1,
      output: { code: 11 },
    });
    expect(await node.runtime.cni('STATUS', undefined, statusConf)).toMatchObject({
      exitCode: 1,
      output: { code: 50 },
    });
    expect(await node.runtime.cni('VERSION')).toMatchObject({
      exitCode: 0,
      output: { supportedVersions: expect.arrayContaining(['0.4.0', '1.1.0']) },
    });
    expect(await node.runtime.cni('DEL', pod)).toMatchObject({ exitCode: 0, output: undefined });
    await node.runtime.removeSandbox(newcomer);
    const spool = join(node.runDirectory, 'deferred-del');
    expect(await readdir(spool)).toEqual([`${pod.containerId}:eth0`]);

    await node.start(behaviourEnvironment);
    expect(await readdir(spool)).toEqual([]);
    expect(await addressesInUse(node)).toBe(0);
    await untilNoTraceOf(node, pod);
    await node.runtime.removeSandbox(pod);
  });

  test('gives back over gRPC what was added over CNI', async () => {
    const pod = await node.addPod('both-ways');
    const client = new Client(
      `unix:${join(node.runDirectory, 'ipamd.sock')}`,
      credentials.createInsecure(),
    );
    const text = (field: number, value: string) =>
      Buffer.from([(field << 3) | 2, value.length, ...Buffer.from(value)]);
    const request = [text(6, 'eth0'), text(7, pluginConf.name), text(8, pod.containerId)];
    const same = (bytes: Buffer) => bytes;
    const released = await new Promise((resolve, reject) =>
      client.makeUnaryRequest(
        '/rpc.CNIBackend/DelNetwork',
        same,
        same,
        Buffer.concat(request),
        (error, reply) => (error === null ? resolve(reply) : reject(error)),
      ),
    ).finally(() => client.close());
    expect(`${released}`).toContain(pod.address);
    expect(await addressesInUse(node)).toBe(0);
    await node.deletePod(pod);
  });

  test('tells in /v1/wiring what ip and iptables-save show', async () => {
    interface Wiring {
      readonly host: readonly string[];
      readonly iptables: readonly string[];
      readonly enis: Readonly<Record<string, readonly string[]>>;
      readonly pods: Readonly<Record<string, { readonly host: readonly string[] }>>;
    }
    await withPods(node, 3, async (pods) => {
      const view = (await node.introspect('/v1/wiring')) as Wiring;
      expect(Object.keys(view.pods)).toEqual(
        expect.arrayContaining(pods.map(({ hostLinkName }) => hostLinkName)),
      );
      const ofPods = Object.values(view.pods).flatMap(({ host }) => host);
      const told = [...view.host, ...Object.values(view.enis).flat(), ...ofPods];
      const rules = (await mustRun(['ip', 'rule'], { netns: node.netns })).replaceAll('\t', ' ');
      const shown = rules.split('\n').map((line) => line.trim());
      expect(shown).toEqual(expect.arrayContaining(told.filter((line) => /^\d+: /.test(line))));
      const filters = await mustRun(['iptables-save'], { netns: node.netns });
      const chains = view.iptables.filter((line) => line.startsWith('-A AWS-SNAT-CHAIN-0'));
      expect(chains.length).toBeGreaterThan(1);
      for (const line of chains) expect(filters).toContain(line);
    });
  });

  test('keeps its sockets to itself, and listens beyond loopback for metrics alone', async () => {
    expect((await stat(node.runDirectory)).mode & 0o777).toBe(0o700);
    for (const socket of ['cni.sock', 'introspection.sock']) {
      expect((await stat(join(node.runDirectory, socket))).mode & 0o777).toBe(0o600);
    }
    expect((await stat(join(node.runDirectory, 'ipamd.sock'))).mode & 0o777).toBe(0o660);
    const listening = await mustRun(['ss', '-Htln'], { netns: node.netns });
    const addresses = listening
      .trim()
      .split('\n')
      .map((line) => line.split(/\s+/)[3]);
    expect(addresses.sort()).toEqual(['*:61678', '127.0.0.1:61680']);
    const metrics = await mustRun(
      [
        process.execPath,
        '-e',
        'fetch("http://127.0.0.1:61678/metrics").then(r=>r.text()).then(console.log)',
      ],
      { netns: node.netns },
    );
    expect(metrics).toMatch(/^awscni_add_ip_req_count \d+$/m);
    expect(metrics).toMatch(/^awscni_total_ip_addresses \d+$/m);
  });
});
