import { type Block, Eni, type EniFacts, emptyBlock, type PooledAddress } from './pooled-eni.ts';

/** What is held, in addresses for pods: `held = reserved + cooling + idle`. */
export interface PoolCounts {
  eniCount: number;
  heldCount: number;
  reservedCount: number;
  coolingCount: number;
}

export const noCounts = (): PoolCounts => ({
  eniCount: 0,
  heldCount: 0,
  reservedCount: 0,
  coolingCount: 0,
});

/**
 * The addresses of one node: on which ENI they are, and what each of them does.
 *
 * Every change is also added to the counts of the fleet, so that nobody has to add up nodes.
 */
export class AddressPool {
  readonly enis: Eni[] = [];
  readonly counts = noCounts();
  freeCount = 0;
  readonly #fleetCounts: PoolCounts;

  constructor(fleetCounts: PoolCounts) {
    this.#fleetCounts = fleetCounts;
  }

  addEni(facts: EniFacts): Eni {
    const eni = new Eni(facts);
    this.enis.push(eni);
    this.#count('eniCount', 1);
    return eni;
  }

  addAddresses(eni: Eni, texts: readonly string[]): void {
    this.#fill(eni.singles, texts);
  }

  addPrefixes(eni: Eni, prefixes: readonly string[]): void {
    for (const prefix of prefixes) {
      const block = { ...emptyBlock(eni), prefix };
      eni.prefixes.push(block);
      this.#fill(block, addressesOf(prefix));
    }
  }

  reserve(address: PooledAddress): void {
    const { block } = address;
    remove(block.free, address);
    address.status = 'reserved';
    block.reservedCount += 1;
    this.freeCount -= 1;
    this.#count('reservedCount', 1);
  }

  /** The pod is gone: the address cools. */
  release(address: PooledAddress, nowMs: number): void {
    const { block } = address;
    address.status = 'cooling';
    address.idleSinceMs = nowMs;
    block.reservedCount -= 1;
    block.coolingCount += 1;
    this.#count('reservedCount', -1);
    this.#count('coolingCount', 1);
  }

  /** The cool-down is over, unless the address was given back meanwhile. */
  endCoolDown(address: PooledAddress, releasedAtMs: number): boolean {
    if (address.status !== 'cooling' || address.idleSinceMs !== releasedAtMs) {
      return false;
    }
    const { block } = address;
    address.status = 'free';
    block.free.push(address);
    block.coolingCount -= 1;
    this.freeCount += 1;
    this.#count('coolingCount', -1);
    return true;
  }

  /** Promises addresses back to EC2; nobody can reserve them any more. */
  drain(addresses: readonly PooledAddress[]): void {
    for (const address of addresses) {
      const { block } = address;
      if (address.status === 'free') {
        remove(block.free, address);
        this.freeCount -= 1;
      } else {
        block.coolingCount -= 1;
        this.#count('coolingCount', -1);
      }
      address.status = 'draining';
      block.drainingCount += 1;
    }
  }

  /** EC2 refused to take them: they may be reserved again. */
  undrain(addresses: readonly PooledAddress[]): void {
    for (const address of addresses) {
      const { block } = address;
      address.status = 'free';
      block.free.push(address);
      block.free.sort(longestIdleFirst);
      block.drainingCount -= 1;
      this.freeCount += 1;
    }
  }

  /** What was drained has left the node. */
  removeDrained(addresses: readonly PooledAddress[]): void {
    const gone = new Set(addresses);
    for (const block of new Set(addresses.map((address) => address.block))) {
      const { eni } = block;
      const before = block.addresses.length;
      block.addresses = block.addresses.filter((address) => !gone.has(address));
      const goneCount = before - block.addresses.length;
      block.drainingCount -= goneCount;
      this.#count('heldCount', -goneCount);
      if (block.prefix !== undefined && block.addresses.length === 0) {
        eni.prefixes = eni.prefixes.filter((prefix) => prefix !== block);
      }
    }
  }

  /** An ENI all of whose addresses were drained has left the node. */
  removeEni(eni: Eni): void {
    this.removeDrained(eni.addresses);
    this.enis.splice(this.enis.indexOf(eni), 1);
    this.#count('eniCount', -1);
  }

  eni(eniId: string): Eni | undefined {
    return this.enis.find((eni) => eni.facts.eniId === eniId);
  }

  #fill(block: Block, texts: readonly string[]): void {
    const added = texts.map(
      (text): PooledAddress => ({
        text,
        block,
        status: 'free',
        idleSinceMs: Number.NEGATIVE_INFINITY,
      }),
    );
    const neverUsed = block.free.findIndex(
      ({ idleSinceMs }) => idleSinceMs !== Number.NEGATIVE_INFINITY,
    );
    block.free.splice(neverUsed === -1 ? block.free.length : neverUsed, 0, ...added);
    block.addresses.push(...added);
    this.freeCount += added.length;
    this.#count('heldCount', added.length);
  }

  #count(what: keyof PoolCounts, by: number): void {
    this.counts[what] += by;
    this.#fleetCounts[what] += by;
  }
}

const longestIdleFirst = (a: PooledAddress, b: PooledAddress): number =>
  a.idleSinceMs < b.idleSinceMs ? -1 : Number(a.idleSinceMs > b.idleSinceMs);

/** The usual victim is the first: the longest idle one. */
function remove(free: PooledAddress[], address: PooledAddress): void {
  if (free[0] === address) {
    free.shift();
  } else {
    free.splice(free.indexOf(address), 1);
  }
}

/** The 16 addresses of a /28, from its first to its last: all of them are for pods. */
function addressesOf(prefix: string): readonly string[] {
  const [base = ''] = prefix.split('/');
  const end = base.lastIndexOf('.') + 1;
  const first = Number(base.slice(end));
  return Array.from({ length: 16 }, (_, offset) => base.slice(0, end) + (first + offset));
}
