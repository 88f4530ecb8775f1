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
export const upstreamPrograms: Readonly<Record<'aws-cni' | 'egress-cni', string>> = {
  'aws-cni': join(folder, 'routed-eni-cni-plugin'),
  'egress-cni': join(folder, 'egress-cni-plugin'),
};

/** Upstream's program knows no other place; it gets the node's directory there, for itself alone. */
const SOCKET_DIRECTORY = '/run/aws-node';
const inPlace = `mkdir -p ${SOCKET_DIRECTORY}
  mount --bind "$1" ${SOCKET_DIRECTORY}
  exec "$0"`;

/** A runtime that executes upstream's program on the node. Its sandboxes are the node's runtime's to make. */
export const upstreamRuntime = ({ runDirectory, netns, name }: SandboxNode): ContainerRuntime =>
  createContainerRuntime({
    plugin: ['unshare', '--mount', 'sh', '-ec', inPlace, upstreamPrograms['aws-cni'], runDirectory],
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
