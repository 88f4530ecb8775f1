import { createServer, type Server } from 'node:http';
import type { Refusal } from '@vpc-cni/plugin';
import type { StartupPhase } from './startup-phase.ts';

/** What the health endpoint tells. */
export interface HealthSource {
  /** What keeps the node from giving out addresses; the same as STATUS says. */
  readonly refusal: () => Promise<Refusal | undefined> | Refusal | undefined;
  /** While the daemon starts. */
  readonly phase: () => StartupPhase | undefined;
}

interface HealthAnswer {
  readonly status: 200 | 404 | 503;
  readonly body?: unknown;
}

/**
 * HTTP probes, from the first moment on: `/healthz` answers as long as the event loop turns, `/readyz` is 503 with
 * the reason until the node can give out addresses.
 */
export function createHealthServer(source: HealthSource): Server {
  return createServer(async (request, response) => {
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.writeHead(405, { Allow: 'GET, HEAD' }).end();
      return;
    }
    const { status, body } = await answer(request.url?.replace(/\?.*/, ''), source);
    if (body === undefined) {
      response.writeHead(status).end();
      return;
    }
    response.writeHead(status, { 'Content-Type': 'application/json', 'Cache-Control': 'no-store' });
    response.end(`${JSON.stringify(body)}\n`);
  });
}

async function answer(path: string | undefined, source: HealthSource): Promise<HealthAnswer> {
  switch (path) {
    case '/healthz':
      return { status: 200, body: { status: 'alive' } };
    case '/readyz':
      return readiness(source);
    default:
      return { status: 404 };
  }
}

async function readiness({ refusal, phase }: HealthSource): Promise<HealthAnswer> {
  const refused = await refusal();
  if (refused === undefined) return { status: 200, body: { status: 'ready' } };
  const { reason, message } = refused;
  const startup = phase();
  return {
    status: 503,
    body: { status: 'not ready', reason, message, ...(startup === undefined ? {} : { startup }) },
  };
}
