import type { AddressPool } from './address-pool.ts';
import type { Clock } from './clock.ts';
import type { CompleteConfig } from './config.ts';
import type { Ec2 } from './ec2.ts';
import type { PooledAddress } from './pooled-eni.ts';
import type { Random } from './random.ts';
import type { SubnetSpace } from './subnet-space.ts';

/** A pod of the trace on its way through a node. */
export interface Pod {
  readonly index: number;
  /** `unplaced`: no node has room for it. */
  status: 'unplaced' | 'adding' | 'backing-off' | 'running' | 'gone';
  nodeIndex: number | undefined;
  address: PooledAddress | undefined;
  /** When it was given to a node: its first ADD. */
  placedAtMs: number | undefined;
  /** When it got its address. */
  servedAtMs: number | undefined;
  addFailureCount: number;
}

/** Where a node's daemon tells how an ADD ended. */
export interface AddDesk {
  served(pod: Pod, address: PooledAddress): void;
  /** The runtime tries again later. */
  refused(pod: Pod): void;
}

/** What one node is made of, and what it shares with the others. */
export interface Node {
  readonly nodeIndex: number;
  readonly config: CompleteConfig;
  readonly clock: Clock;
  readonly ec2: Ec2;
  readonly subnet: SubnetSpace;
  readonly subnetId: string;
  readonly pool: AddressPool;
  readonly random: Random;
  readonly desk: AddDesk;
  /** A name that no other ENI of this node has had. */
  nextEniId(): string;
  /** The pod of this address is gone; `onCooled` when another may have it, if it is still there. */
  release(address: PooledAddress, onCooled: () => void): void;
}

/** The daemon of a node, by one strategy or the other. */
export interface Daemon {
  /** The instance has started; its primary ENI is there, without addresses for pods. */
  join(): void;
  add(pod: Pod): void;
  /** The pod is gone: its address, if it has one, cools. */
  del(pod: Pod): void;
}
