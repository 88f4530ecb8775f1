import { setTimeout as sleep } from 'node:timers/promises';
import type { SandboxNode } from '@vpc-cni/sandbox';

const RETRY_MS = 5;
const LIMIT_MS = 30_000;

/** Seconds from the start of the daemon on a node that never had one to the end of its first successful ADD. */
export async function joinSeconds(
  node: SandboxNode,
  environment: Readonly<Record<string, string>>,
): Promise<number> {
  const pod = await node.runtime.createSandbox({ podNamespace: 'bench', podName: 'first' });
  const startMs = performance.now();
  node.launch(environment);
  for (;;) {
    const { exitCode, output } = await node.runtime.cni('ADD', pod);
    const elapsedMs = performance.now() - startMs;
    if (exitCode === 0) {
      await node.deletePod(pod);
      return elapsedMs / 1000;
    }
    if (elapsedMs > LIMIT_MS) throw new Error(`no ADD succeeds: ${JSON.stringify(output)}`);
    await sleep(RETRY_MS);
  }
}
