import type { PodWiring, WiringPort } from './ports.ts';

/**
 * Sets up the interfaces of a pod, in order. When one fails, those before it are taken down again.
 *
 * @returns the host link of each.
 */
export async function setUpInterfaces(
  wiring: Pick<WiringPort, 'setUp' | 'tearDown'>,
  pods: readonly PodWiring[],
): Promise<readonly string[]> {
  const hostLinkNames: string[] = [];
  for (const pod of pods) {
    try {
      hostLinkNames.push((await wiring.setUp(pod)).hostLinkName);
    } catch (error) {
      for (const done of pods.slice(0, hostLinkNames.length).reverse()) {
        // The runtime's DEL tries it again; what went wrong first is what has to be told.
        await wiring.tearDown(done).catch(() => {});
      }
      throw error;
    }
  }
  return hostLinkNames;
}
