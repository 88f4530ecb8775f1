import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { access, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type CriClient, createCriClient } from './cri-client.ts';
import { buildPauseImage, PAUSE_IMAGE } from './pause-image.ts';

/** A real containerd, for the tests of plugins. */
export interface Containerd {
  readonly cri: CriClient;
  /** Where it serves CRI. */
  readonly socketPath: string;
  /** Where containerd looks for plugins; `loopback` is there. */
  readonly pluginDirectory: string;
  /** Where containerd looks for configurations; empty at first. */
  readonly confDirectory: string;
  /** Root of the file system as containerd sees it, with a /var/lib and a /run of its own. */
  readonly rootDirectory: string;
  /** Runs a command where containerd runs plugins, and gives its stdout. */
  inNode(...command: readonly string[]): string;
  /** Imports an image, as `docker save` writes it. */
  importImage(path: string): void;
  /** containerd's log so far. */
  readLog(): Promise<string>;
  /** Ends containerd and whatever it started, and removes its files. */
  close(): Promise<void>;
}

const configOf = (directory: string, { netns }: ContainerdOptions) => `
version = 2
root = "${directory}/root"
state = "${directory}/state"
disabled_plugins = ["io.containerd.snapshotter.v1.aufs", "io.containerd.snapshotter.v1.btrfs",
  "io.containerd.snapshotter.v1.devmapper", "io.containerd.snapshotter.v1.zfs", "io.containerd.internal.v1.opt"]
[grpc]
  address = "${directory}/containerd.sock"
[ttrpc]
  address = "${directory}/containerd.ttrpc.sock"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "${PAUSE_IMAGE}"
  disable_apparmor = true
  disable_cgroup = true # pods need no limits here, and leave no cgroups behind
  restrict_oom_score_adj = true
  netns_mounts_under_state_dir = ${netns === undefined}
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "${directory}/cni-bin"
    conf_dir = "${directory}/cni-conf"
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "native"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
      [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
        BinaryName = "${directory}/runc.sh"
        Root = "${directory}/runc"
        SystemdCgroup = false
`;

// An ordinary user's namespace has no group 5 to give terminals to, and a pod's sandbox has no terminal.
const RUNC_SCRIPT = `#!/bin/sh
for argument; do
  [ "$previous" != --bundle ] || sed -i 's/,"gid=5"//' "$argument/config.json"
  previous=$argument
done
exec runc "$@"
`;

export interface ContainerdOptions {
  /**
   * Path of a network namespace to run in. Default: one of its own. With it, namespaces of pods are in /run/netns, which
   * is followed by containers that mount it, as on a node.
   */
  readonly netns?: string;
}

/**
 * Starts containerd in network, mount and process namespaces of its own, so that pods, shims, links and
 * the cache in /var/lib/cni end with it. Needs root, or `tools/in-namespace.sh`, and Debian's packages
 * `containerd`, `runc` and `containernetworking-plugins`.
 *
 * @throws {Error} with containerd's log when it does not come up.
 */
export async function startContainerd(options: ContainerdOptions = {}): Promise<Containerd> {
  const { netns } = options;
  const directory = await mkdtemp(join(tmpdir(), 'containerd-'));
  const at = (name: string) => join(directory, name);
  await Promise.all(['cni-bin', 'cni-conf', 'image'].map((name) => mkdir(at(name))));
  await writeFile(at('config.toml'), configOf(directory, options));
  await writeFile(at('runc.sh'), RUNC_SCRIPT, { mode: 0o755 });
  execFileSync('cp', ['/usr/lib/cni/loopback', at('cni-bin')]);

  const log = `exec >${at('log')} 2>&1`;
  const mounts = 'mount -t tmpfs tmpfs /var/lib && mount -t tmpfs tmpfs /run';
  // As systemd has it on a node; here it reaches nobody outside.
  const shared = netns === undefined ? 'true' : 'mount --make-rshared /';
  const up = `${shared} && ip link set lo up && containerd -c ${at('config.toml')}`;
  const script = `${log}; ${mounts} && ${up}`;
  const network = netns === undefined ? ['--net'] : [];
  const namespaces = [...network, '--mount', '--propagation', 'private'];
  const processes = ['--pid', '--fork', '--kill-child', '--mount-proc'];
  const entering = netns === undefined ? [] : ['nsenter', `--net=${netns}`, '--'];
  const [command = '', ...args] = [
    ...[...entering, 'unshare', ...namespaces, ...processes],
    ...['bash', '-c', script],
  ];
  const unshare = spawn(command, args, { stdio: 'ignore' });
  const close = async () => {
    if (unshare.exitCode === null && unshare.signalCode === null) {
      unshare.kill('SIGKILL');
      await once(unshare, 'exit');
    }
    await rm(directory, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  };
  const importImage = (path: string) => {
    const ctr = ['-a', at('containerd.sock'), '-n', 'k8s.io'];
    execFileSync('ctr', [...ctr, 'images', 'import', '--snapshotter', 'native', path]);
  };
  const readLog = () => readFile(at('log'), 'utf8').catch(() => '');
  try {
    const image = buildPauseImage(at('image'));
    await untilServing(unshare, at('containerd.sock'));
    importImage(image);
  } catch (cause) {
    const text = await readLog();
    await close();
    throw new Error(`containerd did not come up: ${text.slice(-4000)}`, { cause });
  }
  const pid = childOf(unshare);
  return {
    cri: createCriClient(at('containerd.sock')),
    socketPath: at('containerd.sock'),
    pluginDirectory: at('cni-bin'),
    confDirectory: at('cni-conf'),
    rootDirectory: `/proc/${pid}/root`,
    inNode: (...command) => {
      const inside = ['-t', String(pid), '--net', '--mount', '--', ...command];
      return execFileSync('nsenter', inside, { encoding: 'utf8' });
    },
    importImage,
    readLog,
    close,
  };
}

/** The process that `unshare` waits for: the first of the new namespaces. */
function childOf({ pid }: ChildProcess): number {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8');
  return Number(children.trim().split(' ')[0]);
}

const START_TRIES = 200;

async function untilServing(process: ChildProcess, socketPath: string): Promise<void> {
  const cri = createCriClient(socketPath);
  for (let tries = 0; tries < START_TRIES; tries += 1) {
    if (process.exitCode !== null) throw new Error(`it exited with ${process.exitCode}`);
    const isServing = await access(socketPath)
      .then(() => cri.isNetworkReady())
      .then(
        () => true,
        () => false,
      );
    if (isServing) return;
    await sleep(50);
  }
  throw new Error(`it does not serve ${socketPath}`);
}
