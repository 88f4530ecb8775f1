import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import {
  administrator,
  createKubernetesEmulator,
  type KubernetesEmulator,
} from '@vpc-cni/kubernetes-emulator';
import type { ApiAccess } from './api-access.ts';
import { createApiClient } from './api-client.ts';
import { createHttpTransport } from './http-transport.ts';
import { inClusterAccess } from './in-cluster.ts';
import { kubeConfigAccess } from './kube-config/index.ts';
import { NODES } from './resources.ts';

// Sockets and TLS for real.

let cluster: KubernetesEmulator;
let directory: string;
let url: string;
let ca: string;
const { signal } = new AbortController();
const node = { resource: NODES, name: 'a' };

beforeEach(async () => {
  cluster = createKubernetesEmulator({ withoutToken: undefined });
  cluster.setIdentity('first', administrator);
  cluster.create({ apiVersion: 'v1', kind: 'Node', metadata: { name: 'a' } });
  const listening = await cluster.listen({ host: '127.0.0.1', port: 0, tls: true });
  ({ url, caCertificate: ca = '' } = listening);
  directory = await mkdtemp(join(tmpdir(), 'service-account-'));
  await writeFile(join(directory, 'token'), 'first\n');
  await writeFile(join(directory, 'ca.crt'), ca);
});
afterEach(async () => {
  await cluster.close();
  await rm(directory, { recursive: true });
});

const readNode = (access: ApiAccess | undefined) => {
  if (access === undefined) throw new Error('no access');
  const client = createApiClient({ transport: createHttpTransport(access), timeoutMs: 2_000 });
  return client.get<{ metadata: { name: string } }>(node, { signal });
};

describe('in a cluster', () => {
  const clock = { now: 0, nowMs: () => clock.now };
  const access = (environment: Record<string, string>) =>
    inClusterAccess({ environment, directory, clock });

  test('the service address and account are used', async () => {
    const { hostname, port } = new URL(url);
    const environment = { KUBERNETES_SERVICE_HOST: hostname, KUBERNETES_SERVICE_PORT: port };
    expect((await readNode(access(environment))).metadata.name).toBe('a');
  });

  test('CLUSTER_ENDPOINT takes the place of the service address', async () => {
    const environment = { KUBERNETES_SERVICE_HOST: '192.0.2.1', CLUSTER_ENDPOINT: `${url}/` };
    expect((await readNode(access(environment))).metadata.name).toBe('a');
  });

  test.each([
    [{ CLUSTER_ENDPOINT: 'api.example:8443' }, 'https://api.example:8443'],
    [{ CLUSTER_ENDPOINT: 'https://api.example' }, 'https://api.example'],
    [{ CLUSTER_ENDPOINT: '', KUBERNETES_SERVICE_HOST: '10.0.0.1' }, 'https://10.0.0.1:443'],
    [
      { KUBERNETES_SERVICE_HOST: 'fd00::1', KUBERNETES_SERVICE_PORT: '6443' },
      'https://[fd00::1]:6443',
    ],
    [{}, undefined],
  ])('%j means %s', (environment, server) => {
    expect(access(environment as Record<string, string>)?.server).toBe(server);
  });

  test('a token that was replaced is read again', async () => {
    const used = access({ CLUSTER_ENDPOINT: url });
    await readNode(used);
    cluster.setIdentity('first', undefined);
    cluster.setIdentity('second', administrator);
    await writeFile(join(directory, 'token'), 'second');
    await expect(readNode(used)).rejects.toMatchObject({ code: 'unauthorized' });
    clock.now += 60_000;
    expect((await readNode(used)).metadata.name).toBe('a');
  });

  test('an authority that is not trusted is not talked to', async () => {
    const other = await cluster.listen({ host: '127.0.0.1', port: 0, tls: true });
    await expect(readNode(access({ CLUSTER_ENDPOINT: other.url }))).rejects.toMatchObject({
      code: 'unreachable',
    });
  });

  test('a token that is not there is said', async () => {
    await rm(join(directory, 'token'));
    await expect(readNode(access({ CLUSTER_ENDPOINT: url }))).rejects.toThrow(/ENOENT/);
  });
});

test('a kubeconfig is used', async () => {
  const path = join(directory, 'config');
  const authority = Buffer.from(ca).toString('base64');
  const config = {
    clusters: [{ name: 'c', cluster: { server: url, 'certificate-authority-data': authority } }],
    users: [{ name: 'u', user: { token: 'first' } }],
    contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
    'current-context': 'x',
  };
  await writeFile(path, JSON.stringify(config));
  expect((await readNode(kubeConfigAccess(path))).metadata.name).toBe('a');
});

test('a watch over a socket brings lines as they are written, and breaks when it is cut', async () => {
  const access = inClusterAccess({ environment: { CLUSTER_ENDPOINT: url }, directory });
  if (access === undefined) throw new Error('no access');
  const client = createApiClient({ transport: createHttpTransport(access) });
  const seen: string[] = [];
  const read = async () => {
    const options = { signal, silenceMs: 5_000 };
    for await (const { type } of client.watch({ resource: NODES }, {}, options)) {
      seen.push(type);
      if (seen.length === 1)
        cluster.create({ apiVersion: 'v1', kind: 'Node', metadata: { name: 'b' } });
      if (seen.length === 2) cluster.knobs.endWatches('cut');
    }
  };
  await expect(read()).rejects.toMatchObject({ code: 'unreachable' });
  expect(seen).toEqual(['ADDED', 'ADDED']);
});
