import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { ping } from './checks/probes.ts';
import { contradictions, readAccounts } from './invariants.ts';
import type { SandboxNode } from './node.ts';
import { workspaceRoot } from './program-path.ts';
import {
  type ContainerRuntime,
  createContainerRuntime,
  type PodSandbox,
  pluginConf,
} from './runtime.ts';
import { createVpcInABox, type VpcInABox } from './vpc-in-a-box.ts';

// The same verbs in a process of their own: the TypeScript executable asks the daemon for the address only.

let box: VpcInABox;
let node: SandboxNode;
let runtime: ContainerRuntime;

beforeAll(async () => {
  box = await createVpcInABox({ nodeCount: 1, instanceType: 't3.small', prefix: 'alone' });
  const [only] = box.nodes;
  if (only === undefined) throw new Error('the box has no node');
  node = only;
  await node.start();
  let count = 0;
  runtime = createContainerRuntime({
    plugin: [process.execPath, join(workspaceRoot, 'apps/cni-plugin/dist/main.js')],
    runDirectory: node.runDirectory,
    hostNetns: node.netns,
    nodeName: 'alone',
    newContainerId: () => `alone${count++}`,
  });
});

afterAll(() => box.close());

async function withSandbox(use: (sandbox: PodSandbox) => Promise<void>): Promise<void> {
  const sandbox = await runtime.createSandbox({ podNamespace: 'default', podName: 'web' });
  try {
    await use(sandbox);
  } finally {
    await runtime.cni('DEL', sandbox);
    await runtime.removeSandbox(sandbox);
  }
}

test('ADD, CHECK and DEL do what they do in the daemon', async () => {
  await withSandbox(async (sandbox) => {
    const added = await runtime.cni('ADD', sandbox);
    expect(added).toMatchObject({ exitCode: 0, stderr: '' });
    const { ips } = added.output as { ips: readonly { address: string }[] };
    await ping(node.netns, ips[0]?.address.replace('/32', '') ?? '');
    const conf = { ...pluginConf, prevResult: added.output };
    expect(await runtime.cni('CHECK', sandbox, conf)).toMatchObject({ exitCode: 0 });
    expect(await runtime.cni('ADD', sandbox)).toMatchObject({ exitCode: 1, output: { code: 101 } });
    expect(await runtime.cni('DEL', sandbox)).toMatchObject({ exitCode: 0, output: undefined });
    expect(contradictions(await readAccounts(node, box.emulator))).toEqual([]);
  });
});

test('VERSION answers, and bad input is told in a CNI error object', async () => {
  expect(await runtime.cni('VERSION')).toMatchObject({
    output: { supportedVersions: expect.arrayContaining(['0.4.0', '1.1.0']) },
  });
  expect(await runtime.execute({}, '{"name":')).toMatchObject({ exitCode: 1, output: { code: 6 } });
  expect(
    await runtime.execute({ CNI_NETNS: '/run/netns/gone' }, JSON.stringify(pluginConf)),
  ).toMatchObject({
    exitCode: 1,
    output: { code: 8 },
  });
});

test('without the daemon DEL, CHECK and GC ask to be repeated, and the repeated DEL ends well', async () => {
  await withSandbox(async (sandbox) => {
    expect(await runtime.cni('ADD', sandbox)).toMatchObject({ exitCode: 0 });
    await node.stop();
    const away = {
      exitCode: 1,
      output: {
        code: 11,
        details: expect.stringMatching(/cni\.sock.*the runtime repeats a DEL.*kubectl .* logs/),
      },
    };
    expect(await runtime.cni('DEL', sandbox)).toMatchObject(away);
    expect(await runtime.cni('CHECK', sandbox, pluginConf)).toMatchObject(away);
    const gcConf = { ...pluginConf, cniVersion: '1.1.0', 'cni.dev/valid-attachments': [] };
    expect(await runtime.cni('GC', undefined, gcConf)).toMatchObject(away);
    await node.start();
    expect(await runtime.cni('DEL', sandbox)).toMatchObject({ exitCode: 0, output: undefined });
    expect(contradictions(await readAccounts(node, box.emulator))).toEqual([]);
  });
});

test('without the daemon ADD asks to try later and STATUS says no', async () => {
  await node.stop();
  const sandbox = await runtime.createSandbox({ podNamespace: 'default', podName: 'late' });
  expect(await runtime.cni('ADD', sandbox)).toMatchObject({
    exitCode: 1,
    output: { code: 11, details: expect.stringContaining('ipamd cannot be asked') },
  });
  await runtime.removeSandbox(sandbox);
  const statusConf = { ...pluginConf, cniVersion: '1.1.0' };
  expect(await runtime.cni('STATUS', undefined, statusConf)).toMatchObject({
    exitCode: 1,
    output: { code: 50 },
  });
  await node.start();
  expect((await runtime.cni('STATUS', undefined, statusConf)).exitCode).toBe(0);
});
