import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import type { ApiAccess, ApiCredentials } from './api-access.ts';
import type { ApiTransport } from './api-transport.ts';

/**
 * Requests over HTTP/1.1, connections kept for the next one.
 *
 * Node's own client: Kubernetes' brings one of its own, which costs memory on every node
 * (docs/decisions/0006-kubernetes-client.md).
 */
export function createHttpTransport(access: ApiAccess): ApiTransport {
  const server = new URL(access.server);
  const isTls = server.protocol === 'https:';
  let agent: { readonly agent: HttpAgent; readonly identity: string } | undefined;

  /** Connections are made anew when the trusted authority, or our own certificate, is another one. */
  const agentFor = ({ headers: _, ...tls }: ApiCredentials): HttpAgent => {
    const identity = JSON.stringify(tls);
    if (agent?.identity !== identity) {
      agent?.agent.destroy();
      const keep = { keepAlive: true, keepAliveMsecs: 30_000 };
      agent = {
        agent: isTls ? new HttpsAgent({ ...keep, ...tls }) : new HttpAgent(keep),
        identity,
      };
    }
    return agent.agent;
  };

  return async ({ method, path, headers, body }, { signal }) => {
    const credentials = await access.credentials();
    const options = {
      method,
      signal,
      agent: agentFor(credentials),
      headers: {
        ...headers,
        ...credentials.headers,
        ...(body === undefined ? {} : { 'content-length': Buffer.byteLength(body) }),
      },
    };
    const message = await new Promise<IncomingMessage>((resolve, reject) => {
      const url = new URL(path, server);
      const asking = isTls ? httpsRequest(url, options) : httpRequest(url, options);
      asking.on('response', resolve);
      asking.on('error', (error) => reject(signal.aborted ? signal.reason : error));
      asking.end(body);
    });
    message.setEncoding('utf8');
    return { status: message.statusCode ?? 0, body: message as AsyncIterable<string> };
  };
}
