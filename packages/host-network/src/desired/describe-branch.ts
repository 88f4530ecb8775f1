import { type IpAddress, type IpFamily, ipFamily } from '../ip.ts';
import type { Route } from '../netlink/route.ts';
import type { Rule } from '../netlink/rule.ts';
import { ipv6Setting, routerAdvertisementSettings } from './ipv6-settings.ts';
import { type DesiredLink, type NetworkDescription, nothing } from './network-description.ts';
import { addressesOf, type WiredAttachment } from './settings.ts';
import { hostCidr } from './subnet.ts';

/** Before the local table, which a strict node has at 20. */
export const BRANCH_PRIORITY = 10;

/** Below it are the kernel's own tables and those of secondary ENIs. */
const FIRST_BRANCH_TABLE = 100;

/** The link of a branch ENI. */
export const branchLinkName = (vlanId: number): string => `vlan.eth.${vlanId}`;

/**
 * The route table of a branch ENI.
 *
 * @throws {TypeError} for VLANs whose table would be the kernel's: 253 to 255.
 */
export function branchTableId(vlanId: number): number {
  const tableId = vlanId + FIRST_BRANCH_TABLE;
  if (tableId < 253 || tableId > 255) return tableId;
  throw new TypeError(`VLAN ${vlanId} has no route table: ${tableId} is one of the kernel's own`);
}

/**
 * A pod's own ENI: a VLAN on the trunk, and a table that leads out by it. The rules are those of a strict
 * pod: whatever comes from either link is looked up in that table and nowhere else.
 *
 * @throws {TypeError} when the pod has addresses of a family in which its ENI has no router.
 */
export function describeBranch(
  attachment: WiredAttachment,
  branch: NonNullable<WiredAttachment['branch']>,
): NetworkDescription {
  const { vlanId } = branch;
  const linkName = branchLinkName(vlanId);
  const tableId = branchTableId(vlanId);
  const families = addressesOf(attachment).map(ipFamily);
  const routers = routersOf(branch, families);
  return {
    ...nothing,
    sysctls: [
      ...routerAdvertisementSettings(linkName),
      // Its link-local address, in whose name the router is asked for, comes from the MAC that EC2 gave it.
      ...(families.includes('ipv6') ? [ipv6Setting(linkName, 'accept_dad', '0')] : []),
    ],
    // The trunk's MTU: the kernel refuses more, and a pod's may be more.
    links: [{ name: linkName, isUp: true, kind: 'vlan', ...vlanOf(branch) }],
    routes: routers.flatMap((router): readonly Route[] => [
      { destination: hostCidr(router), linkName, tableId, scope: 'link' },
      { destination: 'default', via: router, linkName, tableId, scope: 'global' },
    ]),
    rules: families.flatMap((family): readonly Rule[] =>
      [linkName, attachment.hostLinkName].map((inputLinkName) => ({
        family,
        priority: BRANCH_PRIORITY,
        inputLinkName,
        tableId,
      })),
    ),
  };
}

function routersOf(
  { vlanId, router, secondRouter }: NonNullable<WiredAttachment['branch']>,
  families: readonly IpFamily[],
): readonly IpAddress[] {
  const routers = secondRouter === undefined ? [router] : [router, secondRouter];
  if (families.every((family) => routers.some((one) => ipFamily(one) === family))) return routers;
  throw new TypeError(
    `the pod on VLAN ${vlanId} has addresses of ${families.join(' and ')}, and its ENI the router ${routers.join(', ')}: give one of each family`,
  );
}

const vlanOf = (branch: NonNullable<WiredAttachment['branch']>): Pick<DesiredLink, 'vlan'> =>
  'mac' in branch
    ? { vlan: { id: branch.vlanId, mac: branch.mac, parentIndex: branch.trunkLinkIndex } }
    : {};
