import { stat } from 'node:fs/promises';

/**
 * Tells whether a path leads to the network namespace of this process; `false` when it cannot be opened.
 * Compares device and inode: the same namespace has many paths.
 */
export async function isOwnNetns(path: string): Promise<boolean> {
  const [own, other] = await Promise.all([identityOf('/proc/self/ns/net'), identityOf(path)]);
  return own !== undefined && own === other;
}

const identityOf = (path: string): Promise<string | undefined> =>
  stat(path, { bigint: true }).then(
    ({ dev, ino }) => `${dev}:${ino}`,
    () => undefined,
  );
