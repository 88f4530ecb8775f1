import { stat } from 'node:fs/promises';
import type { Context } from '../context.ts';
import type { ContainerRuntime } from './container-runtime.ts';
import { createCriRuntime } from './cri-runtime.ts';

/** Looks for the container runtime's socket, and says once what that means for the daemon. */
export async function findRuntime({
  config,
  log,
  signal,
}: Pick<Context, 'config' | 'log' | 'signal'>): Promise<ContainerRuntime | undefined> {
  const { criSockets } = config;
  for (const socketPath of criSockets) {
    if (!(await isSocket(socketPath))) continue;
    const runtime = createCriRuntime(socketPath);
    void runtime.describe({ signal }).then(
      (name) => log.info({ socketPath, runtime: name }, 'container runtime found'),
      (error: unknown) => log.warn({ socketPath, err: error }, 'the container runtime is silent'),
    );
    return runtime;
  }
  log.info(
    { criSockets },
    'no container runtime socket: attachments of sandboxes that vanish without a DEL wait for CNI GC',
  );
  return undefined;
}

const isSocket = (path: string): Promise<boolean> =>
  stat(path).then(
    (entry) => entry.isSocket(),
    () => false,
  );
