import { mkdir, rm } from 'node:fs/promises';
import { mustRun, runCommand } from './run-command.ts';

/** A pod sandbox as a container runtime sees it: an identity and a network namespace. */
export interface PodSandbox {
  readonly podNamespace: string;
  readonly podName: string;
  readonly containerId: string;
  readonly netns: string;
}

export interface CniOutcome {
  readonly exitCode: number;
  /** Parsed stdout; `undefined` when empty. */
  readonly output: unknown;
  readonly stderr: string;
}

export type CniVerb = 'ADD' | 'DEL' | 'CHECK' | 'STATUS' | 'GC' | 'VERSION';

/** What a container runtime does: namespaces for pods, and executing the plugin with environment and stdin. */
export interface ContainerRuntime {
  createSandbox(pod: {
    readonly podNamespace: string;
    readonly podName: string;
  }): Promise<PodSandbox>;
  /** Removes the namespace; what the plugin made is DEL's to remove. */
  removeSandbox(sandbox: PodSandbox): Promise<void>;
  cni(
    verb: CniVerb,
    sandbox?: PodSandbox,
    conf?: Readonly<Record<string, unknown>>,
  ): Promise<CniOutcome>;
  /**
   * Executes the plugin with whatever a runtime might send: `variables` override those of an ADD for
   * a sandbox that does not exist.
   */
  execute(variables: Readonly<Record<string, string>>, stdin: string): Promise<CniOutcome>;
}

/** The plugin's entry of the shipped configuration list, as the runtime hands it over. */
export const pluginConf = {
  cniVersion: '0.4.0',
  name: 'aws-cni',
  type: 'aws-cni',
  vethPrefix: 'eni',
  mtu: '9001',
  podSGEnforcingMode: 'strict',
  pluginLogFile: 'stderr',
  pluginLogLevel: 'DEBUG',
} as const;

export function createContainerRuntime(options: {
  /** The plugin's command line: a path, and arguments where an interpreter is needed. */
  readonly plugin: readonly string[];
  readonly runDirectory: string;
  /** Namespace the plugin is executed in: the node's. */
  readonly hostNetns: string;
  /** Distinguishes the pod namespaces of several nodes. */
  readonly nodeName: string;
  readonly newContainerId: () => string;
}): ContainerRuntime {
  const { plugin, runDirectory, hostNetns, nodeName, newContainerId } = options;

  async function run(
    variables: Readonly<Record<string, string>>,
    stdin: string,
  ): Promise<CniOutcome> {
    const { exitCode, stdout, stderr } = await runCommand(plugin, {
      netns: hostNetns,
      env: {
        PATH: '/usr/sbin:/usr/bin:/sbin:/bin',
        AWS_VPC_K8S_CNI_RUN_DIR: runDirectory,
        CNI_PATH: '/opt/cni/bin',
        ...variables,
      },
      stdin,
      timeoutMs: 120_000,
    });
    return { exitCode, output: stdout === '' ? undefined : JSON.parse(stdout), stderr };
  }

  return {
    createSandbox: async ({ podNamespace, podName }) => {
      const containerId = newContainerId();
      const name = `${nodeName}-${podName}-${containerId.slice(0, 6)}`;
      await mkdir('/run/netns', { recursive: true });
      await mustRun(['ip', 'netns', 'add', name]);
      await mustRun(['ip', '-n', name, 'link', 'set', 'lo', 'up']);
      return { podNamespace, podName, containerId, netns: `/run/netns/${name}` };
    },
    removeSandbox: async ({ netns }) => {
      await runCommand(['ip', 'netns', 'del', netns.slice('/run/netns/'.length)]);
      await rm(netns, { force: true });
    },
    cni: (verb, sandbox, conf = pluginConf) =>
      run(
        { CNI_COMMAND: verb, ...(sandbox === undefined ? {} : sandboxVariables(sandbox)) },
        verb === 'VERSION' ? '{"cniVersion":"1.1.0"}' : JSON.stringify(conf),
      ),
    execute: (variables, stdin) =>
      run({ CNI_COMMAND: 'ADD', ...sandboxVariables(nobody), ...variables }, stdin),
  };
}

const nobody: PodSandbox = {
  podNamespace: 'default',
  podName: 'nobody',
  containerId: 'nobody',
  netns: '/run/netns/nobody',
};

const sandboxVariables = ({ podNamespace, podName, containerId, netns }: PodSandbox) => ({
  CNI_CONTAINERID: containerId,
  CNI_NETNS: netns,
  CNI_IFNAME: 'eth0',
  CNI_ARGS: [
    'IgnoreUnknown=1',
    `K8S_POD_NAMESPACE=${podNamespace}`,
    `K8S_POD_NAME=${podName}`,
    `K8S_POD_INFRA_CONTAINER_ID=${containerId}`,
  ].join(';'),
});
