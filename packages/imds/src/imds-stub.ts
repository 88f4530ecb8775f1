import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** For tests: an IMDSv2 over HTTP with the paths of `tree` (below `/latest/`) and a script of faults. */
export interface ImdsStub {
  readonly url: string;
  /** Paths may be changed, added and deleted at any time. */
  readonly tree: Map<string, string>;
  /** Every request as "METHOD path", tokens included. */
  readonly requests: readonly string[];
  /** Called with every path before it is answered; returning `true` means "I answered it". */
  intercept(handler: (path: string, response: ServerResponse) => boolean): void;
  /** All tokens given so far are refused from now on. */
  expireTokens(): void;
  close(): Promise<void>;
}

export async function startImdsStub(tree: Readonly<Record<string, string>>): Promise<ImdsStub> {
  const paths = new Map(Object.entries(tree));
  const requests: string[] = [];
  const tokens = new Set<string>();
  let interceptor = (_path: string, _response: ServerResponse) => false;
  let serial = 0;

  const answer = (request: IncomingMessage, response: ServerResponse) => {
    const path = (request.url ?? '').replace(/^\/latest\//, '');
    requests.push(`${request.method} ${path}`);
    if (interceptor(path, response)) {
      return;
    }
    if (request.method === 'PUT' && path === 'api/token') {
      serial += 1;
      tokens.add(`token-${serial}`);
      response.end(`token-${serial}`);
    } else if (!tokens.has(String(request.headers['x-aws-ec2-metadata-token']))) {
      response.writeHead(401).end();
    } else {
      const text = paths.get(path);
      response.writeHead(text === undefined ? 404 : 200).end(text);
    }
  };

  const server = createServer(answer);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo; // listening on TCP, so never a path
  return {
    url: `http://127.0.0.1:${port}`,
    tree: paths,
    requests,
    intercept(handler) {
      interceptor = handler;
    },
    expireTokens: () => tokens.clear(),
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** What one ENI looks like below `macs/`; fields given as `undefined` are missing. */
export function eniTree(
  mac: string,
  fields: Readonly<Record<string, string | undefined>>,
): Record<string, string> {
  const directory = `meta-data/network/interfaces/macs/${mac}/`;
  const present = Object.entries(fields).filter((field) => field[1] !== undefined);
  const entries = present.map(([name, text]) => [`${directory}${name}`, text ?? '']);
  const listing = present.map(([name]) => name).join('\n');
  return Object.fromEntries([[directory, listing], ...entries]);
}
