import type { AttachmentRequest, CniResult } from '@vpc-cni/cni-spec';
import type { RandomizeSnat } from './egress-conf.ts';

/** The plugin that gives addresses, such as `host-local`; it gets the request as it came. */
export interface EgressAddressPort {
  /** @throws the plugin's own error. */
  add(ipamType: string, request: AttachmentRequest): Promise<CniResult>;
  /** Fine when there is nothing to give back. */
  del(ipamType: string, request: AttachmentRequest): Promise<void>;
  /** @throws the plugin's own error when the container holds nothing. */
  check(ipamType: string, request: AttachmentRequest): Promise<void>;
}

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
}
