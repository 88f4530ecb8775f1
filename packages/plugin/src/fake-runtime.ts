import { handleRequest, KNOWN_VERSIONS, type PluginHandlers } from '@vpc-cni/cni-spec';

/** What differs from an ordinary request of container `a`. */
export interface FakeCall {
  readonly container?: string;
  readonly netns?: string;
  readonly ifName?: string;
  readonly args?: string;
  readonly conf?: object;
  readonly signal?: AbortSignal;
}

/** Does one CNI verb as a container runtime does, for tests of this package. */
export type FakeRuntime = (
  command: string,
  call?: FakeCall,
) => Promise<{ readonly exitCode: number; readonly output: unknown }>;

export const createFakeRuntime =
  (handlers: PluginHandlers): FakeRuntime =>
  async (command, call = {}) => {
    const { container = 'a', netns = '/run/netns/a', ifName = 'eth0', args = ARGS } = call;
    const { conf, signal } = call;
    const { exitCode, stdout } = await handleRequest(
      {
        environment: {
          CNI_COMMAND: command,
          CNI_CONTAINERID: container,
          CNI_NETNS: netns,
          CNI_IFNAME: ifName,
          CNI_ARGS: args,
          CNI_PATH: '/opt/cni/bin',
        },
        stdin: JSON.stringify({ ...CONF, ...conf }),
      },
      handlers,
      { supportedVersions: KNOWN_VERSIONS, ...(signal === undefined ? {} : { signal }) },
    );
    return { exitCode, output: stdout === '' ? undefined : JSON.parse(stdout) };
  };

const ARGS = 'K8S_POD_NAMESPACE=default;IgnoreUnknown=1;K8S_POD_NAME=sample-pod';

const CONF = {
  cniVersion: '0.4.0',
  name: 'aws-cni',
  type: 'aws-cni',
  vethPrefix: 'eni',
  mtu: '9001',
};
