/** What is only known on the machine itself. */
export interface HostFacts {
  /** Name of the link with the primary ENI's MAC. */
  readonly primaryLinkName: string;
  readonly iptables: IptablesFacts;
}

/** What `iptables --version` tells. */
export interface IptablesFacts {
  readonly backend: 'nf_tables' | 'legacy';
  /** iptables 1.6.2 or newer. */
  readonly hasRandomFully: boolean;
}
