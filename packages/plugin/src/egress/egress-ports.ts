import type { AttachmentQueue } from '../attachment-queue.ts';
import type { AttachmentKey } from '../ports.ts';
import type { RandomizeSnat } from './egress-conf.ts';

/** Where addresses are given from. */
export interface EgressPool {
  /** `dataDir` of `host-local`: whoever gave an address, all who follow know of it. */
  readonly dataDirectory: string;
  readonly networkName: string;
  readonly cidr: string;
}

export type EgressHolder = Pick<AttachmentKey, 'containerId' | 'interfaceName'>;

/** The addresses that leave the node in the other family; only this node knows them. */
export interface EgressAddressPort {
  /** An address nobody holds, durably: a process that dies after it leaves it to the holder's DEL. */
  reserve(pool: EgressPool, holder: EgressHolder): Promise<EgressReserveReply>;
  /** Fine when there is nothing to give back. */
  release(pool: EgressPool, holder: EgressHolder): Promise<void>;
  /** The address that it holds. */
  find(pool: EgressPool, holder: EgressHolder): Promise<string | undefined>;
  /** Who holds one. */
  list(pool: EgressPool): Promise<readonly EgressHolder[]>;
}

export type EgressReserveReply =
  | { readonly kind: 'reserved'; readonly address: string }
  /** By this holder, by an ADD before. */
  | { readonly kind: 'held'; readonly address: string }
  | { readonly kind: 'exhausted' };

/** A container, and how it leaves the node. */
export interface EgressContainer {
  readonly networkName: string;
  readonly containerId: string;
  readonly netnsPath: string;
  /** Of the link that the plugin before has made. */
  readonly podLinkName: string;
  readonly nodeAddress: string;
  readonly mtuBytes: number;
  readonly randomizeSnat: RandomizeSnat;
}

interface NamedLink {
  readonly name: string;
  readonly mac: string;
}

/** The kernel, as far as egress goes. */
export interface EgressWiringPort {
  /** On failure, nothing of it is left. */
  setUp(
    container: EgressContainer,
    address: string,
  ): Promise<{ readonly hostLink: NamedLink; readonly podLink: NamedLink }>;
  /** Fine when there is nothing, and when the namespace is gone. */
  tearDown(container: EgressContainer): Promise<void>;
  /** What is missing; empty when all is well. */
  check(container: EgressContainer): Promise<readonly string[]>;
}

export interface EgressPorts {
  readonly addresses: EgressAddressPort;
  readonly wiring: EgressWiringPort;
  /** That of the plugin before, where one process serves both. */
  readonly queue: AttachmentQueue;
}
