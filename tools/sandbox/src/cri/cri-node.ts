import { closeSync, openSync } from 'node:fs';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Containerd, type MachineProgram, startContainerd } from '@vpc-cni/testing';
import { ipamdPath, launcherPath, type SandboxNode } from '../node.ts';
import { workspaceRoot } from '../program-path.ts';
import { forgetNetwork } from './forget-network.ts';
import { createKubelet, type Kubelet, type RunningPod } from './kubelet.ts';

/** Which program containerd executes as `aws-cni`. */
export type PluginForm = 'launcher' | 'stand-alone';

/** A node of the sandbox with a real containerd, on which our own installer has installed and started us. */
export interface CriNode {
  readonly node: SandboxNode;
  readonly containerd: Containerd;
  readonly kubelet: Kubelet;
  /** Path of a pod's network namespace, from here. */
  netnsOf(pod: RunningPod): Promise<string>;
  /** What kubelet does with the container of the daemon. */
  startDaemon(): void;
  /** Ends the daemon as a crash does. */
  killDaemon(): Promise<void>;
  /** Power off and on. `/var/run` is lost where it is in memory, as usual. */
  reboot(options: { readonly losesVarRun: boolean }): Promise<void>;
  /** All that our containers have logged. */
  readOwnLog(): Promise<string>;
  /** Whether the daemon runs, and the end of what we and containerd have logged. */
  readLogs(): Promise<string>;
  /** Ends everything that has been started on the node. */
  close(): Promise<void>;
}

const installerPath = join(workspaceRoot, 'apps/cni-plugin/dist/install.js');
const standAlonePath = join(workspaceRoot, 'apps/cni-plugin/dist/main.js');
/** Where the plugin writes on the node's machine. */
export const PLUGIN_LOG = '/run/plugin.log';
const NODE_RUN_DIRECTORY = '/run/aws-node';
const READY_LIMIT_MS = 60_000;

/** @param options.environment of our containers, as the DaemonSet's manifest has it. */
export async function startCriNode(
  node: SandboxNode,
  options: {
    readonly form?: PluginForm;
    readonly environment?: Readonly<Record<string, string>>;
  } = {},
): Promise<CriNode> {
  const { form = 'launcher' } = options;
  const containerd = await startContainerd({
    netns: node.netns,
    shared: { [NODE_RUN_DIRECTORY]: node.runDirectory },
  });
  const scratch = dirname(containerd.socketPath);
  const environment = {
    ...node.daemonEnvironment,
    HOST_CNI_BIN_PATH: containerd.pluginDirectory,
    HOST_CNI_CONFDIR_PATH: containerd.confDirectory,
    AWS_VPC_K8S_CNI_RUN_DIR: NODE_RUN_DIRECTORY,
    AWS_VPC_K8S_CNI_CRI_SOCKET: containerd.socketPath,
    AWS_VPC_K8S_PLUGIN_LOG_FILE: PLUGIN_LOG,
    INTROSPECTION_BIND_ADDRESS: `unix:${NODE_RUN_DIRECTORY}/introspection.sock`,
    ...options.environment,
  };
  let daemon: MachineProgram | undefined;

  const install = (...command: readonly string[]): MachineProgram => {
    const logFd = openSync(join(scratch, 'ipamd.log'), 'a');
    const argv = [process.execPath, installerPath, ...command];
    const program = containerd.machine.start(argv, { env: environment, logFd });
    closeSync(logFd);
    return program;
  };
  const readOwnLog = () => readFile(join(scratch, 'ipamd.log'), 'utf8').catch(() => '');
  const readLogs = async () => {
    const ours = await readOwnLog();
    const state = daemon?.hasEnded()
      ? `the daemon has ended with status ${await daemon.ended()}`
      : 'the daemon runs';
    return [state, ours.slice(-2_000), (await containerd.readLog()).slice(-2_000)].join('\n');
  };
  const programs = form === 'launcher' ? dirname(launcherPath) : join(scratch, 'programs');
  const startDaemon = () => {
    daemon = install('run', programs, process.execPath, ipamdPath);
  };
  const boot = async () => {
    const exitCode = await install('init', '/usr/lib/cni').ended();
    if (exitCode !== 0) throw new Error(`install init failed: ${await readLogs()}`);
    startDaemon();
    await untilReady(containerd, readLogs);
  };

  try {
    if (form === 'stand-alone') await writeStandAlone(programs);
    await boot();
  } catch (error) {
    await containerd.close();
    throw error;
  }
  return {
    node,
    containerd,
    kubelet: createKubelet(containerd.cri),
    netnsOf: async ({ sandboxId }) => {
      const path = await containerd.cri.netnsPath(sandboxId);
      // The link /var/run would lead out of the machine's file system.
      return join(containerd.rootDirectory, path.replace('/var/run/', '/run/'));
    },
    startDaemon,
    killDaemon: async () => daemon?.stop('SIGKILL'),
    reboot: async ({ losesVarRun }) => {
      await containerd.powerOff();
      await forgetNetwork(node);
      if (losesVarRun) {
        for (const name of await readdir(node.runDirectory)) {
          await rm(join(node.runDirectory, name), { recursive: true });
        }
      }
      await containerd.powerOn();
      await boot();
    },
    readOwnLog,
    readLogs,
    close: containerd.close,
  };
}

/** As the launcher's place is taken where none was built: Node finds its native library beside the original. */
async function writeStandAlone(directory: string): Promise<void> {
  await mkdir(directory);
  const script = `#!/bin/sh\nexec ${process.execPath} ${standAlonePath}\n`;
  await writeFile(join(directory, 'aws-cni'), script, { mode: 0o755 });
}

async function untilReady({ cri }: Containerd, readLogs: () => Promise<string>): Promise<void> {
  const giveUpAtMs = Date.now() + READY_LIMIT_MS;
  while (!(await cri.isNetworkReady())) {
    if (Date.now() > giveUpAtMs)
      throw new Error(`the node does not become ready: ${await readLogs()}`);
    await sleep(20);
  }
}
