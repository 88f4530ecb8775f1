import type { AddressPool } from './address-pool.ts';
import type { Block, PooledAddress } from './pooled-eni.ts';
import type { Random } from './random.ts';

/**
 * The address that the next pod gets, as the address book chooses it: longest idle first. Of
 * prefixes, the one that serves most pods comes first, so that the others can go back to EC2.
 */
export function longestIdleAddress({ enis }: AddressPool): PooledAddress | undefined {
  let best: PooledAddress | undefined;
  for (const eni of enis) {
    best = better(best, eni.singles.free[0]);
    for (const prefix of eni.prefixes) {
      best = better(best, prefix.free[0]);
    }
  }
  return best;
}

function better(
  best: PooledAddress | undefined,
  candidate: PooledAddress | undefined,
): PooledAddress | undefined {
  if (best === undefined || candidate === undefined) {
    return best ?? candidate;
  }
  const byCrowd = crowdOf(candidate.block) - crowdOf(best.block);
  if (byCrowd !== 0) {
    return byCrowd > 0 ? candidate : best;
  }
  return candidate.idleSinceMs < best.idleSinceMs ? candidate : best;
}

/** A prefix in use, then single addresses, then a prefix that could go back. */
const crowdOf = ({ prefix, reservedCount }: Block): number =>
  prefix === undefined ? 0.5 : reservedCount;

/**
 * The address that the next pod gets from the reference implementation: any ENI, and there any
 * prefix or address; of a prefix, the lowest address.
 *
 * @see its section 3.1: the order of the maps that it walks is arbitrary
 */
export function arbitraryAddress(
  { enis }: AddressPool,
  mode: 'address' | 'prefix',
  random: Random,
): PooledAddress | undefined {
  const candidates: Block[] = [];
  for (const eni of enis) {
    for (const block of mode === 'prefix' ? eni.prefixes : [eni.singles]) {
      if (block.free.length > 0) {
        candidates.push(block);
      }
    }
  }
  const block = candidates[Math.floor(random() * candidates.length)];
  return mode === 'prefix'
    ? block?.addresses.find(({ status }) => status === 'free')
    : block?.free[0];
}
