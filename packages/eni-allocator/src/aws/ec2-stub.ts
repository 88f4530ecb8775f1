import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** For tests: what an HTTP server at EC2's place gets and says, word by word. */
export interface Ec2Stub {
  readonly url: string;
  /** The parameters of every request so far. */
  readonly requests: readonly Readonly<Record<string, string>>[];
  /** The user agent of every request so far. */
  readonly userAgents: readonly (string | undefined)[];
  close(): Promise<void>;
}

/** Ends one response, or leaves it hanging. */
export type Reply = (response: ServerResponse) => void;

/** Answers the requests in order with `replies`, and again with the last when they run out. */
export async function startEc2Stub(...replies: readonly Reply[]): Promise<Ec2Stub> {
  const requests: Readonly<Record<string, string>>[] = [];
  const userAgents: (string | undefined)[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8');
    request.on('data', (chunk: string) => {
      body += chunk;
    });
    request.on('end', () => {
      const reply = replies[Math.min(requests.length, replies.length - 1)];
      userAgents.push(request.headers['user-agent']);
      requests.push(Object.fromEntries(new URLSearchParams(body)));
      reply?.(response);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo; // listening on TCP, so never a path
  return {
    url: `http://127.0.0.1:${port}`,
    requests,
    userAgents,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** A success in EC2's form. */
export const says =
  (action: string, xml: string): Reply =>
  (response) => {
    response.setHeader('content-type', 'text/xml');
    response.end(`<${action}Response><requestId>r-1</requestId>${xml}</${action}Response>`);
  };

/** A failure in EC2's form. */
export const refuses =
  (status: number, code: string, message: string): Reply =>
  (response) => {
    response.writeHead(status, { 'content-type': 'text/xml' });
    const error = `<Error><Code>${code}</Code><Message>${message}</Message></Error>`;
    response.end(`<Response><Errors>${error}</Errors><RequestID>r-1</RequestID></Response>`);
  };
