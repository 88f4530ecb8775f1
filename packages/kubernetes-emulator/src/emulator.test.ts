import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createFakeClock, type FakeClock } from '@vpc-cni/testing';
import { createKubernetesEmulator, type KubernetesEmulator } from './emulator.ts';
import type { JsonObject } from './json.ts';

let clock: FakeClock;
let cluster: KubernetesEmulator;
const open: AbortController[] = [];

beforeEach(() => {
  clock = createFakeClock();
  cluster = createKubernetesEmulator({ clock });
});
afterEach(async () => {
  for (const controller of open.splice(0)) controller.abort();
  await cluster.close();
});

const node = (name: string, labels: JsonObject = {}) => ({
  apiVersion: 'v1',
  kind: 'Node',
  metadata: { name, labels },
  spec: {},
  status: { capacity: { pods: '29' } },
});
const pod = (name: string, nodeName = 'a', labels: JsonObject = {}) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: 'default', labels },
  spec: { nodeName, containers: [{ name: 'main', image: 'any' }] },
});
const eniConfig = (name: string, subnet: string) => ({
  apiVersion: 'crd.k8s.amazonaws.com/v1alpha1',
  kind: 'ENIConfig',
  metadata: { name },
  spec: { subnet },
});

interface Answer {
  readonly status: number;
  readonly body: JsonObject & {
    readonly message: string;
    readonly reason: string;
    readonly items: readonly { readonly metadata: { readonly name: string } }[];
    readonly metadata: { readonly resourceVersion: string; readonly continue?: string };
  };
}

async function call(
  method: string,
  path: string,
  {
    body,
    type = 'application/json',
    token,
  }: { body?: unknown; type?: string; token?: string } = {},
): Promise<Answer> {
  const response = await cluster.inProcess(
    {
      method,
      path,
      headers: {
        'content-type': type,
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      },
      body: body === undefined ? '' : JSON.stringify(body),
    },
    { signal: new AbortController().signal },
  );
  let text = '';
  for await (const chunk of response.body) text += chunk;
  return { status: response.status, body: JSON.parse(text) };
}

const names = ({ body }: Answer) => body.items.map(({ metadata }) => metadata.name);

describe('lists', () => {
  beforeEach(() => {
    cluster.create(pod('one', 'a', { app: 'web', tier: 'front' }));
    cluster.create(pod('two', 'b', { app: 'web' }));
    cluster.create(pod('three', 'a'));
  });

  test.each([
    ['fieldSelector=spec.nodeName%3Da', ['one', 'three']],
    ['fieldSelector=spec.nodeName!=a', ['two']],
    ['fieldSelector=metadata.name%3Dtwo', ['two']],
    ['labelSelector=app%3Dweb', ['one', 'two']],
    ['labelSelector=app%3Dweb,tier', ['one']],
    ['labelSelector=!app', ['three']],
    ['labelSelector=tier+in+(front,back),app', ['one']],
    ['labelSelector=app+notin+(web)', ['three']],
    ['labelSelector=app!%3Dweb', ['three']],
  ])('select by %s', async (query, expected) => {
    expect(names(await call('GET', `/api/v1/pods?${query}`))).toEqual(expected);
  });

  test('refuse a field that cannot be selected by', async () => {
    const { status, body } = await call('GET', '/api/v1/pods?fieldSelector=spec.hostname%3Da');
    expect(status).toBe(400);
    expect(body.message).toContain('field label not supported: spec.hostname');
  });

  test('come in pieces', async () => {
    const first = await call('GET', '/api/v1/pods?limit=2');
    expect(names(first)).toEqual(['one', 'three']);
    const next = `/api/v1/pods?limit=2&continue=${first.body.metadata.continue}`;
    expect(names(await call('GET', next))).toEqual(['two']);
    cluster.change({ ...pod('one'), name: 'one', namespace: 'default' }, { spec: { x: 1 } });
    cluster.knobs.compact();
    expect((await call('GET', next)).status).toBe(410);
  });
});

describe('writes', () => {
  test('an object that is there cannot be created again', async () => {
    await call('POST', '/api/v1/nodes', { body: node('a') });
    const { status, body } = await call('POST', '/api/v1/nodes', { body: node('a') });
    expect([status, body.reason, body.message]).toEqual([
      409,
      'AlreadyExists',
      'nodes "a" already exists',
    ]);
  });

  test('an update on an old version is a conflict', async () => {
    const { body } = await call('POST', '/api/v1/nodes', { body: node('a') });
    cluster.change({ ...node('a'), name: 'a' }, { spec: { unschedulable: true } });
    const answer = await call('PUT', '/api/v1/nodes/a', { body });
    expect(answer.status).toBe(409);
    expect(answer.body.message).toBe(
      'Operation cannot be fulfilled on nodes "a": the object has been modified; please apply your changes to the latest version and try again',
    );
  });

  test.each([
    {
      type: 'application/merge-patch+json',
      patch: { metadata: { labels: { a: null, b: 'two' } } },
    },
    {
      type: 'application/json-patch+json',
      patch: [
        { op: 'test', path: '/metadata/labels/a', value: 'one' },
        { op: 'remove', path: '/metadata/labels/a' },
        { op: 'add', path: '/metadata/labels/b', value: 'two' },
      ],
    },
    {
      type: 'application/strategic-merge-patch+json',
      patch: { metadata: { labels: { a: null, b: 'two' } } },
    },
  ])('a patch of type $type changes labels', async ({ type, patch }) => {
    cluster.create(node('a', { a: 'one' }));
    const { status, body } = await call('PATCH', '/api/v1/nodes/a', { type, body: patch });
    expect([status, body.metadata]).toMatchObject([200, { labels: { b: 'two' } }]);
  });

  test('server-side apply, and a strategic patch of a custom resource, are media types unknown', async () => {
    cluster.create(node('a'));
    cluster.create(eniConfig('a', 'subnet-1'));
    const apply = { type: 'application/apply-patch+yaml', body: {} };
    expect((await call('PATCH', '/api/v1/nodes/a', apply)).status).toBe(415);
    const strategic = { type: 'application/strategic-merge-patch+json', body: {} };
    const path = '/apis/crd.k8s.amazonaws.com/v1alpha1/eniconfigs/a';
    expect((await call('PATCH', path, strategic)).status).toBe(415);
  });

  test('a rehearsal shows what would come of it, and nothing does', async () => {
    cluster.create(node('b'));
    const path = '/api/v1/nodes';
    const body = { spec: { unschedulable: true } };
    const type = 'application/merge-patch+json';
    const answers = [
      await call('POST', `${path}?dryRun=All`, { body: node('c') }),
      await call('PATCH', `${path}/b?dryRun=All`, { body, type }),
      await call('DELETE', `${path}/b?dryRun=All`),
    ];
    expect(answers.map(({ status }) => status)).toEqual([201, 200, 200]);
    expect(answers[1]?.body).toMatchObject(body);
    const { items } = (await call('GET', path)).body;
    expect(items).toMatchObject([{ metadata: { name: 'b', generation: 1 }, spec: {} }]);
    expect(items[0]).not.toMatchObject(body);
  });

  test('protobuf that is no Secret is a media type unknown', async () => {
    const type = 'application/vnd.kubernetes.protobuf';
    expect(await call('POST', '/api/v1/nodes', { body: node('c'), type })).toMatchObject({
      status: 415,
      body: { reason: 'UnsupportedMediaType' },
    });
  });

  test('a patch that names a version, or the object by its uid, is refused for another one', async () => {
    const { resourceVersion, uid } = cluster.create(node('a')).metadata;
    const type = 'application/merge-patch+json';
    const patch = (metadata: unknown) =>
      call('PATCH', '/api/v1/nodes/a', { type, body: { metadata } });
    expect((await patch({ uid: 'other' })).status).toBe(409);
    expect((await patch({ uid, labels: { a: 'b' } })).status).toBe(200);
    expect((await patch({ resourceVersion, labels: { a: 'c' } })).status).toBe(409);
  });

  test('the status changes by its own path only', async () => {
    cluster.create(node('a'));
    const type = 'application/merge-patch+json';
    const body = { metadata: { labels: { x: 'y' } }, status: { phase: 'Running' } };
    expect((await call('PATCH', '/api/v1/nodes/a', { type, body })).body['status']).toEqual({
      capacity: { pods: '29' },
    });
    const other = { metadata: { labels: { x: 'z' } }, status: { phase: 'Running' } };
    const answer = await call('PATCH', '/api/v1/nodes/a/status', { type, body: other });
    expect(answer.body).toMatchObject({
      metadata: { labels: { x: 'y' } },
      status: { capacity: { pods: '29' }, phase: 'Running' },
    });
  });

  test('a condition merges into those that are there', async () => {
    cluster.create({ ...node('a'), status: { conditions: [{ type: 'Ready', status: 'True' }] } });
    const { body } = await call('PATCH', '/api/v1/nodes/a/status', {
      type: 'application/strategic-merge-patch+json',
      body: { status: { conditions: [{ type: 'NetworkUnavailable', status: 'False' }] } },
    });
    expect(body['status']).toEqual({
      conditions: [
        { type: 'Ready', status: 'True' },
        { type: 'NetworkUnavailable', status: 'False' },
      ],
    });
  });

  test('what has finalizers goes with the last one', async () => {
    cluster.create({ ...node('a'), metadata: { name: 'a', finalizers: ['x/y'] } });
    await call('DELETE', '/api/v1/nodes/a');
    const marked = cluster.find({ ...node('a'), name: 'a' });
    expect(marked?.metadata['deletionTimestamp']).toBeDefined();
    const type = 'application/merge-patch+json';
    await call('PATCH', '/api/v1/nodes/a', { type, body: { metadata: { finalizers: null } } });
    expect(cluster.find({ ...node('a'), name: 'a' })).toBeUndefined();
  });

  test('an event of the newer group is one of the core group, too', async () => {
    const event = {
      apiVersion: 'events.k8s.io/v1',
      kind: 'Event',
      metadata: { generateName: 'aws-node.', namespace: 'kube-system' },
      eventTime: '2026-01-01T00:00:00.000000Z',
      reportingController: 'aws-node',
      reportingInstance: 'aws-node-x',
      action: 'ec2:CreateNetworkInterface',
      reason: 'MissingIAMPermissions',
      regarding: { kind: 'Pod', namespace: 'kube-system', name: 'aws-node-x' },
      note: 'Unauthorized operation',
      type: 'Warning',
    };
    const path = '/apis/events.k8s.io/v1/namespaces/kube-system/events';
    expect((await call('POST', path, { body: event })).status).toBe(201);
    const query = 'fieldSelector=involvedObject.name%3Daws-node-x';
    const { body } = await call('GET', `/api/v1/namespaces/kube-system/events?${query}`);
    expect(body.items).toMatchObject([
      { message: 'Unauthorized operation', involvedObject: { name: 'aws-node-x' } },
    ]);
    const { reason, ...incomplete } = event;
    const answer = await call('POST', path, { body: incomplete });
    expect([answer.status, answer.body.message]).toMatchObject([
      422,
      expect.stringContaining('reason: Required value'),
    ]);
    expect(reason).toBe('MissingIAMPermissions');
  });
});

describe('watches', () => {
  type Seen = { readonly type: string; readonly object: JsonObject };

  /** What a watch has said so far; `ended` once it has. */
  async function watch(path: string) {
    const controller = new AbortController();
    open.push(controller);
    const { signal } = controller;
    const response = await cluster.inProcess({ method: 'GET', path, headers: {} }, { signal });
    const seen: Seen[] = [];
    const outcome = { ended: 'open' };
    const read = async () => {
      for await (const line of response.body) seen.push(JSON.parse(line));
      outcome.ended = 'closed';
    };
    read().catch((error: Error & { code?: string }) => {
      outcome.ended = error.code ?? error.message;
    });
    await clock.advance(0);
    return {
      outcome,
      takeEvents: async () => {
        await clock.advance(0);
        return seen.splice(0).map(({ type, object }) => {
          const { metadata } = object as { metadata?: { name?: string } };
          return `${type} ${metadata?.name ?? object['code'] ?? ''}`.trim();
        });
      },
    };
  }

  test('begin with what is there, and go on with what changes', async () => {
    cluster.create(node('a'));
    const { takeEvents } = await watch('/api/v1/nodes?watch=true');
    expect(await takeEvents()).toEqual(['ADDED a']);
    cluster.create(node('b'));
    cluster.change({ ...node('a'), name: 'a' }, { spec: { unschedulable: true } });
    cluster.remove({ ...node('b'), name: 'b' });
    expect(await takeEvents()).toEqual(['ADDED b', 'MODIFIED a', 'DELETED b']);
  });

  test('from a version tell what came after it', async () => {
    cluster.create(node('a'));
    const list = await call('GET', '/api/v1/nodes');
    cluster.create(node('b'));
    const { resourceVersion } = list.body.metadata;
    const { takeEvents } = await watch(`/api/v1/nodes?watch=1&resourceVersion=${resourceVersion}`);
    expect(await takeEvents()).toEqual(['ADDED b']);
  });

  test('from a version that is forgotten begin with 410 and end', async () => {
    cluster.create(node('a'));
    const list = await call('GET', '/api/v1/nodes');
    cluster.create(node('b'));
    cluster.knobs.compact();
    const { resourceVersion } = list.body.metadata;
    const old = await watch(`/api/v1/nodes?watch=1&resourceVersion=${resourceVersion}`);
    expect(await old.takeEvents()).toEqual(['ERROR 410']);
    expect(old.outcome.ended).toBe('closed');
  });

  test('an object comes and goes with what selects it', async () => {
    cluster.create(pod('one', ''));
    const { takeEvents } = await watch('/api/v1/pods?watch=1&fieldSelector=spec.nodeName%3Da');
    const name = { apiVersion: 'v1', kind: 'Pod', namespace: 'default', name: 'one' };
    cluster.change(name, { spec: { nodeName: 'a' } });
    cluster.change(name, { spec: { nodeName: 'b' } });
    expect(await takeEvents()).toEqual(['ADDED one', 'DELETED one']);
  });

  test('bring bookmarks to those who want them', async () => {
    const { takeEvents } = await watch('/api/v1/nodes?watch=1&allowWatchBookmarks=true');
    await clock.advance(60_000);
    expect(await takeEvents()).toEqual(['BOOKMARK']);
  });

  test('end when their time is over', async () => {
    const { outcome } = await watch('/api/v1/nodes?watch=1&timeoutSeconds=10');
    await clock.advance(9_999);
    expect(outcome.ended).toBe('open');
    await clock.advance(1);
    expect(outcome.ended).toBe('closed');
    expect(cluster.watchCount).toBe(0);
  });

  test('are cut, closed or frozen as told', async () => {
    const cut = await watch('/api/v1/nodes?watch=1');
    cluster.knobs.endWatches('cut');
    const closed = await watch('/api/v1/nodes?watch=1');
    cluster.knobs.endWatches('closed');
    const frozen = await watch('/api/v1/nodes?watch=1');
    cluster.knobs.freezeWatches();
    cluster.create(node('a'));
    expect(await frozen.takeEvents()).toEqual([]);
    expect([cut, closed, frozen].map(({ outcome }) => outcome.ended)).toEqual([
      'ECONNRESET',
      'closed',
      'open',
    ]);
  });

  test('end when the reader leaves', async () => {
    await watch('/api/v1/nodes?watch=1');
    expect(cluster.watchCount).toBe(1);
    open.pop()?.abort();
    expect(cluster.watchCount).toBe(0);
  });
});

describe('access', () => {
  beforeEach(() => {
    const rules = [{ apiGroups: [''], resources: ['pods'], verbs: ['get' as const] }];
    cluster.setIdentity('secret', { user: 'system:serviceaccount:kube-system:aws-node', rules });
    cluster.create(pod('one'));
    cluster.create(node('a'));
  });
  const token = 'secret';

  test.each([
    {
      method: 'PATCH',
      path: '/api/v1/namespaces/default/pods/one',
      message:
        'pods "one" is forbidden: User "system:serviceaccount:kube-system:aws-node" cannot patch resource "pods" in API group "" in the namespace "default"',
    },
    {
      method: 'GET',
      path: '/api/v1/nodes',
      message:
        'nodes is forbidden: User "system:serviceaccount:kube-system:aws-node" cannot list resource "nodes" in API group "" at the cluster scope',
    },
    {
      method: 'GET',
      path: '/apis/crd.k8s.amazonaws.com/v1alpha1/eniconfigs/x',
      message:
        'eniconfigs.crd.k8s.amazonaws.com "x" is forbidden: User "system:serviceaccount:kube-system:aws-node" cannot get resource "eniconfigs" in API group "crd.k8s.amazonaws.com" at the cluster scope',
    },
  ])('$method $path is forbidden', async ({ method, path, message }) => {
    const { status, body } = await call(method, path, { token });
    expect([status, body.reason, body.message]).toEqual([403, 'Forbidden', message]);
  });

  test('what a rule allows is answered', async () => {
    expect((await call('GET', '/api/v1/namespaces/default/pods/one', { token })).status).toBe(200);
  });

  test('a token that nobody has is unauthorized', async () => {
    expect((await call('GET', '/api/v1/nodes', { token: 'other' })).status).toBe(401);
  });
});

describe('failures', () => {
  test('are injected for the requests they are meant for', async () => {
    cluster.knobs.failNext(
      { verb: 'list', resource: 'nodes' },
      { status: 429, reason: 'TooManyRequests', retryAfterSeconds: 1, count: 2 },
    );
    const statuses = [];
    for (let count = 0; count < 3; count += 1) {
      statuses.push((await call('GET', '/api/v1/nodes')).status);
    }
    expect(statuses).toEqual([429, 429, 200]);
    expect((await call('GET', '/api/v1/pods')).status).toBe(200);
  });

  test('a lost answer is one to a request that took effect', async () => {
    cluster.knobs.failNext({ verb: 'create' }, { cut: true, when: 'after' });
    await expect(call('POST', '/api/v1/nodes', { body: node('a') })).rejects.toMatchObject({
      code: 'ECONNRESET',
    });
    expect(cluster.find({ ...node('a'), name: 'a' })).toBeDefined();
  });

  test('slow answers take their time', async () => {
    cluster.knobs.setLatency({ resource: 'nodes' }, 3_000);
    let status = 0;
    const asking = call('GET', '/api/v1/nodes').then((answer) => {
      status = answer.status;
    });
    await clock.advance(2_999);
    expect(status).toBe(0);
    await clock.advance(1);
    await asking;
    expect(status).toBe(200);
  });

  test.each([
    ['refused', 'ECONNREFUSED'],
    ['reset', 'ECONNRESET'],
  ] as const)('a server that is %s answers nobody until it is back', async (mode, code) => {
    await cluster.knobs.setUnavailable(mode);
    await expect(call('GET', '/api/v1/nodes')).rejects.toMatchObject({ code });
    await cluster.knobs.setUnavailable(false);
    expect((await call('GET', '/api/v1/nodes')).status).toBe(200);
  });
});
