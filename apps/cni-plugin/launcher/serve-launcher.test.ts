// The launcher and the daemon's side that @vpc-cni/cni-spec offers: the two ends of docs/launcher-protocol.md.
import { mkdir, readdir, readFile } from 'node:fs/promises';
import type { Server } from 'node:http';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { handleRequest, KNOWN_VERSIONS, type PluginHandlers } from '@vpc-cni/cni-spec';
import { parseLauncherRequest, serveLauncher } from '@vpc-cni/cni-spec/launcher';
import { launch, make, makeRunDirectory, type RunDirectory } from './launch.ts';

const conf = '{"cniVersion":"1.0.0","name":"blue","type":"aws-cni","é":"✓"}';
const handlers: PluginHandlers = {
  add: async ({ conf: { raw }, args, containerId }) => ({
    interfaces: [{ name: containerId, mac: `${args} ${raw['é']}` }],
    ips: [],
    routes: [],
  }),
  del: async () => {
    throw new Error('no such pod');
  },
};

let run: RunDirectory;
let server: Server | undefined;
beforeAll(() => make('all'));
beforeEach(async () => {
  run = await makeRunDirectory();
  await mkdir(run.path, { recursive: true });
});
afterEach(async () => {
  server?.close();
  server = undefined;
  await run.remove();
});

const serve = async (plugin: PluginHandlers | undefined) => {
  server = await serveLauncher({
    socketPath: join(run.path, 'cni.sock'),
    answer: async (request, signal) =>
      plugin && handleRequest(request, plugin, { supportedVersions: KNOWN_VERSIONS, signal }),
  });
};
const ask = async (command: string, variables: Readonly<Record<string, string>> = {}) => {
  const environment = { ...run.environment(command), ...variables };
  const { stdout, exitCode } = await launch({ environment, stdin: conf });
  return { exitCode, output: stdout.length === 0 ? undefined : JSON.parse(stdout.toString()) };
};

test('a result comes back as the handler gave it', async () => {
  await serve(handlers);
  expect(await ask('ADD', { CNI_CONTAINERID: 'sbx-81', CNI_ARGS: 'K8S_POD_NAME=café' })).toEqual({
    exitCode: 0,
    output: { cniVersion: '1.0.0', interfaces: [{ name: 'sbx-81', mac: 'K8S_POD_NAME=café ✓' }] },
  });
});

test('an error comes back with its exit status', async () => {
  await serve(handlers);
  expect(await ask('DEL')).toMatchObject({
    exitCode: 1,
    output: { code: 999, msg: 'no such pod' },
  });
});

test('a daemon that does not serve yet is away', async () => {
  await serve(undefined);
  expect(await ask('ADD')).toMatchObject({ exitCode: 1, output: { code: 11 } });
});

test('a DEL that was kept in a file is read', async () => {
  expect(await ask('DEL')).toEqual({ exitCode: 0, output: undefined });
  const directory = join(run.path, 'deferred-del');
  const [name = ''] = await readdir(directory);
  const request = parseLauncherRequest(await readFile(join(directory, name)));
  const { AWS_VPC_K8S_CNI_RUN_DIR: _, ...variables } = run.environment('DEL');
  expect(request).toEqual({
    environment: expect.objectContaining({ CNI_COMMAND: 'DEL' }),
    stdin: conf,
  });
  for (const [variable, value] of Object.entries(request.environment)) {
    expect(variables).toHaveProperty(variable, value);
  }
});
