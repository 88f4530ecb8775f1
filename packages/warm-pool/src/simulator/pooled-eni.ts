import type { PoolEni, PoolPrefix } from '../pool-state.ts';

/** The states of an address; see the glossary. */
export type AddressStatus = 'free' | 'reserved' | 'cooling' | 'draining';

export interface PooledAddress {
  readonly text: string;
  readonly block: Block;
  status: AddressStatus;
  /** When a pod last had it; minus infinity for never. */
  idleSinceMs: number;
}

/** Addresses that come and go together: those of one prefix, or the single ones of an ENI. */
export interface Block {
  readonly eni: Eni;
  /** Such as `10.0.0.16/28`; none: the single addresses of the ENI. */
  readonly prefix?: string;
  addresses: PooledAddress[];
  /** Longest idle first; those never used before all others, in the order they came. */
  free: PooledAddress[];
  reservedCount: number;
  coolingCount: number;
  drainingCount: number;
}

export interface EniFacts {
  readonly eniId: string;
  readonly subnetId: string;
  /** Its own address, which serves no pod. */
  readonly primaryAddress: string;
  readonly isPrimary: boolean;
  readonly attachedAtMs: number;
}

/** An ENI of a node, and what is on it. */
export class Eni {
  readonly facts: EniFacts;
  readonly singles: Block = emptyBlock(this);
  prefixes: Block[] = [];
  /** As plans see it, at any time. */
  readonly view: PoolEni;

  constructor(facts: EniFacts) {
    this.facts = facts;
    this.view = viewOf(this);
  }

  get blocks(): readonly Block[] {
    return [this.singles, ...this.prefixes];
  }

  get addresses(): readonly PooledAddress[] {
    return this.blocks.flatMap(({ addresses }) => addresses);
  }
}

export const emptyBlock = (eni: Eni): Block => ({
  eni,
  addresses: [],
  free: [],
  reservedCount: 0,
  coolingCount: 0,
  drainingCount: 0,
});

/**
 * The ENI as plans see it; prefixes that are on their way back to EC2 are left out. It is read at
 * once and makes no lists that nobody asks for: most plans only count.
 */
const viewOf = (eni: Eni): PoolEni => ({
  ...eni.facts,
  get totalCount() {
    return eni.singles.addresses.length;
  },
  get reservedCount() {
    return eni.singles.reservedCount;
  },
  get coolingCount() {
    return eni.singles.coolingCount;
  },
  get drainingCount() {
    return eni.singles.drainingCount;
  },
  get freeAddresses() {
    return eni.singles.free.map(({ text }) => text);
  },
  get coolingAddresses() {
    return eni.singles.addresses
      .filter(({ status }) => status === 'cooling')
      .map(({ text }) => text);
  },
  get prefixes() {
    return eni.prefixes.length === 0 ? NO_PREFIXES : prefixViews(eni.prefixes);
  },
});

const NO_PREFIXES: readonly PoolPrefix[] = [];

const prefixViews = (prefixes: readonly Block[]): readonly PoolPrefix[] =>
  prefixes
    .filter(({ drainingCount }) => drainingCount === 0)
    .map(({ prefix = '', reservedCount, coolingCount }) => ({
      prefix,
      reservedCount,
      coolingCount,
    }));
