import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import {
  CoreV1Api,
  CustomObjectsApi,
  KubeConfig,
  PatchStrategy,
  setHeaderOptions,
  Watch,
} from '@kubernetes/client-node';
import { createKubernetesEmulator, type KubernetesEmulator } from './emulator.ts';

// Kubernetes' own client, over TLS.

let cluster: KubernetesEmulator;
let config: KubeConfig;

beforeEach(async () => {
  cluster = createKubernetesEmulator({ withoutToken: undefined });
  const rules = [{ apiGroups: ['*'], resources: ['*'], verbs: ['*' as const] }];
  cluster.setIdentity('secret', { user: 'somebody', rules });
  const { url, caCertificate = '' } = await cluster.listen({
    host: '127.0.0.1',
    port: 0,
    tls: true,
  });
  config = new KubeConfig();
  config.loadFromClusterAndUser(
    {
      name: 'emulated',
      server: url,
      caData: Buffer.from(caCertificate).toString('base64'),
      skipTLSVerify: false,
    },
    { name: 'somebody', token: 'secret' },
  );
});
afterEach(() => cluster.close());

test('creates, reads, patches and deletes', async () => {
  const api = config.makeApiClient(CoreV1Api);
  await api.createNode({ body: { metadata: { name: 'a' } } });
  const patched = await api.patchNode(
    { name: 'a', body: { metadata: { labels: { x: 'y' } } } },
    setHeaderOptions('Content-Type', PatchStrategy.MergePatch),
  );
  expect(patched.metadata?.labels).toEqual({ x: 'y' });
  expect((await api.listNode({ labelSelector: 'x=y' })).items).toHaveLength(1);
  await api.deleteNode({ name: 'a' });
  await expect(api.readNode({ name: 'a' })).rejects.toMatchObject({ code: 404 });
});

test('has custom resources', async () => {
  const api = config.makeApiClient(CustomObjectsApi);
  const kind = { group: 'crd.k8s.amazonaws.com', version: 'v1alpha1', plural: 'eniconfigs' };
  const apiVersion = 'crd.k8s.amazonaws.com/v1alpha1';
  const body = { apiVersion, kind: 'ENIConfig', metadata: { name: 'a' }, spec: { subnet: 's' } };
  await api.createClusterCustomObject({ ...kind, body });
  expect(await api.getClusterCustomObject({ ...kind, name: 'a' })).toMatchObject(body);
});

test('watches', async () => {
  const seen: string[] = [];
  const ended = new Promise<unknown>((resolve) => {
    const onEvent = (type: string, { metadata }: { metadata: { name: string } }) => {
      seen.push(`${type} ${metadata.name}`);
      if (type === 'DELETED') cluster.knobs.endWatches('closed');
    };
    void new Watch(config).watch('/api/v1/nodes', {}, onEvent, resolve);
  });
  const node = { apiVersion: 'v1', kind: 'Node', metadata: { name: 'a' } };
  cluster.create(node);
  while (seen.length === 0) await new Promise((resolve) => setTimeout(resolve, 10));
  cluster.remove({ ...node, name: 'a' });
  expect(await ended).toBeNull();
  expect(seen).toEqual(['ADDED a', 'DELETED a']);
});

describe('hears of', () => {
  test('rights it has not', async () => {
    cluster.setIdentity('secret', { user: 'somebody', rules: [] });
    const api = config.makeApiClient(CoreV1Api);
    await expect(api.listNode()).rejects.toMatchObject({ code: 403 });
  });

  test('a certificate that it does not know', async () => {
    const { url } = await cluster.listen({ host: '127.0.0.1', port: 0, tls: true });
    config.loadFromClusterAndUser(
      { name: 'other', server: url, skipTLSVerify: false },
      { name: 'x', token: 'secret' },
    );
    await expect(config.makeApiClient(CoreV1Api).listNode()).rejects.toThrow();
  });

  test('a connection that is cut', async () => {
    cluster.knobs.failNext({ verb: 'list' }, { cut: true });
    const api = config.makeApiClient(CoreV1Api);
    await expect(api.listNode()).rejects.toThrow();
    expect((await api.listNode()).items).toEqual([]);
  });
});
