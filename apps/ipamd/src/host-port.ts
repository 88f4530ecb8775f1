import { type EniLink, type HostSettings, routeTableId } from '@vpc-cni/host-network';
import type { HostPort } from '@vpc-cni/pool-controller';
import type { Context } from './context.ts';
import type { PoolHost } from './pool.ts';
import { noteDrift } from './repair/drift.ts';

/** The controller's view of the host: secondary ENIs. What it finds changed of one it has set up is drift. */
export function createHostPort(
  network: PoolHost,
  settings: () => HostSettings,
  context: Pick<Context, 'log' | 'metrics'>,
): HostPort & {
  /** Secondary ENIs that are set up. */
  readonly links: () => readonly EniLink[];
  /** One of them. */
  readonly link: (eniId: string) => EniLink | undefined;
} {
  const links = new Map<string, EniLink>();
  return {
    routeTableId,
    links: () => [...links.values()],
    link: (eniId) => links.get(eniId),
    setUpEni: async (eni, { signal }) => {
      const { mac, primaryAddress, subnetCidr } = eni;
      const link = { mac, primaryAddress, subnetCidr, routeTableId: routeTableId(eni) };
      const isKnown = links.has(eni.eniId);
      const changes = await network.setUpEni(link, settings(), { signal });
      links.set(eni.eniId, link);
      if (isKnown) noteDrift(context, 'eni', changes, { eniId: eni.eniId });
    },
    tearDownEni: async (eniId) => {
      const link = links.get(eniId);
      if (link === undefined) return;
      await network.tearDownEni(link);
      links.delete(eniId);
    },
  };
}
