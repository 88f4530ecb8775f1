import { addressText, type LinkAddress } from '../netlink/address.ts';
import type { Neighbour } from '../netlink/neighbour.ts';
import { type Route, routeText } from '../netlink/route.ts';
import { type Rule, ruleText } from '../netlink/rule.ts';

/** A link that must be there. */
export interface DesiredLink {
  readonly name: string;
  readonly isUp: boolean;
  readonly mtuBytes: number;
  /** `veth` for links we create; absent for links we only configure. */
  readonly kind?: 'veth';
}

/** A neighbour entry that points at one of our own links, whose hardware address is drawn when it is made. */
export interface DesiredNeighbour extends Omit<Neighbour, 'mac'> {
  readonly macOfLink: string;
}

/** A file below /proc/sys; `isOptional` when the kernel may be built without it. */
export interface DesiredSysctl {
  /** With slashes, so that link names may contain dots. */
  readonly key: string;
  readonly value: string;
  readonly isOptional: boolean;
}

/** Everything that must hold in one network namespace for one object (host, ENI, pod), in the order it is made. */
export interface NetworkDescription {
  readonly links: readonly DesiredLink[];
  readonly sysctls: readonly DesiredSysctl[];
  readonly addresses: readonly LinkAddress[];
  readonly routes: readonly Route[];
  readonly rules: readonly Rule[];
  readonly neighbours: readonly DesiredNeighbour[];
}

/** The description in the words of ip(8) and sysctl(8), one line each: for people, and for checks. */
export function explain(description: NetworkDescription): readonly string[] {
  return [
    ...description.links.map(linkWords),
    ...description.sysctls.map(sysctlWords),
    ...description.addresses.map(addressText),
    ...description.routes.map(routeText),
    ...description.rules.map(ruleText),
    ...description.neighbours.map(neighbourWords),
  ];
}

export const linkWords = (link: DesiredLink): string =>
  `link ${link.name}${link.isUp ? ' up' : ''} mtu ${link.mtuBytes}${link.kind === undefined ? '' : ` type ${link.kind}`}`;

export const sysctlWords = ({ key, value }: DesiredSysctl): string => `${key} = ${value}`;

export const neighbourWords = ({ address, linkName, macOfLink }: DesiredNeighbour): string =>
  `${address} dev ${linkName} lladdr of ${macOfLink} PERMANENT`;
