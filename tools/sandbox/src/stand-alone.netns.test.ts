import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { contradictions, readAccounts } from './invariants.ts';
import type { SandboxNode } from './node.ts';
import {
  behaviourEnvironment,
  testPluginBehaviour,
  withSandbox,
} from './plugin-behaviour.fixture.ts';
import { workspaceRoot } from './program-path.ts';
import { pluginConf } from './runtime.ts';
import { createVpcInABox, type VpcInABox } from './vpc-in-a-box.ts';

// The same verbs in a process of their own: the TypeScript executable asks the daemon for the address only.

let box: VpcInABox;
let node: SandboxNode;

beforeAll(async () => {
  box = await createVpcInABox({
    nodeCount: 1,
    instanceType: 't3.small',
    prefix: 'alone',
    plugin: [process.execPath, join(workspaceRoot, 'apps/cni-plugin/dist/main.js')],
  });
  const [only] = box.nodes;
  if (only === undefined) throw new Error('the box has no node');
  node = only;
  await node.start(behaviourEnvironment);
});

afterAll(() => box.close());

testPluginBehaviour(() => node);

test('the accounts of book, disk, kernel and EC2 agree in the end', async () => {
  expect(contradictions(await readAccounts(node, box.emulator))).toEqual([]);
});

test('VERSION answers', async () => {
  expect(await node.runtime.cni('VERSION')).toMatchObject({
    output: { supportedVersions: expect.arrayContaining(['0.4.0', '1.1.0']) },
  });
});

test('without the daemon DEL, CHECK and GC ask to be repeated, and the repeated DEL ends well', async () => {
  await withSandbox(node, 'away', async (sandbox) => {
    expect(await node.runtime.cni('ADD', sandbox)).toMatchObject({ exitCode: 0 });
    await node.stop();
    const away = {
      exitCode: 1,
      output: {
        code: 11,
        details: expect.stringMatching(/cni\.sock.*the runtime repeats a DEL.*kubectl .* logs/),
      },
    };
    expect(await node.runtime.cni('DEL', sandbox)).toMatchObject(away);
    expect(await node.runtime.cni('CHECK', sandbox, pluginConf)).toMatchObject(away);
    const gcConf = { ...pluginConf, cniVersion: '1.1.0', 'cni.dev/valid-attachments': [] };
    expect(await node.runtime.cni('GC', undefined, gcConf)).toMatchObject(away);
    await node.start(behaviourEnvironment);
    expect(await node.runtime.cni('DEL', sandbox)).toMatchObject({
      exitCode: 0,
      output: undefined,
    });
    expect(contradictions(await readAccounts(node, box.emulator))).toEqual([]);
  });
});

test('without the daemon ADD asks to try later and STATUS says no', async () => {
  await node.stop();
  const sandbox = await node.runtime.createSandbox({ podNamespace: 'default', podName: 'late' });
  expect(await node.runtime.cni('ADD', sandbox)).toMatchObject({
    exitCode: 1,
    output: { code: 11, details: expect.stringContaining('ipamd cannot be asked') },
  });
  await node.runtime.removeSandbox(sandbox);
  const statusConf = { ...pluginConf, cniVersion: '1.1.0' };
  expect(await node.runtime.cni('STATUS', undefined, statusConf)).toMatchObject({
    exitCode: 1,
    output: { code: 50 },
  });
  await node.start(behaviourEnvironment);
  expect((await node.runtime.cni('STATUS', undefined, statusConf)).exitCode).toBe(0);
});
