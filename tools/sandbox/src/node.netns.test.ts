import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, credentials } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { ping, seenSource } from './checks/probes.ts';
import { ipamdPath, type Pod, type SandboxNode } from './node.ts';
import { mustRun, runCommand } from './run-command.ts';
import { pluginConf } from './runtime.ts';
import { createVpcInABox, type VpcInABox } from './vpc-in-a-box.ts';

// One node under the real launcher, the real daemon and a real kernel. t3.small: 3 ENIs of 3 addresses.

let box: VpcInABox;
let node: SandboxNode;

const environment = { IP_COOLDOWN_PERIOD: '1', AWS_VPC_K8S_CNI_ADD_WAIT: '2' };
const statusConf = { ...pluginConf, cniVersion: '1.1.0' };

beforeAll(async () => {
  box = await createVpcInABox({ nodeCount: 1, instanceType: 't3.small', prefix: 'n1' });
  const [only] = box.nodes;
  if (only === undefined) throw new Error('the box has no node');
  node = only;
  await node.start(environment);
});

afterAll(() => box.close());

async function withSandbox<T>(
  podName: string,
  use: (sandbox: Awaited<ReturnType<SandboxNode['runtime']['createSandbox']>>) => Promise<T>,
): Promise<T> {
  const sandbox = await node.runtime.createSandbox({ podNamespace: 'default', podName });
  try {
    return await use(sandbox);
  } finally {
    await node.runtime.cni('DEL', sandbox);
    await node.runtime.removeSandbox(sandbox);
  }
}

async function withPods<T>(count: number, use: (pods: readonly Pod[]) => Promise<T>): Promise<T> {
  const names = Array.from({ length: count }, (_, index) => `pod-${index}`);
  const pods = await Promise.all(names.map((name) => node.addPod(name)));
  try {
    return await use(pods);
  } finally {
    await Promise.all(pods.map((pod) => node.deletePod(pod)));
  }
}

const hostState = async () => {
  const queries = [
    ['ip', '-o', 'link'],
    ['ip', 'rule'],
    ['ip', 'route', 'show', 'table', 'all'],
  ];
  const outputs = await Promise.all(queries.map((query) => mustRun(query, { netns: node.netns })));
  return outputs.join('\n');
};

/** DEL answers before the link is gone; it goes with the next sweep. */
async function untilNoTraceOf(pod: Pod): Promise<void> {
  for (let tries = 0; tries < 100; tries++) {
    if (!(await hostState()).includes(pod.hostLinkName)) break;
    await sleep(20);
  }
  const state = await hostState();
  expect(state).not.toContain(pod.hostLinkName);
  expect(state).not.toMatch(new RegExp(`\\b${pod.address.replaceAll('.', '\\.')}\\b`));
}

describe('attachments', () => {
  test('pods that come at once never share an address, and all of them answer', async () => {
    await withPods(7, async (pods) => {
      expect(new Set(pods.map(({ address }) => address)).size).toBe(7);
      for (const pod of pods) await ping(node.netns, pod.address);
    });
  });

  test('ADD repeated without DEL fails, and the pod keeps its address', async () => {
    await withSandbox('twice', async (sandbox) => {
      const first = await node.runtime.cni('ADD', sandbox);
      const second = await node.runtime.cni('ADD', sandbox);
      expect(first.exitCode).toBe(0);
      expect(second).toMatchObject({ exitCode: 1, output: { code: 101 } });
      const { ips } = first.output as { ips: readonly { address: string }[] };
      await ping(node.netns, ips[0]?.address.replace('/32', '') ?? '');
    });
  });

  test('CHECK passes after ADD, and names what somebody removed', async () => {
    await withSandbox('checked', async (sandbox) => {
      const added = await node.runtime.cni('ADD', sandbox);
      const conf = { ...pluginConf, prevResult: added.output };
      expect((await node.runtime.cni('CHECK', sandbox, conf)).exitCode).toBe(0);
      const { ips } = added.output as { ips: readonly { address: string }[] };
      await mustRun(['ip', 'rule', 'del', 'pref', '512', 'to', ips[0]?.address ?? ''], {
        netns: node.netns,
      });
      expect(await node.runtime.cni('CHECK', sandbox, conf)).toMatchObject({
        exitCode: 1,
        output: { code: 102, details: expect.stringContaining('512') },
      });
    });
  });

  test.each([
    ['with its namespace', (sandbox: Pod) => sandbox],
    ['without its namespace', (sandbox: Pod) => ({ ...sandbox, netns: '' })],
    ['with a namespace that is gone', (sandbox: Pod) => ({ ...sandbox, netns: '/run/netns/gone' })],
  ])('DEL %s leaves nothing behind, twice', async (_, as) => {
    const pod = await node.addPod('leaving');
    try {
      for (const verb of ['DEL', 'DEL'] as const) {
        expect(await node.runtime.cni(verb, as(pod))).toMatchObject({
          exitCode: 0,
          output: undefined,
        });
      }
      await untilNoTraceOf(pod);
    } finally {
      await node.runtime.removeSandbox(pod);
    }
  });

  test('a late DEL does not touch the successor of the same name', async () => {
    const old = await node.addPod('web-0');
    const successor = await node.addPod('web-0');
    try {
      await node.deletePod(old);
      await sleep(100);
      await ping(node.netns, successor.address);
    } finally {
      await node.deletePod(successor);
    }
  });
});

describe('traffic', () => {
  test('a NodePort on the primary ENI reaches a pod on a secondary ENI, and the answer finds its way back', async () => {
    await withPods(5, async (pods) => {
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

describe('bad input', () => {
  const sandbox = {
    podNamespace: 'default',
    podName: 'nobody',
    containerId: 'abc',
    netns: '/run/netns/does-not-exist',
  };

  test('a namespace that does not exist is error 8, and the address goes back', async () => {
    expect(await node.runtime.cni('ADD', sandbox)).toMatchObject({
      exitCode: 1,
      output: { code: 8 },
    });
    expect(await addressesInUse()).toBe(0);
  });

  test('the node’s own namespace is error 8', async () => {
    const own = { ...sandbox, netns: node.netns };
    expect(await node.runtime.cni('ADD', own)).toMatchObject({ exitCode: 1, output: { code: 8 } });
  });

  test.each([
    ['malformed stdin', {}, '{"name":', 6],
    ['stdin that is no object', {}, '[]', 6],
    ['no stdin', {}, '', 6],
    ['no network name', {}, '{"cniVersion":"0.4.0","type":"aws-cni"}', 7],
    ['an unknown version', {}, '{"cniVersion":"9.9.9","name":"aws-cni","type":"aws-cni"}', 1],
    ['an unknown command', { CNI_COMMAND: 'FROB' }, JSON.stringify(pluginConf), 4],
    ['no container id', { CNI_CONTAINERID: '' }, JSON.stringify(pluginConf), 4],
    ['a malformed container id', { CNI_CONTAINERID: '../x' }, JSON.stringify(pluginConf), 4],
    ['no interface name', { CNI_IFNAME: '' }, JSON.stringify(pluginConf), 4],
    [
      'an interface name that is too long',
      { CNI_IFNAME: 'x'.repeat(16) },
      JSON.stringify(pluginConf),
      4,
    ],
    ['no namespace', { CNI_NETNS: '' }, JSON.stringify(pluginConf), 4],
    ['malformed arguments', { CNI_ARGS: 'K8S_POD_NAME' }, JSON.stringify(pluginConf), 4],
  ])('%s is told in a CNI error object', async (_, environment, stdin, code) => {
    const { exitCode, output } = await node.runtime.execute(environment, stdin);
    expect({ exitCode, output }).toMatchObject({
      exitCode: 1,
      output: { code, msg: expect.any(String) },
    });
  });
});

describe('capacity', () => {
  test('a full node refuses with the figures, and serves again once an address has cooled', async () => {
    await withPods(8, async () => {
      const last = await node.addPod('ninth');
      const refused = await withSandbox('tenth', (sandbox) => node.runtime.cni('ADD', sandbox));
      expect(refused).toMatchObject({
        exitCode: 1,
        output: {
          code: 11,
          details: expect.stringContaining('of 9 addresses on this node 9 are in use'),
        },
      });
      await node.deletePod(last);
      // Waits for the address that cools down for one second.
      await node.deletePod(await node.addPod('eleventh'));
    });
  });
});

describe('the daemon', () => {
  test('killed and restarted keeps its pods, and gives no address twice', async () => {
    await withPods(3, async (pods) => {
      await node.stop('SIGKILL');
      await node.start(environment);
      for (const pod of pods) await ping(node.netns, pod.address);
      const newcomer = await node.addPod('newcomer');
      try {
        expect(pods.map(({ address }) => address)).not.toContain(newcomer.address);
      } finally {
        await node.deletePod(newcomer);
      }
    });
    expect(await addressesInUse()).toBe(0);
  });

  test('restarted with another veth prefix still knows its pods', async () => {
    await withPods(2, async () => {
      await node.stop();
      await node.start({ ...environment, AWS_VPC_K8S_CNI_VETHPREFIX: 'pod' });
      expect(await addressesInUse()).toBe(2);
    });
    await node.stop();
    await node.start(environment);
  });

  test('refuses to serve beside another one', async () => {
    const second = await runCommand([process.execPath, ipamdPath], {
      netns: node.netns,
      env: { AWS_VPC_K8S_CNI_RUN_DIR: node.runDirectory },
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
    expect(await readdir(spool)).toEqual([`${pod.containerId}-eth0`]);

    await node.start(environment);
    expect(await readdir(spool)).toEqual([]);
    expect(await addressesInUse()).toBe(0);
    await untilNoTraceOf(pod);
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
    expect(await addressesInUse()).toBe(0);
    await node.deletePod(pod);
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
    expect(addresses).toEqual(['*:61678']);
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

async function addressesInUse(): Promise<number> {
  const view = (await node.introspect('/v1/enis')) as { '0': { AssignedIPs: number } };
  return view['0'].AssignedIPs;
}
