import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { ping } from './checks/probes.ts';
import type { SandboxNode } from './node.ts';
import { workspaceRoot } from './program-path.ts';
import { mustRun, runCommand } from './run-command.ts';
import type { PodSandbox } from './runtime.ts';
import { createVpcInABox, type VpcInABox } from './vpc-in-a-box.ts';

// The configuration list as it is shipped, aws-cni and egress-cni, with the real daemon: what a runtime does.

const NODE_ADDRESS = '2001:db8:aaa::10';

let box: VpcInABox;
let node: SandboxNode;

beforeAll(async () => {
  box = await createVpcInABox({ nodeCount: 1, instanceType: 't3.small', prefix: 'egress' });
  const [only] = box.nodes;
  if (only === undefined) throw new Error('the box has no node');
  node = only;
  await node.start();
});
afterAll(() => box.close());

const hostDirectory = (name: string) => join(node.runDirectory, name);
type Entry = Readonly<Record<string, unknown>>;

/** The list that the installer writes where the host has both programs. */
async function installedList() {
  for (const name of ['bin', 'net.d']) await mkdir(hostDirectory(name));
  await writeFile(hostDirectory('bin/egress-cni'), '');
  await mustRun(
    [process.execPath, join(workspaceRoot, 'apps/cni-plugin/dist/install.js'), 'open'],
    {
      netns: node.netns,
      env: {
        HOST_CNI_BIN_PATH: hostDirectory('bin'),
        HOST_CNI_CONFDIR_PATH: hostDirectory('net.d'),
        AWS_VPC_K8S_CNI_RUN_DIR: node.runDirectory,
      },
    },
  );
  const text = await readFile(hostDirectory('net.d/10-aws.conflist'), 'utf8');
  return JSON.parse(text) as Entry & { readonly plugins: readonly Entry[] };
}

async function egressCni(verb: 'ADD' | 'DEL' | 'CHECK', sandbox: PodSandbox, conf: Entry) {
  const { exitCode, stdout } = await runCommand(
    [process.execPath, join(workspaceRoot, 'apps/cni-plugin/dist/egress.js')],
    {
      netns: node.netns,
      env: {
        PATH: '/usr/sbin:/usr/bin:/sbin:/bin',
        CNI_COMMAND: verb,
        CNI_CONTAINERID: sandbox.containerId,
        CNI_NETNS: sandbox.netns,
        CNI_IFNAME: 'eth0',
        CNI_PATH: '/usr/lib/cni',
      },
      stdin: JSON.stringify(conf),
    },
  );
  return { exitCode, output: stdout === '' ? undefined : JSON.parse(stdout) };
}

const wiring = () =>
  mustRun(['sh', '-c', 'ip -br link; ip rule; ip route; ip -6 route; ip6tables-save -t nat'], {
    netns: node.netns,
  });
/** Of a pod and its egress. */
const TRACES = /\beni[0-9a-f]{11}|veth[0-9a-f]{8}|fd00::|CNI-E/;

test('a pod of the shipped list has a way out in IPv6, and loses it with its DEL', async () => {
  await mustRun(['ip', 'addr', 'add', `${NODE_ADDRESS}/128`, 'dev', 'lo'], { netns: node.netns });
  await mustRun(['ip6tables', '-t', 'nat', '-L'], { netns: node.netns });
  const { name, cniVersion, plugins } = await installedList();
  const [awsCni, egress] = plugins.map((plugin): Entry => ({ ...plugin, name, cniVersion }));
  expect(plugins.map(({ type }) => type)).toEqual(['aws-cni', 'egress-cni', 'portmap']);
  expect(egress).toMatchObject({ enabled: 'false' });

  const ipam = { ...(egress?.['ipam'] as Entry), dataDir: hostDirectory('egress') };
  const enabled = {
    ...egress,
    ipam,
    enabled: 'true',
    nodeIP: NODE_ADDRESS,
    pluginLogFile: 'stderr',
  };
  const aws = { ...awsCni, pluginLogFile: 'stderr' };
  const sandbox = await node.runtime.createSandbox({ podNamespace: 'default', podName: 'out' });
  try {
    const wired = await node.runtime.cni('ADD', sandbox, aws);
    expect(wired.exitCode).toBe(0);
    const asItWas = await egressCni('ADD', sandbox, { ...egress, prevResult: wired.output });
    expect(asItWas).toEqual({ exitCode: 0, output: wired.output });

    const added = await egressCni('ADD', sandbox, { ...enabled, prevResult: wired.output });
    expect(added).toMatchObject({ exitCode: 0 });
    expect(added.output.interfaces.map((link: { name: string }) => link.name)).toEqual([
      expect.stringMatching(/^eni/),
      'eth0',
      expect.stringMatching(/^dummy/),
      expect.stringMatching(/^veth/),
      'v6if0',
    ]);
    await ping(sandbox.netns, NODE_ADDRESS);
    expect(await wiring()).toMatch(TRACES);
    const prevResult = added.output;
    expect(await egressCni('CHECK', sandbox, { ...enabled, prevResult })).toMatchObject({
      exitCode: 0,
    });
    // As a runtime does: last first, each with what the whole chain gave.
    expect(await egressCni('DEL', sandbox, { ...enabled, prevResult })).toMatchObject({
      exitCode: 0,
    });
    expect(await node.runtime.cni('DEL', sandbox, { ...aws, prevResult })).toMatchObject({
      exitCode: 0,
    });
  } finally {
    await node.runtime.removeSandbox(sandbox);
  }
  // The daemon deletes links behind its answer.
  for (let tries = 0; tries < 100 && TRACES.test(await wiring()); tries += 1) await sleep(20);
  expect(await wiring()).not.toMatch(TRACES);
  expect(await readdir(hostDirectory('egress/aws-cni'))).not.toContain('fd00::ac:2');
});
