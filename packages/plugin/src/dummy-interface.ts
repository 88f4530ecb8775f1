import type { CniInterface } from '@vpc-cni/cni-spec';
import type { BranchLink } from './ports.ts';

const DUMMY = 'dummy';
/** Host link names are a prefix of any length and a hash of this one; the dummy's is the same hash. */
const HASH_CHARACTERS = 11;
const STRICT_LINK_PREFIX = 'vlan';

/** The name of the interface, existing nowhere, in which a result carries what has no place elsewhere. */
export const dummyName = (hostLinkName: string): string =>
  `${DUMMY}${hostLinkName.slice(-HASH_CHARACTERS)}`;

/** The branch ENI that a result tells of; `undefined` for an ordinary pod's, whose VLAN is 0. */
export function branchLinkIn(interfaces: readonly CniInterface[]): BranchLink | undefined {
  // Plugins chained behind this one add interfaces of their own.
  const [host] = interfaces;
  const dummy = interfaces.find(({ name }) => host !== undefined && name === dummyName(host.name));
  const vlanId = Number(dummy?.mac);
  if (host === undefined || !Number.isInteger(vlanId) || vlanId < 1) return undefined;
  return { vlanId, mode: host.name.startsWith(STRICT_LINK_PREFIX) ? 'strict' : 'standard' };
}
