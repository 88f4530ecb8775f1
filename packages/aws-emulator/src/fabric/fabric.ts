import type { FabricPort } from '../fabric-port.ts';

/** Settings of {@link createFabric}. */
export interface FabricOptions {
  /** Names of namespaces start with it: `<prefix>-<node>`, `<prefix>-gateway`, `<prefix>-internet`. */
  readonly prefix: string;
  /** All CIDR blocks of the VPC. Addresses in them that no ENI has are unreachable. */
  readonly vpcCidrs: readonly string[];
  /** Address of the one host on the internet. Default `198.51.100.1`. */
  readonly internetAddress?: string;
  /** The range that public addresses are from; the internet routes it to the gateway. Default `203.0.113.0/24`. */
  readonly publicCidr?: string;
  /** What private subnets are seen as from outside; in `publicCidr`. Default `203.0.113.254`. */
  readonly natGatewayAddress?: string;
}

/** A network namespace: `netns` for `ip -n`, `netnsPath` for `nsenter --net=` and setns(2). */
export interface FabricNamespace {
  readonly netns: string;
  readonly netnsPath: string;
}

/** A node's namespace. */
export interface FabricNode extends FabricNamespace {
  readonly name: string;
}

/** The host on the internet. */
export interface FabricInternet extends FabricNamespace {
  readonly address: string;
}

/**
 * A VPC made of links, routes and namespaces, which an emulator drives through {@link FabricPort}.
 *
 * Operations are executed one after the other. One that fails leaves nothing of itself behind and throws a
 * `FabricError`. IPv6 goes between nodes, and not to the internet; its sources are not checked.
 */
export interface Fabric extends FabricPort {
  readonly internet: FabricInternet;
  /**
   * Makes the namespace of a node: loopback up, forwarding on, no ENI yet.
   *
   * @throws {FabricError} `already-exists`, `invalid-argument`, `kernel-refused`
   */
  addNode(name: string): Promise<FabricNode>;
  /** Removes a node with the links of its ENIs and its instance's binding. An unknown node is fine. */
  removeNode(name: string): Promise<void>;
  /**
   * Says on which node an instance runs, before `addInstance`. An instance that was not bound runs on the node that
   * was added first among those without one.
   *
   * @throws {FabricError} `not-found` for an unknown node, `already-exists` for one that has an instance.
   */
  bindInstance(instanceId: string, nodeName: string): void;
  /** The node an instance runs on, once it is bound or added. */
  nodeOf(instanceId: string): FabricNode | undefined;
  /**
   * Removes every namespace, link, route, address, rule and nft table of the fabric and restores the sysctls it set.
   * (The loopback link stays up.) Safe to call again.
   *
   * @throws {AggregateError} naming what the kernel refused to remove; the rest is removed.
   */
  close(): Promise<void>;
}
