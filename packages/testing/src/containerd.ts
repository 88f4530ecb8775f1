import { execFileSync } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import {
  access,
  copyFile,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type CriClient, createCriClient } from './cri-client.ts';
import { type Machine, type MachineProgram, startMachine } from './machine.ts';
import { buildPauseImage, PAUSE_IMAGE } from './pause-image.ts';

/** A real containerd, for the tests of plugins, on a machine of its own. */
export interface Containerd {
  readonly cri: CriClient;
  /** Where it serves CRI. */
  readonly socketPath: string;
  /** Where containerd looks for plugins; `loopback` is there. */
  readonly pluginDirectory: string;
  /** Where containerd looks for configurations; empty at first. */
  readonly confDirectory: string;
  /** The machine since the last {@link Containerd.reboot}. */
  readonly machine: Machine;
  /** Root of the file system as containerd sees it, with a /var/lib and a /run of its own. */
  readonly rootDirectory: string;
  /** Runs a command where containerd runs plugins, and gives its stdout. */
  inNode(...command: readonly string[]): string;
  /** Imports an image, as `docker save` writes it. */
  importImage(path: string): void;
  /** Kills containerd alone: pods live on. */
  kill(): Promise<void>;
  /** Starts it again, and waits until it serves. */
  start(): Promise<void>;
  /** Switches the machine off: every process, mount and namespace of it is gone, containerd's state too. */
  powerOff(): Promise<void>;
  /** Switches it on again, with containerd; what was on disk is there. */
  powerOn(): Promise<void>;
  /** containerd's log so far. */
  readLog(): Promise<string>;
  /** Ends containerd and whatever it started, and removes its files. */
  close(): Promise<void>;
}

export interface ContainerdOptions {
  /** Path of the network namespace that the machine is in; default: a new one. */
  readonly netns?: string;
  /** Directories that outlast the machine, by where it has them: below /run or /var/lib. */
  readonly shared?: Readonly<Record<string, string>>;
}

const configOf = (directory: string, runc: string) => `
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
  disable_cgroup = true # pods need no limits here
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "${directory}/cni-bin"
    conf_dir = "${directory}/cni-conf"
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "native"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
      [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
        BinaryName = "${runc}"
        Root = "${directory}/runc"
        SystemdCgroup = false
`;

// An ordinary user's namespace has no group 5 to give terminals to, and a pod's sandbox has no terminal.
const hasEveryGroup = () =>
  readFileSync('/proc/self/gid_map', 'utf8').trim().endsWith('4294967295');
const RUNC_SCRIPT = `#!/bin/sh
for argument; do
  [ "$previous" != --bundle ] || sed -i 's/,"gid=5"//' "$argument/config.json"
  previous=$argument
done
exec runc "$@"
`;

/**
 * Starts containerd on a {@link Machine}, so that pods, shims, links and mounts end with it. Needs root, or
 * `tools/in-namespace.sh`, and Debian's packages `containerd`, `runc` and `containernetworking-plugins`.
 *
 * @throws {Error} with containerd's log when it does not come up.
 */
export async function startContainerd(options: ContainerdOptions = {}): Promise<Containerd> {
  const directory = await mkdtemp(join(tmpdir(), 'containerd-'));
  const at = (name: string) => join(directory, name);
  const socketPath = at('containerd.sock');
  await Promise.all(['cni-bin', 'cni-conf', 'image'].map((name) => mkdir(at(name))));
  await writeFile(at('config.toml'), configOf(directory, hasEveryGroup() ? 'runc' : at('runc.sh')));
  await writeFile(at('runc.sh'), RUNC_SCRIPT, { mode: 0o755 });
  await copyFile('/usr/lib/cni/loopback', join(at('cni-bin'), 'loopback'));
  const shared = { '/var/lib/cni': at('cni-cache'), ...options.shared };
  const newMachine = () => startMachine({ ...options, directory: at('machine'), shared });

  const readLog = () => readFile(at('log'), 'utf8').catch(() => '');
  let machine = await newMachine().catch(async (error: unknown) => {
    await removeAll(directory);
    throw error;
  });
  let daemon: MachineProgram | undefined;
  const start = async () => {
    const logFd = openSync(at('log'), 'a');
    try {
      daemon = machine.start(['containerd', '-c', at('config.toml')], { logFd });
      await untilServing(daemon, socketPath);
    } catch (cause) {
      throw new Error(`containerd did not come up: ${(await readLog()).slice(-4000)}`, { cause });
    } finally {
      closeSync(logFd);
    }
  };
  const powerOff = async () => {
    await machine.powerOff();
    removeCgroups(await readdir(at('runc/k8s.io')).catch(() => []));
    // /run of a real machine, where containerd's state is by default, does not outlast it.
    for (const name of ['state', 'runc']) await removeAll(at(name));
    await rm(socketPath, { force: true });
  };
  const close = async () => {
    await powerOff();
    await removeAll(directory);
  };
  const importImage = (path: string) => {
    const ctr = ['-a', socketPath, '-n', 'k8s.io'];
    execFileSync('ctr', [...ctr, 'images', 'import', '--snapshotter', 'native', path]);
  };
  try {
    const image = buildPauseImage(at('image'));
    await start();
    importImage(image);
  } catch (error) {
    await close();
    throw error;
  }
  return {
    cri: createCriClient(socketPath),
    socketPath,
    pluginDirectory: at('cni-bin'),
    confDirectory: at('cni-conf'),
    get machine() {
      return machine;
    },
    get rootDirectory() {
      return machine.rootDirectory;
    },
    inNode: (...command) => machine.run(...command),
    importImage,
    kill: async () => daemon?.stop('SIGKILL'),
    start,
    powerOff,
    powerOn: async () => {
      machine = await newMachine();
      await start();
    },
    readLog,
    close,
  };
}

/** What runc does when it deletes a container; after a power cut nobody does. */
function removeCgroups(containerIds: readonly string[]): void {
  const [first, ...others] = containerIds;
  if (first === undefined) return;
  const names = ['-name', first, ...others.flatMap((id) => ['-o', '-name', id])];
  const found = [
    '/sys/fs/cgroup',
    '-depth',
    '-ignore_readdir_race',
    '(',
    ...names,
    ')',
    '-type',
    'd',
  ];
  execFileSync('find', [...found, '-delete']);
}

/** Processes that have just been killed may still hold files for a moment. */
const removeAll = (path: string) =>
  rm(path, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });

const START_LIMIT_MS = 30_000;

async function untilServing(daemon: MachineProgram, socketPath: string): Promise<void> {
  const cri = createCriClient(socketPath);
  for (const giveUpAtMs = Date.now() + START_LIMIT_MS; Date.now() < giveUpAtMs; ) {
    if (daemon.hasEnded()) throw new Error('it has ended');
    const isServing = await access(socketPath)
      .then(() => cri.isNetworkReady())
      .then(
        () => true,
        () => false,
      );
    if (isServing) return;
    await sleep(20);
  }
  throw new Error(`it does not serve ${socketPath}`);
}
