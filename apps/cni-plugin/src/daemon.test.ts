import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { AddressPort, PolicyFailure, PolicyPort, Refusal } from '@vpc-cni/plugin';
import { createDaemonAddresses } from './daemon-addresses.ts';
import { createDaemonPolicies } from './daemon-policies.ts';
import { createDaemonReadiness } from './daemon-readiness.ts';

let directory: string;
let socketPath: string;
let daemon: Server | undefined;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'cni-plugin-'));
  socketPath = join(directory, 'cni.sock');
  daemon = undefined;
});
afterEach(async () => {
  await new Promise((resolve) =>
    daemon === undefined ? resolve(undefined) : daemon.close(resolve),
  );
  rmSync(directory, { recursive: true });
});

/** A daemon that gives this answer to whatever it is asked; the promise has what it was asked. */
async function listen(answer: { readonly status?: number; readonly body: string }) {
  const asked: string[] = [];
  daemon = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    asked.push(`${request.method} ${request.url} ${body}`);
    response.writeHead(answer.status ?? 200).end(answer.body);
  });
  await new Promise<void>((resolve) => daemon?.listen(socketPath, resolve));
  return asked;
}

const key = { networkName: 'aws-cni', containerId: 'a', interfaceName: 'eth0' };
const pod = { podNamespace: 'default', podName: 'web' };
const noSignal = new AbortController().signal;
const refused: PolicyFailure = { reason: 'agent-refused', message: 'npa.sock: Success=false' };
const starting: Refusal = { kind: 'refused', reason: 'starting', message: 'reading metadata' };

const troubles = [
  { name: 'is away', answer: undefined, why: 'ENOENT' },
  {
    name: 'refuses',
    answer: { status: 500, body: '[11] starting' },
    why: '500 .*\\[11\\] starting',
  },
  { name: 'talks nonsense', answer: { body: '<html>' }, why: 'no JSON' },
] as const;

describe.each(troubles)('while the daemon $name', ({ answer, why }) => {
  let addresses: AddressPort;
  let policies: PolicyPort;
  beforeEach(async () => {
    if (answer !== undefined) await listen(answer);
    addresses = createDaemonAddresses(socketPath);
    policies = createDaemonPolicies(socketPath);
  });

  test.each([
    ['find', () => addresses.find(key)],
    ['release', () => addresses.release(key)],
    ['list', () => addresses.list('aws-cni')],
  ])('%s is error 11 and says what to do', async (_, call) => {
    await expect(call()).rejects.toMatchObject({
      code: 11,
      details: expect.stringMatching(`${why}.*the runtime repeats a DEL.*kubectl .* logs`),
    });
  });

  test('a reservation is refused, as by a daemon that is starting', async () => {
    const reply = addresses.reserve(key, pod, { signal: AbortSignal.timeout(60_000) });
    const message = expect.stringMatching(`${why}.*kubectl .* logs`);
    expect(await reply).toEqual({ kind: 'refused', reason: 'starting', message });
  });

  test.each([
    ['enforced', () => policies.enforce(pod, { interfaceCount: 1, signal: noSignal })],
    ['forgotten', () => policies.forget(pod)],
  ])('policies are not %s', async (_, call) => {
    const message = expect.stringMatching(`${why}.*kubectl .* logs`);
    expect(await call()).toEqual({ reason: 'agent-away', message });
  });

  test('the node is not ready', async () => {
    const message = expect.stringMatching(`${why}.*kubectl .* logs`);
    const refusal = await createDaemonReadiness(socketPath).refusal();
    expect(refusal).toEqual({ kind: 'refused', reason: 'starting', message });
  });
});

test.each([
  { name: 'ready', body: null, refusal: undefined },
  { name: 'not ready, with its reason', body: starting, refusal: starting },
])('the daemon is asked whether the node is $name', async ({ body, refusal }) => {
  const asked = await listen({ body: JSON.stringify(body) });
  expect(await createDaemonReadiness(socketPath).refusal()).toEqual(refusal);
  expect(asked).toEqual(['POST /v1/status {}']);
});

test.each([
  { name: 'has nothing to say', body: null, failure: undefined },
  { name: 'says what is wrong', body: refused, failure: refused },
])('the daemon $name about policies', async ({ body, failure }) => {
  const asked = await listen({ body: JSON.stringify(body) });
  const policies = createDaemonPolicies(socketPath);
  expect(await policies.enforce(pod, { interfaceCount: 1, signal: noSignal })).toEqual(failure);
  expect(await policies.forget(pod)).toEqual(failure);
  expect(asked).toEqual([
    `POST /v1/policies/enforce ${JSON.stringify({ pod, interfaceCount: 1 })}`,
    `POST /v1/policies/forget ${JSON.stringify({ pod })}`,
  ]);
});

test('an attachment that holds nothing is undefined', async () => {
  await listen({ body: 'null' });
  expect(await createDaemonAddresses(socketPath).find(key)).toBeUndefined();
});
