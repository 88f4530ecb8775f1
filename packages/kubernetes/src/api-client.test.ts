import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createKubernetesEmulator, type KubernetesEmulator } from '@vpc-cni/kubernetes-emulator';
import { createFakeClock, type FakeClock } from '@vpc-cni/testing';
import { type ApiClient, createApiClient } from './api-client.ts';
import { addFeaturePatch, type RawCniNode } from './cni-node.ts';
import { isKubernetesError } from './kubernetes-error.ts';
import { patchObject } from './patch-object.ts';
import { CNI_NODES, NODES, PODS } from './resources.ts';

let clock: FakeClock;
let cluster: KubernetesEmulator;
let client: ApiClient;
const { signal } = new AbortController();
const web = { resource: PODS, namespace: 'default', name: 'web' };

beforeEach(() => {
  clock = createFakeClock();
  cluster = createKubernetesEmulator({ clock });
  client = createApiClient({ transport: cluster.inProcess, clock });
  cluster.create({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'web', namespace: 'default' },
    spec: { containers: [] },
  });
});
afterEach(() => cluster.close());

describe('errors', () => {
  test('a missing right is named, with the rule to add', async () => {
    cluster.setIdentity('t', { user: 'system:serviceaccount:kube-system:aws-node', rules: [] });
    const asAwsNode = createApiClient({
      clock,
      transport: (request, options) =>
        cluster.inProcess(
          { ...request, headers: { ...request.headers, authorization: 'Bearer t' } },
          options,
        ),
    });
    const patch = { kind: 'merge', patch: {} } as const;
    const error = await asAwsNode.patch(web, patch, { signal }).catch((reason: unknown) => reason);
    expect(isKubernetesError(error)).toBe(true);
    expect(error).toMatchObject({
      code: 'forbidden',
      facts: { verb: 'patch', resource: 'pods', object: 'default/web', status: 403 },
      message:
        '[forbidden] patch pods default/web: HTTP 403, pods "web" is forbidden: User "system:serviceaccount:kube-system:aws-node" cannot patch resource "pods" in API group "" in the namespace "default"; allow it in the ClusterRole: apiGroups [""], resources ["pods"], verbs ["patch"]',
    });
  });

  test.each([
    [404, 'NotFound', 'not-found'],
    [409, 'Conflict', 'conflict'],
    [410, 'Expired', 'gone'],
    [422, 'Invalid', 'refused'],
    [429, 'TooManyRequests', 'throttled'],
    [500, 'InternalError', 'unavailable'],
    [503, 'ServiceUnavailable', 'unavailable'],
  ] as const)('status %i %s is %s', async (status, reason, code) => {
    cluster.knobs.failNext({}, { status, reason });
    await expect(client.get(web, { signal })).rejects.toMatchObject({
      code,
      facts: { status, reason },
    });
  });

  test('no answer in time is overdue', async () => {
    cluster.knobs.hang({});
    const asking = expect(client.get(web, { signal })).rejects.toMatchObject({ code: 'overdue' });
    await clock.advance(10_000);
    await asking;
  });

  test('a broken connection is unreachable', async () => {
    cluster.knobs.failNext({}, { cut: true });
    await expect(client.get(web, { signal })).rejects.toMatchObject({ code: 'unreachable' });
  });

  test('the end of the caller is the reason of its signal', async () => {
    cluster.knobs.hang({});
    const caller = new AbortController();
    const asking = client.get(web, { signal: caller.signal });
    caller.abort(new Error('no longer wanted'));
    await expect(asking).rejects.toThrow('no longer wanted');
  });

  test('an answer that is no JSON is malformed', async () => {
    async function* page() {
      yield '<html>a proxy</html>';
    }
    const proxied = createApiClient({
      clock,
      transport: async () => ({ status: 200, body: page() }),
    });
    await expect(proxied.get(web, { signal })).rejects.toMatchObject({ code: 'malformed' });
  });
});

test('the version is read', async () => {
  expect(await client.readVersion({ signal })).toMatchObject({ gitVersion: expect.any(String) });
});

describe('patchObject', () => {
  const subject = { resource: CNI_NODES, name: 'a' };
  const objectName = { apiVersion: 'vpcresources.k8s.aws/v1alpha1', kind: 'CNINode', name: 'a' };
  const feature = { name: 'SecurityGroupsForPods' } as const;
  const patchFor = (object: RawCniNode) => addFeaturePatch(object, feature);

  beforeEach(() => {
    cluster.create({ ...objectName, metadata: { name: 'a' }, spec: {} });
  });

  test('changes what is to be changed, once', async () => {
    expect(await patchObject(client, subject, patchFor, { signal, clock })).toBe('patched');
    expect(await patchObject(client, subject, patchFor, { signal, clock })).toBe('unchanged');
    expect(cluster.journal.filter(({ verb }) => verb === 'patch')).toHaveLength(1);
  });

  test('keeps what somebody else changed between reading and patching', async () => {
    let isFirst = true;
    const patching = patchObject<RawCniNode>(
      client,
      subject,
      (object) => {
        if (isFirst) cluster.change(objectName, { spec: { features: [{ name: 'Other' }] } });
        isFirst = false;
        return patchFor(object);
      },
      { signal, clock },
    );
    await clock.advance(1_000);
    expect(await patching).toBe('patched');
    expect(cluster.find(objectName)).toMatchObject({
      spec: { features: [{ name: 'Other' }, feature] },
    });
  });

  test('gives up when others are always faster', async () => {
    cluster.knobs.failNext({ verb: 'patch' }, { status: 409, reason: 'Conflict', count: 99 });
    const patching = expect(
      patchObject(client, subject, patchFor, { signal, clock }),
    ).rejects.toMatchObject({ code: 'conflict' });
    await clock.advance(60_000);
    await patching;
    expect(cluster.journal.filter(({ verb }) => verb === 'patch')).toHaveLength(5);
  });

  test('a lost answer is found out by the next try', async () => {
    cluster.knobs.failNext({ verb: 'patch' }, { cut: true, when: 'after' });
    await expect(patchObject(client, subject, patchFor, { signal, clock })).rejects.toMatchObject({
      code: 'unreachable',
    });
    expect(await patchObject(client, subject, patchFor, { signal, clock })).toBe('unchanged');
  });

  test('by the uid it never changes another object of the same name', async () => {
    const pod = { apiVersion: 'v1', kind: 'Pod', namespace: 'default', name: 'web' };
    const patch = { metadata: { labels: { a: 'b' } } };
    const patching = patchObject(
      client,
      web,
      () => {
        cluster.remove(pod);
        cluster.create({ ...pod, metadata: { name: 'web', namespace: 'default' }, spec: {} });
        return patch;
      },
      { signal, clock },
    );
    const outcome = patching.catch((error: { code: string }) => error.code);
    await clock.advance(60_000);
    expect(await outcome).toBe('conflict');
    expect(cluster.find(pod)?.metadata['labels']).toBeUndefined();
  });
});

test('a list is read', async () => {
  const { items } = await client.list<{ items: object[] }>({ resource: NODES }, {}, { signal });
  expect(items).toEqual([]);
});
