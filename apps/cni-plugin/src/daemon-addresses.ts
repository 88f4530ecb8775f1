import { request } from 'node:http';
import type { AddressPort, HeldAddress, Refusal, ReserveReply } from '@vpc-cni/plugin';

/** Longer than the daemon makes an ADD wait for capacity. */
const TIMEOUT_MS = 110_000;

/**
 * The daemon's address book, over its socket.
 *
 * A daemon that cannot be reached refuses reservations, as one that is starting does; the other
 * methods reject.
 */
export function createDaemonAddresses(socketPath: string): AddressPort {
  const call = <T>(method: string, body: unknown, signal?: AbortSignal) =>
    postJson(socketPath, `/v1/addresses/${method}`, body, signal) as Promise<T>;
  return {
    reserve: async (key, pod, { signal }) => {
      try {
        return await call<ReserveReply>('reserve', { key, pod }, signal);
      } catch (error) {
        return daemonAway(error);
      }
    },
    find: async (key) => (await call<HeldAddress | null>('find', { key })) ?? undefined,
    release: async (key) => {
      await call('release', { key });
    },
    list: (networkName) => call<readonly HeldAddress[]>('list', { networkName }),
  };
}

/** Whether the daemon answers on its socket. */
export async function daemonRefusal(socketPath: string): Promise<Refusal | undefined> {
  try {
    await postJson(socketPath, '/v1/addresses/list', { networkName: '' }, undefined);
    return undefined;
  } catch (error) {
    return daemonAway(error);
  }
}

const daemonAway = (error: unknown): Refusal => ({
  kind: 'refused',
  reason: 'starting',
  message: `ipamd cannot be asked: ${error instanceof Error ? error.message : error}; see kubectl -n kube-system logs ds/aws-node`,
});

function postJson(
  socketPath: string,
  path: string,
  body: unknown,
  signal: AbortSignal | undefined,
): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const outgoing = request(
      {
        socketPath,
        path,
        method: 'POST',
        timeout: TIMEOUT_MS,
        ...(signal === undefined ? {} : { signal }),
      },
      (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk: string) => {
          text += chunk;
        });
        response.once('error', reject);
        response.once('end', () => {
          if (response.statusCode === 200) resolve(JSON.parse(text));
          else reject(new Error(`ipamd answered ${response.statusCode} to ${path}: ${text}`));
        });
      },
    );
    outgoing.once('timeout', () => outgoing.destroy(new Error(`no answer in ${TIMEOUT_MS} ms`)));
    outgoing.once('error', reject);
    outgoing.end(JSON.stringify(body));
  });
}
