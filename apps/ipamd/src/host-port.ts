import { type EniLink, type HostSettings, routeTableId } from '@vpc-cni/host-network';
import type { HostPort, ObservedEni } from '@vpc-cni/pool-controller';
import type { IpamdConfig } from './config.ts';
import type { Context } from './context.ts';
import type { PoolHost } from './pool.ts';
import { noteDrift } from './repair/drift.ts';

/** The controller's view of the host: secondary ENIs. What it finds changed of one it has set up is drift. */
export function createHostPort(
  network: PoolHost,
  podFamily: IpamdConfig['podFamily'],
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
    setUpEni: async (eni, { signal, role }) => {
      const place =
        role === 'trunk'
          ? { ...placeOfTrunk(eni, podFamily), isTrunk: true }
          : placeOf(eni, podFamily);
      const link = { ...place, mac: eni.mac, routeTableId: routeTableId(eni) };
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

/** It carries the ENIs of pods, and no pod has its addresses: in IPv6 clusters it may have none of that family. */
const placeOfTrunk = (
  eni: ObservedEni,
  podFamily: IpamdConfig['podFamily'],
): ReturnType<typeof placeOf> => (hasIpv6(eni) ? placeOf(eni, podFamily) : placeOf(eni, 'ipv4'));

const hasIpv6 = ({ ipv6Addresses = [], subnetIpv6Cidr }: ObservedEni) =>
  ipv6Addresses.length > 0 && subnetIpv6Cidr !== undefined;

/** The ENI's own address and its subnet, in the family of the pods. */
function placeOf(
  { eniId, primaryAddress, subnetCidr, ipv6Addresses = [], subnetIpv6Cidr }: ObservedEni,
  podFamily: IpamdConfig['podFamily'],
): Pick<EniLink, 'primaryAddress' | 'subnetCidr'> {
  if (podFamily === 'ipv4') return { primaryAddress, subnetCidr };
  const [address] = ipv6Addresses;
  if (address !== undefined && subnetIpv6Cidr !== undefined) {
    return { primaryAddress: address, subnetCidr: subnetIpv6Cidr };
  }
  throw new Error(
    `${eniId} has no IPv6 address, so pods cannot leave by it: assign one, or tag it node.k8s.amazonaws.com/no_manage=true`,
  );
}
