import { access, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type NetworkConfList, parseConfList } from '@vpc-cni/cni-spec';
import { type CniRuntime, createCniRuntime } from '@vpc-cni/cni-spec/runtime';
import type { SandboxNode } from './node.ts';
import { workspaceRoot } from './program-path.ts';
import { mustRun } from './run-command.ts';

// What the containers of the DaemonSet do to a host, which here is a namespace and a directory.

type Variables = Readonly<Record<string, string>>;

const programs = join(workspaceRoot, 'apps/cni-plugin/dist');
const binOf = ({ runDirectory }: SandboxNode) => join(runDirectory, 'bin');
const confOf = ({ runDirectory }: SandboxNode) => join(runDirectory, 'net.d');

/** What the init container does: a node that forwards IPv6, for one. */
export async function runInit(node: SandboxNode, variables: Variables): Promise<void> {
  await mkdir(binOf(node), { recursive: true });
  await mustRun([process.execPath, join(programs, 'install.js'), 'init'], {
    netns: node.netns,
    env: { ...variables, HOST_CNI_BIN_PATH: binOf(node) },
  });
}

/** The launcher under its two names, and a plugin of others. A runtime executes them on the host. */
export async function installPrograms(node: SandboxNode): Promise<void> {
  await mkdir(binOf(node), { recursive: true });
  const commands = {
    'aws-cni': join(programs, 'aws-cni'),
    'egress-cni': join(programs, 'egress-cni'),
    portmap: '/usr/lib/cni/portmap',
  };
  for (const [name, program] of Object.entries(commands)) {
    await access(program);
    const script = `#!/bin/sh
export AWS_VPC_K8S_CNI_RUN_DIR=${node.runDirectory}
exec nsenter --net=${node.netns} ${program}
`;
    await writeFile(join(binOf(node), name), script, { mode: 0o755 });
  }
}

/** The configuration list as the installer writes it, once the daemon has an address. */
export async function installList(
  node: SandboxNode,
  variables: Variables = {},
): Promise<NetworkConfList> {
  await mkdir(confOf(node), { recursive: true });
  const file = (name: string) => join(node.runDirectory, name);
  await mustRun([process.execPath, join(programs, 'install.js'), 'open'], {
    netns: node.netns,
    env: {
      ...variables,
      HOST_CNI_BIN_PATH: binOf(node),
      HOST_CNI_CONFDIR_PATH: confOf(node),
      AWS_VPC_K8S_CNI_RUN_DIR: node.runDirectory,
      AWS_VPC_K8S_PLUGIN_LOG_FILE: file('plugin.log'),
      AWS_VPC_K8S_EGRESS_V4_PLUGIN_LOG_FILE: file('egress.log'),
      AWS_VPC_K8S_EGRESS_V6_PLUGIN_LOG_FILE: file('egress.log'),
    },
  });
  return parseConfList(await readFile(join(confOf(node), '10-aws.conflist'), 'utf8'));
}

/** A runtime that carries out whole lists with the installed programs. */
export const runtimeOf = (node: SandboxNode, cache = 'results'): CniRuntime =>
  createCniRuntime({
    pluginDirectories: [binOf(node)],
    cacheDirectory: join(node.runDirectory, cache),
  });
