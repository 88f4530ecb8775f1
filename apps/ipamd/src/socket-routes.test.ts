import { beforeEach, expect, test } from '@jest/globals';
import { BadRequest } from './bad-request.ts';
import type { JsonRoute } from './cni-server.ts';
import { socketRoutes } from './socket-routes.ts';

const key = { networkName: 'aws-cni', containerId: 'abc', interfaceName: 'eth0' };
const pod = { podNamespace: 'default', podName: 'web' };
const signal = new AbortController().signal;

let asked: unknown[];
let routes: Readonly<Record<string, JsonRoute>>;

beforeEach(() => {
  asked = [];
  const note =
    (method: string) =>
    async (...words: readonly unknown[]) => {
      asked.push([method, ...words.filter((word) => word !== signal)]);
      return undefined as never;
    };
  routes = socketRoutes(() => ({
    addresses: {
      reserve: (one, other, { signal: _, ...more }) => note('reserve')(one, other, more),
      find: note('find'),
      identify: note('identify'),
      release: note('release'),
      list: note('list'),
    },
    policies: {
      enforce: (one, { signal: _, ...more }) => note('enforce')(one, more),
      forget: note('forget'),
    },
    readiness: {
      refusal: () => ({ kind: 'refused', reason: 'starting', message: 'reading metadata' }),
    },
  }));
});

const post = async (path: string, body: unknown) => routes[path]?.(body, signal);

test.each([
  ['reserve', { key, pod }, [key, pod, {}]],
  ['reserve', { key, pod, podUid: 'uid' }, [key, pod, { podUid: 'uid' }]],
  ['find', { key }, [key]],
  [
    'identify',
    { key, remembered: { ...pod, address: '10.0.0.5' } },
    [key, { ...pod, address: '10.0.0.5' }],
  ],
  [
    'identify',
    { key, remembered: { ...pod, address: '10.0.0.5', branch: { vlanId: 7, mode: 'strict' } } },
    [key, { ...pod, address: '10.0.0.5', branch: { vlanId: 7, mode: 'strict' } }],
  ],
  ['release', { key }, [key]],
  ['list', { networkName: 'aws-cni' }, ['aws-cni']],
])('%s hands over what the body says', async (method, body, words) => {
  await post(`/v1/addresses/${method}`, body);
  expect(asked).toEqual([[method, ...words]]);
});

test.each([
  ['enforce', { pod, interfaceCount: 1 }, [pod, { interfaceCount: 1 }]],
  ['forget', { pod }, [pod]],
])('%s hands over what the body says to the policy agent', async (method, body, words) => {
  await post(`/v1/policies/${method}`, body);
  expect(asked).toEqual([[method, ...words]]);
});

test.each([
  ['enforce', { interfaceCount: 1 }, 'pod.podNamespace is missing, expected a text'],
  ['enforce', { pod }, 'interfaceCount is missing, expected a count'],
  ['enforce', { pod, interfaceCount: 0 }, 'interfaceCount is 0, expected a count'],
  ['forget', {}, 'pod.podNamespace is missing'],
])('the policy agent is not asked to %s by %j', async (method, body, words) => {
  await expect(post(`/v1/policies/${method}`, body)).rejects.toThrow(words);
  expect(asked).toEqual([]);
});

test('the status is the daemon’s own refusal', async () => {
  expect(await post('/v1/status', {})).toMatchObject({ reason: 'starting' });
});

const without = (name: string) => ({ ...key, [name]: undefined });

test.each([
  ['reserve', null, 'key.networkName is missing, expected a text that is not empty'],
  ['reserve', { key: without('networkName'), pod }, 'key.networkName is missing'],
  ['reserve', { key: { ...key, containerId: 7 }, pod }, 'key.containerId is 7'],
  ['reserve', { key: { ...key, interfaceName: '' }, pod }, 'key.interfaceName is ""'],
  ['reserve', { key }, 'pod.podNamespace is missing, expected a text'],
  ['reserve', { key, pod: { ...pod, podName: {} } }, 'pod.podName is {}'],
  ['find', { key: 'abc' }, 'key.networkName is missing'],
  ['release', {}, 'key.networkName is missing'],
  ['identify', { key, remembered: pod }, 'remembered.address is missing'],
  ['list', [], 'networkName is missing'],
])(
  '%s of %j is refused, naming field, value and what was expected',
  async (method, body, words) => {
    const asking = post(`/v1/addresses/${method}`, body);
    await expect(asking).rejects.toBeInstanceOf(BadRequest);
    await expect(asking).rejects.toThrow(words);
    expect(asked).toEqual([]);
  },
);
