import { isIpAddress, type RunningSandbox } from '@vpc-cni/ipam';
import type { Context } from '../context.ts';
import type { ContainerRuntime } from './container-runtime.ts';

/**
 * The pods that run, with their addresses, for a checkpoint that is lost. A runtime that does not answer
 * must not hold up the start: what the kernel leads to a pod is held in any case.
 */
export async function runningSandboxes(
  runtime: ContainerRuntime,
  { log, signal }: Pick<Context, 'log' | 'signal'>,
): Promise<readonly RunningSandbox[]> {
  try {
    return await readRunning(runtime, { signal });
  } catch (error) {
    log.warn({ err: error }, 'the container runtime does not tell which pods run');
    return [];
  }
}

async function readRunning(
  runtime: ContainerRuntime,
  options: { readonly signal: AbortSignal },
): Promise<readonly RunningSandbox[]> {
  const running: RunningSandbox[] = [];
  for (const { id, podNamespace, podName, isReady } of await runtime.listSandboxes(options)) {
    const address = isReady ? await runtime.addressOf(id, options) : undefined;
    if (address === undefined || !isIpAddress(address)) continue;
    running.push({ containerId: id, address, podNamespace, podName });
  }
  return running;
}
