import type { Pod, SandboxNode } from './node.ts';
import type { VpcInABox } from './vpc-in-a-box.ts';

/**
 * Starts `podsPerNode` pods on every node at once, as a scheduler would. Where all of them found
 * room on the primary ENI, more follow on the first node until one is on a secondary one.
 */
export async function startPods(
  box: VpcInABox,
  podsPerNode: number,
): Promise<ReadonlyMap<SandboxNode, readonly Pod[]>> {
  const names = Array.from({ length: podsPerNode }, (_, index) => `web-${index}`);
  const started = await Promise.all(
    box.nodes.map(
      async (node) => [node, await Promise.all(names.map((name) => node.addPod(name)))] as const,
    ),
  );
  const pods = new Map<SandboxNode, readonly Pod[]>(started);
  const [node] = box.nodes;
  if (node !== undefined) pods.set(node, await withPodOnSecondaryEni(node, pods.get(node) ?? []));
  return pods;
}

const MAIN_TABLE = 254;
const MAX_EXTRA_PODS = 60;

async function withPodOnSecondaryEni(
  node: SandboxNode,
  pods: readonly Pod[],
): Promise<readonly Pod[]> {
  const all = [...pods];
  while (all.every(({ routeTableId }) => routeTableId === MAIN_TABLE)) {
    if (all.length - pods.length === MAX_EXTRA_PODS) break;
    all.push(await node.addPod(`extra-${all.length}`));
  }
  return all;
}
