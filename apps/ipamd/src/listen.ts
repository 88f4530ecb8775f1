import { chmod, mkdir, rm } from 'node:fs/promises';
import { createConnection, type Server } from 'node:net';
import { dirname } from 'node:path';
import type { Clock } from './context.ts';

/** A server of `node:http`, or one that can be ended like it. */
export type ClosableServer = Server & { closeAllConnections(): void };

/**
 * Listens on a Unix socket, replacing one that a dead process left behind.
 *
 * @param mode of the socket. Default: 0600.
 * @throws {Error} when a living process answers on it: two daemons would give out the same addresses.
 */
export async function listenOnSocket(server: Server, path: string, mode = 0o600): Promise<void> {
  if (await answers(path)) {
    throw new Error(`another process is serving ${path}; end it first`);
  }
  await rm(path, { force: true });
  await listening(server, { path });
  await chmod(path, mode);
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection(path, () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

/** Makes the directory of the daemon's sockets and files, for root alone (0700). */
export async function makePrivateDirectory(path: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await mkdir(path, { recursive: true, mode: 0o700 });
  await chmod(path, 0o700);
}

/** Listens on `host:port` or `unix:<path>`. */
export async function listenOn(server: Server, address: string): Promise<void> {
  if (address.startsWith('unix:')) {
    await listenOnSocket(server, address.slice('unix:'.length));
    return;
  }
  const colon = address.lastIndexOf(':');
  await listening(server, {
    host: address.slice(0, colon),
    port: Number(address.slice(colon + 1)),
  });
}

function listening(
  server: Server,
  where: { readonly path: string } | { readonly host?: string; readonly port: number },
): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(where, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

/** Listens on a port of every address of the node. */
export const listenOnPort = (server: Server, port: number): Promise<void> =>
  listening(server, { port });

const FIRST_RETRY_MS = 1_000;
const LONGEST_RETRY_MS = 60_000;

/** Repeats a `listen` that fails, for ever: what merely shows the daemon must not keep it from its work. */
export async function keepTrying(
  listen: () => Promise<void>,
  options: {
    readonly clock: Clock;
    readonly signal: AbortSignal;
    readonly onFailure: (error: unknown) => void;
  },
): Promise<void> {
  const { clock, signal, onFailure } = options;
  for (
    let retryMs = FIRST_RETRY_MS;
    !signal.aborted;
    retryMs = Math.min(LONGEST_RETRY_MS, 2 * retryMs)
  ) {
    try {
      await listen();
      return;
    } catch (error) {
      onFailure(error);
    }
    await clock.sleep(retryMs, { signal }).catch(() => {});
  }
}

export const closed = (server: ClosableServer): Promise<void> =>
  new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
