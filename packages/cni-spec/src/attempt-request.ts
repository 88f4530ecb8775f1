// For the tests of the skeleton: requests that are complete but for what a test is about.
import type { CniProcessResponse, PluginOptions } from './answer-request.ts';
import { handleRequest } from './handle-request.ts';
import type { PluginHandlers } from './plugin-handlers.ts';
import type { CniResult } from './result-110.ts';
import { KNOWN_VERSIONS } from './version.ts';

export const environment = {
  CNI_CONTAINERID: 'sbx-81',
  CNI_NETNS: '/run/netns/p7',
  CNI_IFNAME: 'eth0',
  CNI_ARGS: 'K8S_POD_NAME=cart',
  CNI_PATH: '/opt/cni/bin',
};
export const conf = (members: object = {}) =>
  JSON.stringify({ cniVersion: '1.1.0', name: 'blue', type: 'x', ...members });

export const result: CniResult = {
  interfaces: [{ name: 'eth0', sandbox: '/run/netns/p7' }],
  ips: [{ address: '100.64.7.21/32', interface: 0 }],
  routes: [],
};

/** Handlers that note what they got. */
export function recording(overrides: Partial<PluginHandlers> = {}) {
  const calls: unknown[] = [];
  const note = (verb: string) => async (request: object) => {
    calls.push({ verb, ...request });
  };
  const handlers: PluginHandlers = {
    add: async (request) => {
      await note('ADD')(request);
      return result;
    },
    del: note('DEL'),
    check: note('CHECK'),
    gc: note('GC'),
    status: note('STATUS'),
    ...overrides,
  };
  return { handlers, calls };
}

export interface Attempt {
  readonly command?: string;
  readonly variables?: Readonly<Record<string, string | undefined>>;
  readonly stdin?: string;
  readonly handlers?: PluginHandlers;
  readonly options?: Partial<PluginOptions>;
}

export const attempt = ({
  command = 'ADD',
  variables = {},
  stdin = conf(),
  handlers = recording().handlers,
  options = {},
}: Attempt = {}): Promise<CniProcessResponse> =>
  handleRequest(
    { environment: { ...environment, CNI_COMMAND: command, ...variables }, stdin },
    handlers,
    { supportedVersions: KNOWN_VERSIONS, about: 'A plugin v1', ...options },
  );

/** The error object of an attempt that must fail. */
export async function errorOf(given: Attempt): Promise<Record<string, unknown>> {
  const { stdout, stderr, exitCode } = await attempt(given);
  if (stderr !== '' || exitCode !== 1) {
    throw new Error(`expected an error, got ${JSON.stringify({ stdout, stderr, exitCode })}`);
  }
  return JSON.parse(stdout);
}
