import { mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { ping } from './checks/probes.ts';
import type { SandboxNode } from './node.ts';
import { workspaceRoot } from './program-path.ts';
import { runCommand } from './run-command.ts';
import { createVpcInABox, type VpcInABox } from './vpc-in-a-box.ts';

// The installer beside the real daemon: what it writes, and when, is what a runtime goes by.

let box: VpcInABox;
let node: SandboxNode;

beforeAll(async () => {
  box = await createVpcInABox({ nodeCount: 1, instanceType: 't3.small', prefix: 'inst' });
  const [only] = box.nodes;
  if (only === undefined) throw new Error('the box has no node');
  node = only;
});
afterAll(() => box.close());

const hostDirectory = (name: string) => join(node.runDirectory, name);
const confNames = () => readdir(hostDirectory('net.d'));

/** Waits for an address at most that long, then writes the list. */
function open(waitSeconds: number) {
  const program = join(workspaceRoot, 'apps/cni-plugin/dist/install.js');
  return runCommand([process.execPath, program, 'open'], {
    netns: node.netns,
    env: {
      HOST_CNI_BIN_PATH: hostDirectory('bin'),
      HOST_CNI_CONFDIR_PATH: hostDirectory('net.d'),
      AWS_VPC_K8S_CNI_RUN_DIR: node.runDirectory,
      AWS_VPC_K8S_CNI_INSTALL_WAIT: String(waitSeconds),
      AWS_VPC_K8S_PLUGIN_LOG_FILE: hostDirectory('plugin.log'),
    },
  });
}

test('a node is opened when it has its first address, and the list that opens it works', async () => {
  for (const name of ['bin', 'net.d']) await mkdir(hostDirectory(name));
  const early = await open(1);
  expect(early).toMatchObject({ exitCode: 1, stderr: expect.stringMatching(/cni\.sock.*kubectl/) });
  expect(await confNames()).toEqual([]);

  const opening = open(10);
  node.launch();
  expect(await opening).toMatchObject({ exitCode: 0 });
  const list = JSON.parse(await readFile(hostDirectory('net.d/10-aws.conflist'), 'utf8'));
  const { name, cniVersion, plugins } = list;
  expect(plugins.map(({ type }: { type: string }) => type)).toEqual(['aws-cni', 'portmap']);

  const conf = { ...plugins[0], name, cniVersion };
  const sandbox = await node.runtime.createSandbox({ podNamespace: 'default', podName: 'first' });
  try {
    const added = await node.runtime.cni('ADD', sandbox, conf);
    expect(added).toMatchObject({ exitCode: 0, stderr: '' });
    const { ips } = added.output as { ips: readonly { address: string }[] };
    await ping(node.netns, ips[0]?.address.replace('/32', '') ?? '');
    expect(await node.runtime.cni('DEL', sandbox, conf)).toMatchObject({ exitCode: 0, stderr: '' });
  } finally {
    await node.runtime.removeSandbox(sandbox);
  }
  const log = (await readFile(hostDirectory('plugin.log'), 'utf8')).trim().split('\n');
  expect(log.map((line) => JSON.parse(line))).toMatchObject([
    { level: 'info', command: 'ADD', exitCode: 0 },
    { level: 'info', command: 'DEL', exitCode: 0 },
  ]);
});
