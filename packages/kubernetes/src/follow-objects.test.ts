import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { V1Node } from '@kubernetes/client-node';
import { createKubernetesEmulator, type KubernetesEmulator } from '@vpc-cni/kubernetes-emulator';
import { createFakeClock, type FakeClock } from '@vpc-cni/testing';
import { createApiClient } from './api-client.ts';
import { type Followed, followObjects } from './follow-objects.ts';
import { nodeFactsOf } from './node-facts.ts';
import { NODES, PODS } from './resources.ts';

let clock: FakeClock;
let cluster: KubernetesEmulator;
let ending: AbortController;
let troubles: string[];

beforeEach(() => {
  clock = createFakeClock();
  cluster = createKubernetesEmulator({ clock });
  ending = new AbortController();
  troubles = [];
  cluster.create(node('a', '1'));
});
afterEach(async () => {
  ending.abort();
  await cluster.close();
});

const node = (name: string, pods: string) => ({
  apiVersion: 'v1',
  kind: 'Node',
  metadata: { name },
  status: { capacity: { pods } },
});
const setPods = (pods: string) =>
  cluster.change({ ...node('a', ''), name: 'a' }, { status: { capacity: { pods } } });

/** Follows one node, of which it keeps max-pods. */
function follow(): Followed<number | undefined> {
  return followObjects<V1Node, number | undefined>({
    client: createApiClient({ transport: cluster.inProcess, clock }),
    resource: NODES,
    fieldSelector: 'metadata.name=a',
    keep: (object) => nodeFactsOf(object).maxPods,
    clock,
    random: () => 0.5,
    onTrouble: (trouble) => troubles.push(trouble?.code ?? 'over'),
    signal: ending.signal,
  });
}

const calls = () => cluster.journal.map(({ verb }) => verb);

test('reads once, then hears of changes', async () => {
  const followed = follow();
  expect(followed.isKnown).toBe(false);
  await clock.advance(0);
  expect([followed.isKnown, followed.objects.get('a')]).toEqual([true, 1]);
  setPods('2');
  await clock.advance(0);
  expect(followed.objects.get('a')).toBe(2);
  cluster.remove({ ...node('a', ''), name: 'a' });
  await clock.advance(0);
  expect(followed.objects.size).toBe(0);
  expect(calls()).toEqual(['list', 'watch']);
});

test('asks for its own object only, and of the first list for any version', async () => {
  follow();
  await clock.advance(0);
  expect(cluster.journal.map(({ query }) => query)).toMatchObject([
    { fieldSelector: 'metadata.name=a', resourceVersion: '0' },
    { fieldSelector: 'metadata.name=a', allowWatchBookmarks: 'true', timeoutSeconds: '450' },
  ]);
});

describe('goes on', () => {
  let followed: Followed<number | undefined>;
  beforeEach(async () => {
    followed = follow();
    await clock.advance(2_000);
  });

  test.each([
    { how: 'closed', afterMs: 0, troubles: [] },
    { how: 'cut', afterMs: 500, troubles: ['unreachable', 'over'] },
  ] as const)('from where it was when a watch is $how', async ({ how, afterMs, ...expected }) => {
    cluster.knobs.endWatches(how);
    setPods('2');
    await clock.advance(afterMs);
    setPods('3');
    await clock.advance(0);
    expect(followed.objects.get('a')).toBe(3);
    expect(calls()).toEqual(['list', 'watch', 'watch']);
    expect(troubles).toEqual(expected.troubles);
  });

  test('with a new list when the changes are forgotten', async () => {
    cluster.knobs.endWatches('closed');
    setPods('2');
    cluster.knobs.compact();
    await clock.advance(0);
    expect(followed.objects.get('a')).toBe(2);
    expect(calls()).toEqual(['list', 'watch', 'watch', 'list', 'watch']);
    expect(cluster.journal[3]?.query).not.toHaveProperty('resourceVersion');
    expect(troubles).toEqual([]);
  });

  test('from a bookmark, although nothing of its own has changed', async () => {
    for (let count = 0; count < 5; count += 1) cluster.create(node(`other-${count}`, '1'));
    cluster.knobs.compact();
    await clock.advance(60_000); // the bookmark
    cluster.knobs.endWatches('closed');
    await clock.advance(1_000);
    expect(calls()).toEqual(['list', 'watch', 'watch']);
  });

  test('when a connection is dead and says nothing', async () => {
    cluster.knobs.freezeWatches();
    setPods('2');
    await clock.advance(147_999); // two seconds have passed
    expect(followed.objects.get('a')).toBe(1);
    await clock.advance(1);
    expect(followed.objects.get('a')).toBe(2);
    expect(troubles).toEqual([]);
  });

  test('after the time limit of a watch', async () => {
    await clock.advance(450_000);
    setPods('2');
    await clock.advance(0);
    expect(followed.objects.get('a')).toBe(2);
    expect(calls()).toEqual(['list', 'watch', 'watch']);
  });

  test('when the server was away, asking less and less, and knows meanwhile what it knew', async () => {
    await cluster.knobs.setUnavailable('refused');
    await clock.advance(600_000);
    expect(followed.objects.get('a')).toBe(1);
    expect(followed.trouble?.code).toBe('unreachable');
    expect(troubles.length).toBeLessThan(35);
    await cluster.knobs.setUnavailable(false);
    setPods('2');
    await clock.advance(30_000);
    expect([followed.objects.get('a'), followed.trouble]).toEqual([2, undefined]);
  });

  test('when the right to watch was missing and is back', async () => {
    cluster.knobs.endWatches('closed');
    cluster.knobs.failNext({ verb: 'watch' }, { status: 403, reason: 'Forbidden', count: 3 });
    await clock.advance(10_000);
    expect(troubles).toEqual(['forbidden', 'forbidden', 'forbidden', 'over']);
  });
});

test('a server that ends every watch at once is not asked without pause', async () => {
  follow();
  await clock.advance(0);
  for (let second = 0; second < 60; second += 1) {
    cluster.knobs.endWatches('closed');
    await clock.advance(500);
  }
  expect(calls().length).toBeLessThan(40);
});

describe('until', () => {
  test('resolves with what is there, or comes', async () => {
    const followed = follow();
    const { signal } = new AbortController();
    const seen: unknown[] = [];
    const wanted = (count: number) => (objects: ReadonlyMap<string, number | undefined>) =>
      objects.get('a') === count ? count : undefined;
    void followed.until(wanted(1), { signal }).then((found) => seen.push(found));
    void followed.until(wanted(2), { signal }).then((found) => seen.push(found));
    await clock.advance(0);
    expect(seen).toEqual([1]);
    setPods('2');
    await clock.advance(0);
    expect(seen).toEqual([1, 2]);
  });

  test('rejects with the signal', async () => {
    const waiting = new AbortController();
    const until = follow().until(() => undefined, { signal: waiting.signal });
    waiting.abort(new Error('enough'));
    await expect(until).rejects.toThrow('enough');
  });
});

test('what other nodes have costs no memory', async () => {
  for (let count = 0; count < 10_000; count += 1) {
    cluster.create({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: `p${count}`, namespace: 'default' },
      spec: { nodeName: `n${count % 1_000}`, containers: [] },
    });
  }
  const followed = followObjects<object, true>({
    client: createApiClient({ transport: cluster.inProcess, clock }),
    resource: PODS,
    fieldSelector: 'spec.nodeName=n7',
    keep: () => true,
    clock,
    signal: ending.signal,
  });
  await clock.advance(0);
  expect(followed.objects.size).toBe(10);
});
