import type { IpFamily } from '../ip.ts';
import type { LinkAddress } from '../netlink/address.ts';
import type { Neighbour } from '../netlink/neighbour.ts';
import type { Route } from '../netlink/route.ts';
import type { Rule, RuleSelector } from '../netlink/rule.ts';

/** A link that must be there. */
export interface DesiredLink {
  readonly name: string;
  readonly isUp: boolean;
  /** Absent where any is right: a link that has that of the link below it. */
  readonly mtuBytes?: number;
  /** `veth` and `vlan` for links we create; absent for links we only configure. */
  readonly kind?: 'veth' | 'vlan';
  /** What a VLAN is made of; links of that kind are made where they are missing. */
  readonly vlan?: DesiredVlan;
}

/** One end of a pod's link, up; with an MTU that is not known, whatever it has is right. */
export const vethEnd = (name: string, mtuBytes: number | undefined): DesiredLink => ({
  name,
  isUp: true,
  ...(mtuBytes === undefined ? {} : { mtuBytes }),
  kind: 'veth',
});

export interface DesiredVlan {
  readonly id: number;
  readonly mac: string;
  /** Index of the trunk ENI's link. */
  readonly parentIndex: number;
}

/** A neighbour entry that points at one of our own links, whose hardware address is drawn when it is made. */
export interface DesiredNeighbour extends Omit<Neighbour, 'mac'> {
  readonly macOfLink: string;
}

/** The content of a file below /proc/sys. */
export interface SysctlValue {
  /** With slashes, so that link names may contain dots. */
  readonly key: string;
  readonly value: string;
}

/** `isOptional` when the kernel may be built without it. */
export interface DesiredSysctl extends SysctlValue {
  readonly isOptional: boolean;
}

/**
 * Rules that are about an object, whether they are right or not: those that the selector matches and, if
 * `having` is given, that name such a thing at all.
 */
export interface RuleClaim extends RuleSelector {
  readonly having?: 'from' | 'to' | 'mark';
}

/** What belongs to an object, so that whatever of it is not described has to go. */
export interface Claims {
  readonly rules: readonly RuleClaim[];
  /** Links whose global addresses in that family are all described. */
  readonly addresses: readonly { readonly linkName: string; readonly family: IpFamily }[];
  /** Routes that others make unasked. */
  readonly routes: readonly Route[];
}

export const noClaims: Claims = { rules: [], addresses: [], routes: [] };

/** Everything that must hold in one network namespace for one object (host, ENI, pod), in the order it is made. */
export interface NetworkDescription {
  readonly sysctls: readonly DesiredSysctl[];
  readonly links: readonly DesiredLink[];
  readonly addresses: readonly LinkAddress[];
  readonly routes: readonly Route[];
  readonly rules: readonly Rule[];
  readonly neighbours: readonly DesiredNeighbour[];
  readonly claims: Claims;
}

export const nothing: NetworkDescription = {
  sysctls: [],
  links: [],
  addresses: [],
  routes: [],
  rules: [],
  neighbours: [],
  claims: noClaims,
};
