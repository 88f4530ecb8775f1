/** What is only known on the machine itself. */
export interface HostFacts extends PacketFilterFacts {
  /** Whether the rule to the local table is where `strict` puts it. */
  readonly isLocalRuleMoved: boolean;
}

/** The part of it that the packet filter depends on. */
export interface PacketFilterFacts {
  /** Name of the link with the primary ENI's MAC. */
  readonly primaryLinkName: string;
  readonly iptables: IptablesFacts;
  /** Links of secondary ENIs that are set up. They matter with `eniMarkMask` only. */
  readonly secondaryLinks?: readonly SecondaryLink[];
}

export interface SecondaryLink {
  readonly name: string;
  readonly routeTableId: number;
}

export type IptablesBackend = 'nf_tables' | 'legacy';

/** What the iptables of the host is like. */
export interface IptablesFacts {
  readonly backend: IptablesBackend;
  /** iptables 1.6.2 or newer. */
  readonly hasRandomFully: boolean;
}
