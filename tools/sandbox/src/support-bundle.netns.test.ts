import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { SandboxNode } from './node.ts';
import { behaviourEnvironment, withPods } from './plugin-behaviour.fixture.ts';
import { workspaceRoot } from './program-path.ts';
import { runCommand } from './run-command.ts';
import { createVpcInABox, type VpcInABox } from './vpc-in-a-box.ts';

// The collector of support data on a node that serves pods, and on nodes that do not.

const script = join(workspaceRoot, 'deploy/support/aws-cni-support.sh');
const LIMIT_MS = 240_000;

let box: VpcInABox;
let node: SandboxNode;
let output: string;
/** Where the script finds programs, besides those for administrators. */
let path: string;

beforeAll(async () => {
  // What a test writes there stays in this mount namespace.
  await mkdir('/run/etc/upper', { recursive: true });
  await mkdir('/run/etc/work');
  const layers = 'lowerdir=/etc,upperdir=/run/etc/upper,workdir=/run/etc/work';
  execFileSync('mount', ['-t', 'overlay', '-o', layers, 'overlay', '/etc']);
  box = await createVpcInABox({ nodeCount: 1, instanceType: 't3.small', prefix: 'sup' });
  const [only] = box.nodes;
  if (only === undefined) throw new Error('the box has no node');
  node = only;
});
afterAll(async () => {
  await box?.close();
  execFileSync('umount', ['/etc']);
  await rm('/run/etc', { recursive: true });
});
beforeEach(async () => {
  output = await mkdtemp(join(tmpdir(), 'support-'));
  path = process.env['PATH'] ?? '';
});
afterEach(async () => {
  await node.stop();
  await rm(output, { recursive: true, force: true });
});

const collect = (...options: readonly string[]) =>
  runCommand(['env', '-i', `PATH=${path}`, 'sh', script, ...options], {
    netns: node.netns,
    timeoutMs: LIMIT_MS,
  });

/** Runs it to its end, and reads files of the archive. */
async function bundleOf(...options: readonly string[]) {
  const { exitCode, stdout, stderr } = await collect(`--output=${output}`, ...options);
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
  const left = (await readdir(output)).filter((name) => name !== 'bin');
  const [archive = ''] = left;
  expect(left).toHaveLength(1);
  expect(stdout.trim().split('\n').at(-1)).toBe(`done: ${join(output, archive)}`);
  const directory = join(output, 'bundle');
  await mkdir(directory);
  execFileSync('tar', ['-xzf', join(output, archive), '-C', directory]);
  const text = (name: string) => readFile(join(directory, name), 'utf8');
  return { archive, text, json: async (name: string) => JSON.parse(await text(name)) };
}

describe('on a node that serves pods', () => {
  beforeEach(() => node.start(behaviourEnvironment));

  test('has the daemon’s views, its checkpoint, and the node’s and the pods’ networking', async () => {
    await withPods(node, 2, async ([pod, other]) => {
      if (pod === undefined || other === undefined) throw new Error('two pods were added');
      const { archive, text, json } = await bundleOf();
      expect(archive).toMatch(/^eks_i-[0-9a-f]+_\d{4}-\d\d-\d\d_\d{4}-UTC_[\d.]+\.tar\.gz$/);

      expect(await json('ipamd/enis.json')).toMatchObject({ 0: { AssignedIPs: 2 } });
      for (const view of ['pool', 'wiring', 'readyz', 'ipamd-env-settings']) {
        expect(await json(`ipamd/${view}.json`)).toBeDefined();
      }
      expect(await text('ipamd/metrics.txt')).toMatch(/^awscni_assigned_ip_addresses 2$/m);
      const checkpoint = await json(`files${node.runDirectory}/ipam.json`);
      expect(checkpoint.allocations).toHaveLength(2);

      expect(await text('network/rules-4.txt')).toMatch(`to ${pod.address}`);
      expect(await text('network/routes-4.txt')).toMatch(`${other.address} dev`);
      expect(await text('network/iptables-save.txt')).toMatch('AWS-SNAT-CHAIN-0');
      const inPod = `pods/${pod.netns.replace('/run/netns/', '')}-addresses.txt`;
      expect(await text(inPod)).toMatch(`inet ${pod.address}/32`);
      expect(await text('node/instance.txt')).toMatch(`instance-id: ${node.instanceId}`);
    });
  });

  test('leaves out what it is told to', async () => {
    const { text } = await bundleOf('--ignore_introspection=true', '--ignore_metrics=true');
    for (const name of ['ipamd/enis.json', 'ipamd/metrics.txt']) {
      await expect(text(name)).rejects.toThrow('ENOENT');
    }
    expect(await text('network/rules-4.txt')).toMatch('lookup main');
  });

  test('does not wait for a daemon that hangs', async () => {
    process.kill(node.daemonPid ?? 0, 'SIGSTOP');
    const { text } = await bundleOf();
    process.kill(node.daemonPid ?? 0, 'SIGCONT');
    expect(await text('ipamd/pool.json.error')).toMatch(/does not answer/);
    expect(await text('network/rules-4.txt')).toMatch('lookup main');
  });
});

test('without a daemon says so where its views would be', async () => {
  const { text } = await bundleOf('--eks_hybrid=true');
  expect(await text('ipamd/enis.json.error')).toMatch(/61679\/v1\/enis does not answer/);
  expect(await text('network/addresses.txt')).toMatch(node.primaryAddress);
});

test('leaves out what lets people in', async () => {
  const kubeconfig =
    'users:\n- name: kubelet\n  user:\n    token: s3cret\n    client-key-data: s3cret\n';
  for (const directory of ['/etc/cni/net.d/multus.d', '/etc/kubernetes']) {
    await mkdir(directory, { recursive: true });
  }
  await writeFile('/etc/kubernetes/kubelet.conf', kubeconfig);
  await writeFile('/etc/cni/net.d/multus.d/multus.kubeconfig', kubeconfig);
  await writeFile('/etc/cni/net.d/10-aws.conflist', '{"name":"aws-cni"}');
  const { text, json } = await bundleOf();
  expect(await json('files/etc/cni/net.d/10-aws.conflist')).toEqual({ name: 'aws-cni' });
  expect(await text('files/etc/kubernetes/kubelet.conf')).toMatch(
    /token: \(left out\)\n.*client-key-data: \(left out\)/,
  );
  const secrets = await runCommand(['grep', '-rl', 's3cret', join(output, 'bundle')]);
  expect(secrets.stdout).toBe('');
});

test('on a node with next to nothing names the programs that are missing', async () => {
  const programs =
    'sh id df awk mktemp rm mkdir dirname date tail cat find sed tar gzip uname mv ls';
  const bin = join(output, 'bin');
  await mkdir(bin);
  for (const name of [...programs.split(' '), 'head', 'timeout', 'tr']) {
    await symlink(execFileSync('which', [name], { encoding: 'utf8' }).trim(), join(bin, name));
  }
  path = bin;
  const { text } = await bundleOf();
  expect(await text('node/top.txt')).toBe('[aws-cni-support] top is not on this node\n');
  expect(await text('ipamd/enis.json.error')).toMatch('does not answer');
  expect(await text('network/rules-4.txt')).toMatch('lookup main');
});

describe('is refused', () => {
  test.each([
    ['an option nobody knows', ['--frob=true'], /what is --frob=true\? usage: /],
    [
      'a value that is neither',
      ['--eks_hybrid=maybe'],
      /--eks_hybrid=maybe: expected true or false/,
    ],
    ['a directory that is none', ['--output=/no/such'], /\/no\/such is no directory/],
  ])('%s', async (_, options, says) => {
    const { exitCode, stderr } = await collect(...options);
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(says);
  });

  test('a disk without room, before anything is written', async () => {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', output]);
    const { exitCode, stderr } = await collect(`--output=${output}`);
    const left = await readdir(output);
    execFileSync('umount', [output]);
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/has \d+ KiB free, 1572864 are needed/);
    expect(left).toEqual([]);
  });

  test('somebody who is not root', async () => {
    // A namespace of an ordinary user has no other users to run it as.
    await writeFile(join(output, 'id'), '#!/bin/sh\necho 65534\n', { mode: 0o755 });
    path = `${output}:${path}`;
    const { exitCode, stderr } = await collect();
    expect(exitCode).toBe(1);
    expect(stderr).toMatch('run it as root');
  });
});

test('tells its options', async () => {
  expect(await collect('--help')).toMatchObject({
    exitCode: 0,
    stdout: expect.stringContaining('--ignore_introspection='),
  });
});
