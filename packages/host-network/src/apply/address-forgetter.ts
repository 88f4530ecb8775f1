import { canonicalAddress, type IpAddress, ipFamily } from '../ip.ts';
import type { Conntrack } from '../netlink/conntrack.ts';
import type { Neighbours } from '../netlink/neighbours.ts';
import { Batches } from './batches.ts';

/** What the kernel remembers of addresses. */
export interface AddressMemory {
  readonly conntrack: Pick<Conntrack, 'forget' | 'forgetFlowsTo'>;
  readonly neighbours: Pick<Neighbours, 'listLearned' | 'forget'>;
  /** Resolves when the links of those that left are gone, and can add nothing to it. */
  readonly linksGone: () => Promise<void>;
}

/**
 * Makes the kernel forget addresses that change hands: connections of a former holder would lead to the new
 * one, and a neighbour entry would keep the host from finding it on another node. In batches, off the
 * JavaScript thread.
 */
export class AddressForgetter {
  readonly #arrivals: Batches<IpAddress>;
  readonly #departures: Batches<IpAddress>;
  /** Whose flows are to be forgotten when their links are gone, unless somebody has the address by then. */
  readonly #leaving = new Set<IpAddress>();

  constructor({ conntrack, neighbours, linksGone }: AddressMemory) {
    this.#arrivals = new Batches((addresses) => conntrack.forgetFlowsTo(addresses));
    this.#departures = new Batches(async () => {
      await linksGone();
      const gone = [...this.#leaving];
      this.#leaving.clear();
      await conntrack.forget(gone);
      await forgetNeighbours(neighbours, new Set(gone));
    });
  }

  /**
   * Resolves when no flow leads to the address. Needed at hand-out, although the address was forgotten when it
   * left: clients that were not told go on knocking, and the kernel remembers each of them for two minutes.
   */
  arrive(address: IpAddress): Promise<void> {
    this.#leaving.delete(canonicalAddress(address));
    return this.#arrivals.add(address);
  }

  /** Sees that the address is forgotten when its link is gone; {@link settled} tells when, and failures. */
  leave(address: IpAddress): void {
    this.#leaving.add(canonicalAddress(address));
    this.#departures.add(address).catch(() => {});
  }

  /** Resolves when no departure is due; rejects when one that is due fails. */
  settled(): Promise<void> {
    return this.#departures.settled();
  }
}

async function forgetNeighbours(
  neighbours: AddressMemory['neighbours'],
  addresses: ReadonlySet<IpAddress>,
): Promise<void> {
  for (const family of new Set([...addresses].map(ipFamily))) {
    const learned = await neighbours.listLearned(family);
    for (const entry of learned) if (addresses.has(entry.address)) neighbours.forget(entry);
  }
}
