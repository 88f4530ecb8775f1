// For people who use the package.
export type { Clock } from './apply/clock.ts';
// For people who build on it, and for tests that need a host of their own.
export { DOOMED_LINK_GROUP } from './apply/link-sweeper.ts';
export {
  type CallOptions,
  type HostNetwork,
  type HostNetworkOptions,
  openHostNetwork,
} from './apply/open-host-network.ts';
export { createPodWiring, type PodWiring, type WiredPod } from './apply/pod-wiring.ts';
export type { PodLinks } from './apply/set-up-pod.ts';
export { writeSysctl } from './apply/write-sysctl.ts';
export { describeEni, type EniDescription } from './desired/describe-eni.ts';
export { describeHost, type HostDescription } from './desired/describe-host.ts';
export { describePod, POD_GATEWAY, type PodDescription } from './desired/describe-pod.ts';
export type { HostFacts, IptablesFacts } from './desired/host-facts.ts';
export { type HostLinkNameInput, hostLinkName } from './desired/host-link-name.ts';
export {
  type DesiredLink,
  type DesiredNeighbour,
  type DesiredSysctl,
  explain,
  type NetworkDescription,
} from './desired/network-description.ts';
export { type EniPlace, routeTableId } from './desired/route-table-id.ts';
export type { EniLink, HostSettings, PodAttachment } from './desired/settings.ts';
export {
  HostNetworkError,
  type HostNetworkErrorCode,
  type HostNetworkFacts,
  isHostNetworkError,
} from './host-network-error.ts';
export type {
  IptablesDescription,
  IptablesRule,
  IptablesTableDescription,
} from './iptables/describe-iptables.ts';
export type { HostCommands } from './iptables/host-commands.ts';
export {
  parseIptablesSave,
  type SavedRule,
  type SavedTable,
  type SavedTables,
} from './iptables/parse-iptables-save.ts';
export { planIptables } from './iptables/plan-iptables.ts';
export type { Ipv4Address, Ipv4Cidr } from './ipv4.ts';
export type { LinkAddress } from './netlink/address.ts';
export type { Addresses } from './netlink/addresses.ts';
export type { Link, LinkChange, LinkSelector, VethPair } from './netlink/link.ts';
export type { Links } from './netlink/links.ts';
export type { Neighbour } from './netlink/neighbour.ts';
export type { Neighbours } from './netlink/neighbours.ts';
export { type Netlink, type NetlinkOptions, openNetlink } from './netlink/netlink.ts';
export type { Route } from './netlink/route.ts';
export { MAIN_TABLE } from './netlink/route.ts';
export type { Routes } from './netlink/routes.ts';
export type { Rule, RuleSelector } from './netlink/rule.ts';
export type { Rules } from './netlink/rules.ts';
export { enterNewNetns } from './netns/enter-new-netns.ts';
export { inNetns } from './netns/in-netns.ts';
