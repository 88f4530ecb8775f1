import { openSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { request } from 'node:http';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { workspaceRoot } from './program-path.ts';
import { type BackgroundProgram, startProgram } from './run-command.ts';
import { type ContainerRuntime, createContainerRuntime, type PodSandbox } from './runtime.ts';

export const launcherPath = join(workspaceRoot, 'apps/cni-plugin/dist/aws-cni');
export const ipamdPath = join(workspaceRoot, 'apps/ipamd/dist/main.js');

/** A pod that has been added. */
export interface Pod extends PodSandbox {
  readonly address: string;
  readonly hostLinkName: string;
  /** 254 when the address is on the primary ENI. */
  readonly routeTableId: number;
}

/** One node of the sandbox: an instance with its namespace, its daemon and its container runtime. */
export interface SandboxNode {
  readonly name: string;
  readonly instanceId: string;
  readonly netns: string;
  readonly primaryAddress: string;
  readonly publicAddress: string;
  /** Of the primary ENI; empty without IPv6. */
  readonly ipv6Address: string;
  readonly runDirectory: string;
  /** What its daemon is told by default. */
  readonly daemonEnvironment: Readonly<Record<string, string>>;
  readonly runtime: ContainerRuntime;
  /** Of the daemon, while it runs. */
  readonly daemonPid: number | undefined;
  /** Starts the daemon. */
  launch(environment?: Readonly<Record<string, string>>): void;
  /** Starts the daemon and waits until STATUS says that it can serve. */
  start(environment?: Readonly<Record<string, string>>): Promise<void>;
  /** Ends the daemon; `SIGKILL` as in a crash. */
  stop(signal?: NodeJS.Signals): Promise<void>;
  addPod(podName: string): Promise<Pod>;
  /** DEL and removal of the namespace. */
  deletePod(pod: PodSandbox): Promise<void>;
  /** One view of the introspection endpoint. */
  introspect(path: string): Promise<unknown>;
}

export interface NodeIdentity {
  readonly name: string;
  readonly instanceId: string;
  readonly netns: string;
  readonly primaryAddress: string;
  readonly publicAddress: string;
  /** Of the primary ENI; empty without IPv6. */
  readonly ipv6Address: string;
  readonly ec2Endpoint: string;
  readonly podFamily: 'ipv4' | 'ipv6';
}

const READY_LIMIT_MS = 30_000;

export async function createSandboxNode(
  identity: NodeIdentity,
  newContainerId: () => string,
  plugin: readonly string[] = [launcherPath],
): Promise<SandboxNode> {
  const runDirectory = `/run/vpc-cni/${identity.name}`;
  await rm(runDirectory, { recursive: true, force: true });
  await mkdir(runDirectory, { recursive: true });
  const daemonEnvironment = environmentOf(identity, runDirectory);
  const runtime = createContainerRuntime({
    plugin,
    runDirectory,
    hostNetns: identity.netns,
    nodeName: identity.name,
    newContainerId,
  });
  let daemon: BackgroundProgram | undefined;

  async function waitUntilReady(): Promise<void> {
    const deadline = Date.now() + READY_LIMIT_MS;
    for (;;) {
      const status = await runtime.cni('STATUS', undefined, statusConf);
      if (status.exitCode === 0) return;
      if (Date.now() > deadline) {
        throw new Error(`${identity.name} is not ready: ${JSON.stringify(status.output)}`);
      }
      await sleep(50);
    }
  }

  function launch(environment: Readonly<Record<string, string>> = {}): void {
    const log = openSync(join(runDirectory, 'ipamd.log'), 'a');
    daemon = startProgram([process.execPath, ipamdPath], {
      netns: identity.netns,
      env: { ...daemonEnvironment, ...environment },
      stdio: ['ignore', log, log],
    });
  }

  return {
    ...identity,
    runDirectory,
    daemonEnvironment,
    runtime,
    get daemonPid() {
      return daemon?.process.pid;
    },
    launch,
    start: async (environment) => {
      launch(environment);
      await waitUntilReady();
    },
    stop: async (signal = 'SIGTERM') => {
      await daemon?.stop(signal);
      daemon = undefined;
    },
    addPod: async (podName) => {
      const sandbox = await runtime.createSandbox({ podNamespace: 'default', podName });
      const { exitCode, output } = await runtime.cni('ADD', sandbox);
      if (exitCode !== 0) {
        await runtime.removeSandbox(sandbox);
        throw new Error(`ADD of ${podName} on ${identity.name} failed: ${JSON.stringify(output)}`);
      }
      return { ...sandbox, ...readAddResult(output as AddResult) };
    },
    deletePod: async (pod) => {
      const { exitCode, output } = await runtime.cni('DEL', pod);
      await runtime.removeSandbox(pod);
      if (exitCode !== 0) {
        throw new Error(`DEL of ${pod.podName} failed: ${JSON.stringify(output)}`);
      }
    },
    introspect: (path) => getJson(join(runDirectory, 'introspection.sock'), path),
  };
}

const statusConf = { cniVersion: '1.1.0', name: 'aws-cni', type: 'aws-cni' };

const environmentOf = (identity: NodeIdentity, runDirectory: string) => ({
  PATH: process.env['PATH'] ?? '/usr/sbin:/usr/bin:/sbin:/bin',
  AWS_VPC_K8S_CNI_RUN_DIR: runDirectory,
  AWS_EC2_ENDPOINT: identity.ec2Endpoint,
  AWS_ACCESS_KEY_ID: 'sandbox',
  AWS_SECRET_ACCESS_KEY: 'sandbox',
  CLUSTER_NAME: 'sandbox',
  MY_NODE_NAME: identity.name,
  ...(identity.podFamily === 'ipv4'
    ? { ENABLE_IPv4: 'true' }
    : { ENABLE_IPv6: 'true', ENABLE_PREFIX_DELEGATION: 'true' }),
  AWS_VPC_K8S_CNI_LOG_FILE: 'stdout',
  INTROSPECTION_BIND_ADDRESS: `unix:${runDirectory}/introspection.sock`,
});

interface AddResult {
  readonly interfaces: readonly { readonly name: string; readonly mac?: string }[];
  readonly ips: readonly { readonly address: string }[];
}

function readAddResult({ interfaces, ips }: AddResult) {
  const [hostLink, podLink] = interfaces;
  return {
    address: ips[0]?.address.replace(/\/(32|128)$/, '') ?? '',
    hostLinkName: hostLink?.name ?? '',
    routeTableId: Number(podLink?.mac),
  };
}

function getJson(socketPath: string, path: string): Promise<unknown> {
  return new Promise((resolve, reject) => {
    request({ socketPath, path, timeout: 5_000 }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (text: string) => {
        body += text;
      });
      response.once('end', () => resolve(JSON.parse(body)));
    })
      .once('error', reject)
      .end();
  });
}
