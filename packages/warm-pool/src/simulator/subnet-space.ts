import type { Random } from './random.ts';

/** A subnet as its addresses are when the simulation begins. */
export interface SubnetConfig {
  /** From 16 to 28, as EC2 allows. Default 18. */
  readonly prefixLength?: number;
  /** Share of all addresses that others have, from 0 to 1, in whole /28 blocks. Default 0. */
  readonly usedShare?: number;
  /**
   * Share of the other /28 blocks in which somebody has one address, from 0 to 1: those have 15
   * addresses for pods, and no prefix. Default 0.
   */
  readonly fragmentation?: number;
}

/** Addresses of one subnet: which are free, by /28 block. */
export interface SubnetSpace {
  readonly freeCount: number;
  /** /28 blocks that are wholly free. */
  readonly freePrefixCount: number;
  /** Single addresses, all or none. Blocks that are broken into already are used up first. */
  takeAddresses(count: number): readonly string[] | undefined;
  /** Whole /28 blocks, all or none. */
  takePrefixes(count: number): readonly string[] | undefined;
  giveBackAddress(address: string): void;
  giveBackPrefix(prefix: string): void;
}

const BLOCK_SIZE = 16;
const ALL_USED = 0xffff;
/** EC2 keeps the first four addresses of a subnet, and its last one. */
const FIRST_FOUR = 0x000f;
const LAST_ONE = 0x8000;

export function createSubnetSpace(
  { prefixLength = 18, usedShare = 0, fragmentation = 0 }: SubnetConfig,
  options: { readonly subnetIndex: number; readonly random: Random },
): SubnetSpace {
  const blockCount = 2 ** (28 - prefixLength);
  /** One bit per address that somebody has. */
  const used = new Uint16Array(blockCount);
  for (let block = 0; block < blockCount; block++) {
    if (options.random() < usedShare) {
      used[block] = ALL_USED;
    } else if (options.random() < fragmentation) {
      used[block] = 1 << (BLOCK_SIZE / 2);
    }
  }
  used[0] = (used[0] ?? 0) | FIRST_FOUR;
  used[blockCount - 1] = (used[blockCount - 1] ?? 0) | LAST_ONE;
  return new BlockMap(used, `10.${options.subnetIndex}`);
}

class BlockMap implements SubnetSpace {
  freeCount = 0;
  readonly #used: Uint16Array;
  readonly #name: string;
  /** Blocks wholly free; and those partly so. A block may be listed where it no longer belongs. */
  readonly #whole: number[] = [];
  readonly #broken: number[] = [];
  freePrefixCount = 0;

  constructor(used: Uint16Array, name: string) {
    this.#used = used;
    this.#name = name;
    // Taken from the end: the lowest blocks first.
    for (let block = used.length - 1; block >= 0; block--) {
      const mask = used[block] ?? ALL_USED;
      this.freeCount += BLOCK_SIZE - bitCount(mask);
      this.#list(block, mask);
    }
  }

  takeAddresses(count: number): readonly string[] | undefined {
    return this.freeCount < count ? undefined : Array.from({ length: count }, () => this.#take());
  }

  takePrefixes(count: number): readonly string[] | undefined {
    if (this.freePrefixCount < count) {
      return undefined;
    }
    return Array.from({ length: count }, () => {
      const block = this.#pop(this.#whole, (mask) => mask === 0);
      this.#used[block] = ALL_USED;
      this.freeCount -= BLOCK_SIZE;
      this.freePrefixCount -= 1;
      return `${this.#text(block, 0)}/28`;
    });
  }

  giveBackAddress(address: string): void {
    const { block, offset } = placeOf(address);
    const before = this.#used[block] ?? ALL_USED;
    const after = before & ~(1 << offset);
    this.#used[block] = after;
    this.freeCount += 1;
    if (before === ALL_USED || after === 0) {
      this.#list(block, after);
    }
  }

  giveBackPrefix(prefix: string): void {
    const { block } = placeOf(prefix);
    this.#used[block] = 0;
    this.freeCount += BLOCK_SIZE;
    this.#list(block, 0);
  }

  #take(): string {
    const isBroken = (mask: number) => mask !== 0 && mask !== ALL_USED;
    const hasBroken = this.freeCount > this.freePrefixCount * BLOCK_SIZE;
    const block = hasBroken
      ? this.#pop(this.#broken, isBroken)
      : this.#pop(this.#whole, (mask) => mask === 0);
    const mask = this.#used[block] ?? ALL_USED;
    const offset = lowestClearBit(mask);
    const after = mask | (1 << offset);
    this.#used[block] = after;
    this.freeCount -= 1;
    this.freePrefixCount -= mask === 0 ? 1 : 0;
    if (after !== ALL_USED) {
      this.#broken.push(block);
    }
    return this.#text(block, offset);
  }

  #list(block: number, mask: number): void {
    if (mask === 0) {
      this.#whole.push(block);
      this.freePrefixCount += 1;
    } else if (mask !== ALL_USED) {
      this.#broken.push(block);
    }
  }

  /** The next block of a list that still belongs there; the caller knows that there is one. */
  #pop(list: number[], belongs: (mask: number) => boolean): number {
    for (;;) {
      const block = list.pop();
      if (block === undefined) {
        throw new Error(`the blocks of subnet ${this.#name} are out of count`);
      }
      if (belongs(this.#used[block] ?? ALL_USED)) {
        return block;
      }
    }
  }

  #text(block: number, offset: number): string {
    const address = block * BLOCK_SIZE + offset;
    return `${this.#name}.${address >> 8}.${address & 0xff}`;
  }
}

function placeOf(text: string): { readonly block: number; readonly offset: number } {
  const [, , high = '', low = ''] = text.split(/[./]/);
  const address = Number(high) * 256 + Number(low);
  return { block: Math.floor(address / BLOCK_SIZE), offset: address % BLOCK_SIZE };
}

const lowestClearBit = (mask: number): number => 31 - Math.clz32(~mask & (mask + 1));

function bitCount(mask: number): number {
  let count = 0;
  for (let rest = mask; rest !== 0; rest &= rest - 1) {
    count += 1;
  }
  return count;
}
