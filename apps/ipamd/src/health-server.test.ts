import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { Refusal } from '@vpc-cni/plugin';
import { createHealthServer } from './health-server.ts';
import { closed } from './listen.ts';
import { refusingPorts } from './refusing-ports.ts';
import type { StartupPhase } from './startup-phase.ts';

let phase: StartupPhase | undefined;
let refusal: Refusal | undefined;
let server: ReturnType<typeof createHealthServer>;

beforeEach(async () => {
  phase = undefined;
  refusal = undefined;
  server = createHealthServer({ refusal: () => refusal, phase: () => phase });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterEach(() => closed(server));

async function ask(path: string, method = 'GET') {
  const { port } = server.address() as AddressInfo;
  const response = await fetch(`http://127.0.0.1:${port}${path}`, { method });
  const text = await response.text();
  return { status: response.status, body: text === '' ? undefined : JSON.parse(text) };
}

const starting: Refusal = { kind: 'refused', reason: 'starting', message: 'ipamd is starting' };
const full: Refusal = { kind: 'refused', reason: 'subnet-full', message: '0 of 250 are free' };

describe('/readyz', () => {
  test.each<[string, StartupPhase | undefined, Refusal, object]>([
    [
      'starting, with the phase',
      { name: 'reading instance metadata (IMDS)' },
      starting,
      { reason: 'starting', startup: { name: 'reading instance metadata (IMDS)' } },
    ],
    [
      'held up, with the failure',
      { name: 'reading the ENIs (IMDS and EC2)', failure: 'throttled' },
      starting,
      {
        reason: 'starting',
        startup: { name: 'reading the ENIs (IMDS and EC2)', failure: 'throttled' },
      },
    ],
    [
      'without a first address, with the reason',
      undefined,
      full,
      { reason: 'subnet-full', message: '0 of 250 are free' },
    ],
  ])('is 503 while the daemon is %s', async (_name, current, refused, body) => {
    phase = current;
    refusal = refused;
    expect(await ask('/readyz')).toEqual({
      status: 503,
      body: { status: 'not ready', message: refused.message, ...body },
    });
  });

  test('is 200 when nothing is refused', async () => {
    expect(await ask('/readyz')).toEqual({ status: 200, body: { status: 'ready' } });
  });

  test('changes with the daemon, between two questions', async () => {
    refusal = starting;
    expect((await ask('/readyz')).status).toBe(503);
    refusal = undefined;
    expect((await ask('/readyz')).status).toBe(200);
  });

  test('says what the ports say that refuse while the daemon starts', async () => {
    refusal = refusingPorts(() => starting).readiness.refusal();
    expect(await ask('/readyz')).toMatchObject({ status: 503, body: { reason: 'starting' } });
  });
});

test('/healthz is 200 whatever the daemon waits for', async () => {
  phase = { name: 'reading instance metadata (IMDS)', failure: 'ECONNREFUSED' };
  refusal = starting;
  expect(await ask('/healthz')).toEqual({ status: 200, body: { status: 'alive' } });
});

test.each([
  ['GET', '/healthz?verbose', 200],
  ['HEAD', '/healthz', 200],
  ['HEAD', '/readyz', 200],
  ['GET', '/', 404],
  ['GET', '/healthz/', 404],
  ['GET', '/metrics', 404],
  ['POST', '/healthz', 405],
])('%s %s is %d', async (method, path, status) => {
  expect((await ask(path, method)).status).toBe(status);
});

test('liveness goes when the event loop does not turn', async () => {
  const { port } = server.address() as AddressInfo;
  const asking = fetch(`http://127.0.0.1:${port}/healthz`, { signal: AbortSignal.timeout(100) });
  const outcome = expect(asking).rejects.toThrow(/timeout|aborted/);
  const blockedUntilMs = performance.now() + 300;
  while (performance.now() < blockedUntilMs); // what a probe would see of a daemon that hangs
  await outcome;
});
