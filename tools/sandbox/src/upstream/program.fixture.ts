import { execFileSync } from 'node:child_process';
import { copyFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import type { SandboxNode } from '../node.ts';
import { workspaceRoot } from '../program-path.ts';
import { type ContainerRuntime, createContainerRuntime } from '../runtime.ts';

// The programs of release 1.23.1, which tools/setup.sh tests builds from the sources that go.sum pins.

const folder = execFileSync(join(workspaceRoot, 'tools/sandbox/upstream-plugin/build.sh'), {
  encoding: 'utf8',
}).trim();

/** Upstream's own programs, under the names that runtimes know. */
export const upstreamPrograms = {
  'aws-cni': join(folder, 'routed-eni-cni-plugin'),
  'egress-cni': join(folder, 'egress-cni-plugin'),
} as const;

/** Upstream's program knows no other place; it gets the node's directory there, for itself alone. */
const SOCKET_DIRECTORY = '/run/aws-node';
/** Where egress-cni finds host-local. */
const PLUGIN_DIRECTORY = '/usr/lib/cni';
const inPlace = `mkdir -p ${SOCKET_DIRECTORY}
  mount --bind "$1" ${SOCKET_DIRECTORY}
  CNI_PATH=${PLUGIN_DIRECTORY} exec "$0"`;

/** A runtime that executes upstream's program on the node. Its sandboxes are the node's runtime's to make. */
export const upstreamRuntime = (
  node: SandboxNode,
  program: keyof typeof upstreamPrograms = 'aws-cni',
): ContainerRuntime => {
  const argv = [upstreamPrograms[program], node.runDirectory];
  return runtimeOf(node, ['unshare', '--mount', 'sh', '-ec', inPlace, ...argv]);
};

/** A runtime that executes a program on the node. Its sandboxes are the node's runtime's to make. */
export const runtimeOf = (
  { runDirectory, netns, name }: SandboxNode,
  plugin: readonly string[],
): ContainerRuntime =>
  createContainerRuntime({
    plugin,
    runDirectory,
    hostNetns: netns,
    nodeName: name,
    newContainerId: () => {
      throw new Error('sandboxes come from the runtime of the node');
    },
  });

/** Puts programs into a directory, whole, also over those that run. */
export async function replacePrograms(
  programs: Readonly<Record<string, string>>,
  directory: string,
): Promise<void> {
  for (const [name, path] of Object.entries(programs)) {
    await copyFile(path, join(directory, `.${name}`));
    await rename(join(directory, `.${name}`), join(directory, name));
  }
}
