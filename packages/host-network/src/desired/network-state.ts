import type { LinkAddress } from '../netlink/address.ts';
import type { Link } from '../netlink/link.ts';
import type { Neighbour } from '../netlink/neighbour.ts';
import type { Route } from '../netlink/route.ts';
import type { Rule } from '../netlink/rule.ts';

export interface ObservedSysctl {
  readonly key: string;
  readonly value: string | undefined;
}

/**
 * What a network namespace holds, as far as somebody looked. What is absent was not read and may be
 * anything, as on the path of a pod, where there is no time to read tables.
 */
export interface NetworkState {
  readonly links: readonly Link[];
  /** Without value where the kernel has no such file. */
  readonly sysctls?: readonly ObservedSysctl[];
  readonly addresses?: readonly LinkAddress[];
  readonly routes?: readonly Route[];
  readonly rules?: readonly Rule[];
  readonly neighbours?: readonly Neighbour[];
}

/** The state of a namespace in which nothing but these links was ever configured. */
export const untouched = (links: readonly Link[]): NetworkState => ({
  links,
  sysctls: [],
  addresses: [],
  routes: [],
  rules: [],
  neighbours: [],
});
