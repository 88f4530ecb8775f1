// The images in a real containerd, as the chart describes their containers, on a node of an emulated VPC.
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { EC2_ENDPOINT_ADDRESS } from '@vpc-cni/aws-emulator/fabric';
import { createVpcInABox, runCommand, type SandboxNode, type VpcInABox } from '@vpc-cni/sandbox';
import {
  type Containerd,
  type ContainerSpec,
  signalOnLoadOf,
  startContainerd,
} from '@vpc-cni/testing';
import { container, daemonSet, render } from '../charts/render.fixture.ts';
import { asKubelet } from './kubelet.fixture.ts';

const POD = { name: 'aws-node', namespace: 'kube-system', uid: 'aws-node' };
const objects = render({ nodeAgent: { enabled: false } });
const pod = daemonSet(objects).template.spec;
const at = (name: string) => fileURLToPath(new URL(name, import.meta.url));

let box: VpcInABox;
let node: SandboxNode;
let containerd: Containerd;
let directory: string;
let init: ContainerSpec;
let main: ContainerSpec;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'images-'));
  execFileSync(at('build.sh'), ['/usr/lib/cni'], { stdio: ['ignore', 'ignore', 'inherit'] });
  box = await createVpcInABox({ nodeCount: 1, instanceType: 't3.small', prefix: 'img' });
  const [only] = box.nodes;
  if (only === undefined) throw new Error('the box has no node');
  node = only;
  containerd = await startContainerd({ netns: node.netns });
  for (const name of ['amazon-k8s-cni', 'amazon-k8s-cni-init']) {
    containerd.importImage(at(`dist/${name}.tar`));
  }
  containerd.inNode('mkdir', '-p', '/run/netns', '/run/aws-node', '/run/containerd');
  containerd.inNode('touch', '/run/xtables.lock', '/run/containerd/containerd.sock');
  containerd.inNode('mount', '--bind', containerd.socketPath, '/run/containerd/containerd.sock');
  const layout = {
    paths: {
      '/opt/cni/bin': containerd.pluginDirectory,
      '/etc/cni/net.d': containerd.confDirectory,
      '/var/log/aws-routed-eni': join(directory, 'log'),
    },
    env: {
      AWS_EC2_ENDPOINT: `http://${EC2_ENDPOINT_ADDRESS}`,
      AWS_ACCESS_KEY_ID: 'sandbox',
      AWS_SECRET_ACCESS_KEY: 'sandbox',
      AWS_VPC_K8S_CNI_LOG_FILE: 'stdout',
    },
    logDirectory: directory,
    pod: POD,
  };
  await mkdir(join(directory, 'log'));
  init = asKubelet(pod, container(objects, 'aws-vpc-cni-init'), layout);
  main = asKubelet(pod, container(objects, 'aws-node'), layout);
});
afterAll(async () => {
  await containerd?.close();
  await box?.close();
  await rm(directory, { recursive: true, force: true });
});

const LIMIT_MS = 30_000;
/** Of the node; the emulated instance has none. */
const NODE_IPV6 = '2001:db8:aaa::10';

async function until(what: string, isSo: () => Promise<boolean> | boolean): Promise<void> {
  for (const stopAtMs = Date.now() + LIMIT_MS; !(await isSo()); await sleep(50)) {
    if (Date.now() < stopAtMs) continue;
    const logs = (await readdir(directory)).filter((name) => name.endsWith('.log'));
    const texts = await Promise.all(logs.map((name) => readFile(join(directory, name), 'utf8')));
    throw new Error(`${what}: not within ${LIMIT_MS} ms\n${texts.join('\n').slice(-6000)}`);
  }
}

const onNode = async (...command: readonly string[]) =>
  (await runCommand(command, { netns: node.netns })).stdout.trim();

const logOf = (name: string) => readFile(join(directory, `${name}.log`), 'utf8').catch(() => '');

/** Starts the main container as the chart has it, but for `changes`. */
async function startMain(name: string, changes: Partial<ContainerSpec> = {}): Promise<string> {
  const sandbox = await containerd.cri.runHostSandbox({ ...POD, name });
  return containerd.cri.containers.start(sandbox, { ...main, name, ...changes });
}

const listPath = () => join(containerd.confDirectory, '10-aws.conflist');

test('init brings the plugins of others and the collector of support data to the host, sets its sysctls, and ends', async () => {
  const { containers, ...cri } = containerd.cri;
  const id = await containers.start(await cri.runHostSandbox({ ...POD, name: 'init' }), init);
  await until('init ends', async () => (await containers.exitCodeOf(id)) !== undefined);
  expect(await containers.exitCodeOf(id)).toBe(0);
  const brought = [...(await readdir('/usr/lib/cni')), 'aws-cni-support.sh'];
  expect((await readdir(containerd.pluginDirectory)).sort()).toEqual(brought.sort());
  expect(await onNode('cat', '/proc/sys/net/ipv4/conf/eth0/rp_filter')).toBe('2');
});

test('main ends at a SIGTERM that comes while its first process is loading the daemon', async () => {
  const NODE_OPTIONS = signalOnLoadOf('/app/ipamd/serve-');
  const id = await startMain('ended-early', { env: { ...main.env, NODE_OPTIONS } });
  const { exitCodeOf } = containerd.cri.containers;
  await until('it ends', async () => (await exitCodeOf(id)) !== undefined);
  expect(await exitCodeOf(id)).toBe(0);
});

describe('main', () => {
  let id: string;
  const exec = (...command: readonly string[]) => containerd.cri.containers.exec(id, command);

  beforeAll(async () => {
    id = await startMain('aws-node');
    await until('the node is opened', () => existsSync(listPath()));
  });

  test('brings its own plugins, and opens the node when pods can have addresses', async () => {
    const installed = await readdir(containerd.pluginDirectory);
    expect(installed).toEqual(expect.arrayContaining(['aws-cni', 'egress-cni']));
    await until('containerd has a network', () => containerd.cri.isNetworkReady());
  });

  test('has the privileges that the chart gives it, the runtime’s seccomp profile, and no more', async () => {
    const { stdout } = await exec(
      '/usr/bin/node',
      '-p',
      'fs.readFileSync("/proc/1/status", "utf8")',
    );
    const status = new Map(stdout.split('\n').map((line) => line.split(':\t') as [string, string]));
    const bits = [12, 13, 21]; // CAP_NET_ADMIN, CAP_NET_RAW, CAP_SYS_ADMIN
    const mask = bits.reduce((sum, bit) => sum | (1n << BigInt(bit)), 0n);
    for (const set of ['CapPrm', 'CapEff', 'CapBnd']) {
      expect(BigInt(`0x${status.get(set)}`)).toBe(mask);
    }
    expect(status.get('Seccomp')).toBe('2');
  });

  test.each(['livenessProbe', 'readinessProbe'] as const)(
    'answers the %s of the chart',
    async (probe) => {
      const { command } = (container(objects, 'aws-node')[probe] as { exec: { command: string[] } })
        .exec;
      expect(await exec(...command)).toMatchObject({ exitCode: 0, stdout: 'status: SERVING\n' });
    },
  );

  test('asks the container runtime of the node', async () => {
    await until('it does', async () =>
      /containerd 1\.|containerd 2\./.test(await logOf('aws-node')),
    );
  });

  test('has both iptables, and follows the host’s', async () => {
    for (const kind of ['nft', 'legacy']) {
      const asked = await exec(`/usr/sbin/iptables-${kind}`, '-w', '5', '-S');
      expect(asked).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('-P FORWARD') });
    }
    expect(await onNode('iptables-save', '-t', 'nat')).toContain('AWS-SNAT-CHAIN-0');
  });

  test('gives a pod a way out in IPv6 with those privileges, and keeps its address on the host', async () => {
    const { cri } = containerd;
    await onNode('ip', 'addr', 'add', `${NODE_IPV6}/128`, 'dev', 'lo');
    const shipped = await readFile(listPath(), 'utf8');
    const list = JSON.parse(shipped);
    Object.assign(list.plugins[1], { enabled: 'true', nodeIP: NODE_IPV6 });
    await writeFile(listPath(), JSON.stringify(list));
    const held = () =>
      containerd.inNode('sh', '-c', 'cat /run/cni/v4pd/egress-v6-ipam/aws-cni/fd00:* || true');

    let out = '';
    // containerd reads the list when it notices that it has changed.
    await until('a pod has egress', async () => {
      if (out !== '') await cri.removePodSandbox(out);
      out = await cri.runPodSandbox({ name: 'out', namespace: 'default', uid: 'out' });
      return held().includes(out);
    });
    const netns = await cri.netnsPath(out);
    const answered = containerd.inNode(
      'nsenter',
      `--net=${netns}`,
      'ping',
      '-c1',
      '-W2',
      NODE_IPV6,
    );
    expect(answered).toContain('1 received');
    await cri.stopPodSandbox(out);
    await cri.removePodSandbox(out);
    expect(held()).toBe('');
    expect(await onNode('ip6tables-save', '-t', 'nat')).not.toContain('CNI-E6-');
    await writeFile(listPath(), shipped);
  });

  test('gives a pod an address, ends at SIGTERM, and the next one has the pod', async () => {
    const { cri } = containerd;
    const web = await cri.runPodSandbox({ name: 'web', namespace: 'default', uid: 'web' });
    const address = await cri.podIp(web);
    expect(address).toMatch(/^10\.0\./);
    expect(await onNode('ping', '-c1', '-W2', address)).toContain('1 received');

    const stoppedAtMs = Date.now();
    await cri.containers.stop(id, 10);
    expect(await cri.containers.exitCodeOf(id)).toBe(0);
    expect(Date.now() - stoppedAtMs).toBeLessThan(5_000);
    expect(await onNode('ping', '-c1', '-W2', address)).toContain('1 received');

    id = await startMain('aws-node-again');
    await until('it has the pod', async () =>
      /"pods":1,"msg":"checkpoint restored"/.test(await logOf('aws-node-again')),
    );
    await until('it serves', () => exec(...PROBE).then(({ exitCode }) => exitCode === 0));
    await cri.stopPodSandbox(web);
    await cri.removePodSandbox(web);
    expect(await onNode('ip', 'rule', 'list', 'to', address)).toBe('');
    await cri.containers.stop(id, 10);
  });
});

const PROBE = ['/app/grpc-health-probe', '-addr=unix:///var/run/aws-node/ipamd.sock'];

describe('of its capabilities none can be left out:', () => {
  const others = (without: string) => {
    const { drop = [], add = [] } = main.capabilities ?? {};
    return { capabilities: { drop, add: add.filter((one) => one !== without) } };
  };

  test('without NET_ADMIN the daemon says what the kernel refuses', async () => {
    const id = await startMain('no-net-admin', others('NET_ADMIN'));
    await until('it says so', async () =>
      /EPERM|Permission denied/.test(await logOf('no-net-admin')),
    );
    await containerd.cri.containers.stop(id, 1);
  });

  test('without SYS_ADMIN no pod can be entered, and the pod is told', async () => {
    const id = await startMain('no-sys-admin', others('SYS_ADMIN'));
    const { cri } = containerd;
    await until('it serves', () =>
      cri.containers.exec(id, PROBE).then(({ exitCode }) => exitCode === 0),
    );
    const adding = cri.runPodSandbox({ name: 'poor', namespace: 'default', uid: 'poor' });
    await expect(adding).rejects.toThrow(/EPERM/);
    await cri.containers.stop(id, 1);
  });

  test('without NET_RAW a host with legacy iptables cannot be served', async () => {
    const id = await startMain('no-net-raw', others('NET_RAW'));
    const asked = await containerd.cri.containers.exec(id, [
      '/usr/sbin/iptables-legacy',
      '-w',
      '5',
      '-S',
    ]);
    expect(asked).toMatchObject({ stderr: expect.stringContaining('Permission denied') });
    await containerd.cri.containers.stop(id, 1);
  });
});
