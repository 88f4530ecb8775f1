/**
 * What the emulator asks of a packet fabric, if it has one.
 *
 * Every call is awaited before the EC2 API answers (or, for an attach, before the ENI becomes
 * `in-use`), so that packets prove what the API claims. A fabric that rejects turns the EC2 call
 * into an `InternalError`.
 */
export interface FabricPort {
  /** A subnet came into being: own its gateway (`.1`) and resolver (`.2`) addresses. */
  addSubnet(subnet: FabricSubnet): Promise<void>;
  /** An instance starts: its node namespace has been registered with the fabric beforehand. */
  addInstance(instance: FabricInstance): Promise<void>;
  /** An ENI is hot-plugged: a link with this MAC appears in the node. */
  attachEni(eni: FabricEni): Promise<void>;
  /** The ENI's link disappears from the node, and so does every route to its addresses. */
  detachEni(eni: { readonly eniId: string }): Promise<void>;
  /** Addresses (`a.b.c.d`, IPv6 too) and prefixes (CIDR) become reachable through an attached ENI. */
  assign(eniId: string, destinations: readonly string[]): Promise<void>;
  /** The reverse of `assign`. */
  unassign(eniId: string, destinations: readonly string[]): Promise<void>;
  /** The internet gateway translates one private to one public address. */
  mapPublic(mapping: PublicMapping): Promise<void>;
  /** The reverse of `mapPublic`. */
  unmapPublic(mapping: PublicMapping): Promise<void>;
}

/** A subnet as the fabric sees it. */
export interface FabricSubnet {
  readonly subnetId: string;
  readonly cidr: string;
  /** Whether the subnet's route table leads to an internet gateway. */
  readonly isPublic: boolean;
}

/** An instance as the fabric sees it. */
export interface FabricInstance {
  readonly instanceId: string;
  /** Hop limit of metadata replies; 1 keeps them from pods behind a routed hop. */
  readonly metadataHopLimit: number;
}

/** An ENI at the moment of its hot-plug. */
export interface FabricEni {
  readonly eniId: string;
  readonly instanceId: string;
  readonly mac: string;
  readonly deviceIndex: number;
  readonly networkCardIndex: number;
  readonly subnetId: string;
  readonly primaryAddress: string;
  /** Every destination of the ENI: primary and secondary addresses, prefixes in CIDR notation. */
  readonly addresses: readonly string[];
}

/** A 1:1 translation at the internet gateway. */
export interface PublicMapping {
  readonly privateAddress: string;
  readonly publicAddress: string;
}
