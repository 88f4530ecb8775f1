import { type IpAddress, type IpFamily, ipBytes, ipFamily } from '../ip.ts';
import { MAIN_TABLE, type Route } from '../netlink/route.ts';
import type { Rule, RuleSelector } from '../netlink/rule.ts';
import {
  BRANCH_PRIORITY,
  branchLinkName,
  branchTableId,
  describeBranch,
} from './describe-branch.ts';
import { describeEgress } from './describe-egress.ts';
import { ipv6Setting, routerAdvertisementSettings } from './ipv6-settings.ts';
import {
  type DesiredSysctl,
  type NetworkDescription,
  nothing,
  vethEnd,
} from './network-description.ts';
import {
  addressesOf,
  type PodAttachment,
  type PodToTearDown,
  type WiredAttachment,
} from './settings.ts';
import { hostCidr } from './subnet.ts';

/** Next hop of every pod. Nothing owns it: a permanent neighbour entry leads to the host link. */
export const POD_GATEWAY = '169.254.1.1';

const TO_POD_PRIORITY = 512;
export const FROM_POD_PRIORITY = 1536;
/** In the pod: packets from the address of a further interface take that interface's table. */
const FURTHER_INTERFACE_PRIORITY = 1;

/** Table of the primary ENI as releases before 1.20 wrote it. */
const LEGACY_PRIMARY_TABLE = 1;

/** Both sides of one pod interface. */
export interface PodDescription {
  readonly host: NetworkDescription;
  readonly pod: NetworkDescription;
}

/**
 * What a pod interface needs on the host and in the pod's namespace. Pure; the same value serves ADD, CHECK,
 * DEL and repair.
 *
 * @throws {TypeError} when an address is none.
 */
export function describePod(attachment: WiredAttachment): PodDescription {
  for (const address of addressesOf(attachment)) ipBytes(address); // throws on anything else
  if (attachment.isEgress === true) return describeEgress(attachment);
  return { host: describeHostSide(attachment), pod: describePodSide(attachment) };
}

function describeHostSide(attachment: WiredAttachment): NetworkDescription {
  const { hostLinkName, mtuBytes, branch } = attachment;
  const addresses = addressesOf(attachment);
  const tableId = leavingTableOf(attachment);
  const branchSide = branch === undefined ? nothing : describeBranch(attachment, branch);
  return {
    ...nothing,
    sysctls: [
      ...routerAdvertisementSettings(hostLinkName),
      ...dadSettings(hostLinkName, attachment),
      ...branchSide.sysctls,
    ],
    links: [vethEnd(hostLinkName, mtuBytes), ...branchSide.links],
    routes: [...podRoutes(attachment), ...branchSide.routes],
    rules:
      branch?.mode === 'strict'
        ? branchSide.rules
        : addresses.flatMap((address) => podRules(address, tableId)),
    claims: { ...nothing.claims, rules: podClaims(attachment) },
  };
}

function describePodSide(attachment: WiredAttachment): NetworkDescription {
  const { podLinkName, hostLinkName, mtuBytes, interfaceIndex = 0 } = attachment;
  const addresses = addressesOf(attachment);
  const linkName = podLinkName;
  const tableId = interfaceIndex === 0 ? MAIN_TABLE : interfaceIndex;
  const gateways = addresses.map((address) => podGateway(ipFamily(address), interfaceIndex));
  return {
    ...nothing,
    links: [vethEnd(linkName, mtuBytes)],
    sysctls: podSideSettings(attachment),
    addresses: addresses.map((address) => ({
      address,
      ...(ipFamily(address) === 'ipv6'
        ? // EC2 gives an address to one ENI, and we give it to one pod: there is nobody to ask.
          { prefixLength: 128, skipsDad: true }
        : { prefixLength: 32 }),
      scope: 'global',
      linkName,
    })),
    // Link-scoped routes to the gateways make the default routes' next hops valid.
    routes: [
      ...gateways.map(
        (gateway): Route => ({ destination: hostCidr(gateway), linkName, tableId, scope: 'link' }),
      ),
      ...gateways.map(
        (via): Route => ({ destination: 'default', via, linkName, tableId, scope: 'global' }),
      ),
    ],
    rules:
      interfaceIndex === 0
        ? []
        : addresses.map((from) => ({ priority: FURTHER_INTERFACE_PRIORITY, from, tableId })),
    neighbours: gateways.map((address) => ({ address, linkName, macOfLink: hostLinkName })),
  };
}

/** Next hop of a pod's interface: 169.254.1.1 and fe80::1 for the first, counting on from there. */
export const podGateway = (family: IpFamily, interfaceIndex: number): IpAddress =>
  family === 'ipv4'
    ? `169.254.1.${interfaceIndex + 1}`
    : `fe80::${(interfaceIndex + 1).toString(16)}`;

/** How the host reaches the pod: by main, or by its branch ENI's table alone if the pod is strict. */
export function podRoutes(attachment: PodToTearDown): readonly Route[] {
  const { hostLinkName, branch } = attachment;
  const tableId = branch?.mode === 'strict' ? branchTableId(branch.vlanId) : MAIN_TABLE;
  return addressesOf(attachment).map((address) => ({
    destination: hostCidr(address),
    linkName: hostLinkName,
    tableId,
    scope: 'link',
  }));
}

/** To the pod by main; from the pod by its ENI's table, unless that is main. */
export function podRules(address: PodAttachment['address'], routeTableId: number): readonly Rule[] {
  const toPod = toPodRule(address);
  if (isPrimaryTable(routeTableId)) return [toPod];
  return [toPod, { priority: FROM_POD_PRIORITY, from: address, tableId: routeTableId }];
}

export const toPodRule = (address: PodAttachment['address']): Rule => ({
  priority: TO_POD_PRIORITY,
  to: address,
  tableId: MAIN_TABLE,
});

/** Old releases gave the primary ENI's pods other numbers. */
export const isPrimaryTable = (tableId: number): boolean =>
  tableId <= LEGACY_PRIMARY_TABLE || tableId === MAIN_TABLE;

/** The table by which a pod's packets leave the node. */
export const leavingTableOf = ({
  branch,
  routeTableId,
}: Pick<WiredAttachment, 'branch' | 'routeTableId'>): number =>
  branch === undefined ? routeTableId : branchTableId(branch.vlanId);

/**
 * Whose rules these are: a crash may have left some to an earlier holder of the address, of the host link
 * or of the VLAN, and they would win.
 */
export function podClaims(attachment: PodToTearDown): readonly RuleSelector[] {
  const { hostLinkName, branch } = attachment;
  return addressesOf(attachment).flatMap((address): readonly RuleSelector[] => {
    const family = ipFamily(address);
    const fromPod = { family, priority: FROM_POD_PRIORITY, from: address };
    if (branch === undefined) return [fromPod];
    const byLink = [hostLinkName, branchLinkName(branch.vlanId)].map((inputLinkName) => ({
      family,
      priority: BRANCH_PRIORITY,
      inputLinkName,
    }));
    const toPod = { family, priority: TO_POD_PRIORITY, to: address };
    return [fromPod, toPod, ...byLink];
  });
}

/** The link has two ends, both ours: waiting for somebody else to claim their link-local addresses is in vain. */
const dadSettings = (linkName: string, attachment: WiredAttachment) =>
  hasIpv6(attachment) ? [ipv6Setting(linkName, 'accept_dad', '0')] : [];

/** A pod's runtime may have switched IPv6 off. */
const podSideSettings = (attachment: WiredAttachment): readonly DesiredSysctl[] =>
  hasIpv6(attachment)
    ? [
        ipv6Setting(attachment.podLinkName, 'disable_ipv6', '0'),
        ipv6Setting('lo', 'disable_ipv6', '0'),
        ...dadSettings(attachment.podLinkName, attachment),
      ]
    : [];

const hasIpv6 = (attachment: WiredAttachment) =>
  addressesOf(attachment).some((address) => ipFamily(address) === 'ipv6');
