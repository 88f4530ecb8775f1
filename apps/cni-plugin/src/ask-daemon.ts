import { request } from 'node:http';

/** Longer than the daemon makes an ADD wait for capacity. */
const TIMEOUT_MS = 110_000;

/**
 * One question to the daemon over its socket, JSON in and JSON out.
 *
 * @throws {Error} when there is no answer, or it is no success; the message says which.
 */
export function askDaemon(
  socketPath: string,
  path: string,
  body: unknown,
  signal?: AbortSignal,
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
          if (response.statusCode !== 200) {
            reject(new Error(`ipamd answered ${response.statusCode} to ${path}: ${text}`));
            return;
          }
          try {
            resolve(JSON.parse(text));
          } catch (error) {
            reject(new Error(`ipamd answered no JSON to ${path}`, { cause: error }));
          }
        });
      },
    );
    outgoing.once('timeout', () => outgoing.destroy(new Error(`no answer in ${TIMEOUT_MS} ms`)));
    outgoing.once('error', reject);
    outgoing.end(JSON.stringify(body));
  });
}
