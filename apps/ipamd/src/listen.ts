import { chmod, mkdir, rm } from 'node:fs/promises';
import type { Server } from 'node:http';
import { dirname } from 'node:path';

/** Listens on a Unix socket of mode 0600, replacing one that a dead process left behind. */
export async function listenOnSocket(server: Server, path: string): Promise<void> {
  await rm(path, { force: true });
  await listening(server, { path });
  await chmod(path, 0o600);
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

export const closed = (server: Server): Promise<void> =>
  new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
