import type { Links } from '../netlink/links.ts';
import { awaitLink } from './await-link.ts';
import type { Clock } from './clock.ts';

/** Indexes of links by MAC, for those who ask again and again and must not dump each time. */
export interface LinkIndexes {
  /** @throws {HostNetworkError} `link-not-found` */
  find(mac: string): Promise<number>;
}

export function createLinkIndexes(
  links: Pick<Links, 'find' | 'findByMac' | 'watch'>,
  clock: Clock,
): LinkIndexes {
  const known = new Map<string, number>();
  return {
    find: async (mac) => {
      const key = mac.toLowerCase();
      const index = known.get(key);
      // An ENI that is detached and attached again comes back with another index.
      if (index !== undefined && links.find({ index })?.mac === key) return index;
      const link = await awaitLink(links, key, { clock, waitMs: 0 });
      known.set(key, link.index);
      return link.index;
    },
  };
}
