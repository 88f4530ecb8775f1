// For people who use the package.
export type { Clock } from './apply/clock.ts';
export type { PodLinks } from './apply/create-pod-links.ts';
export {
  createEgressAddresses,
  type EgressAddresses,
  type EgressHolder,
  type EgressPool,
} from './apply/egress-addresses.ts';
export {
  createEgressWiring,
  type EgressContainer,
  type EgressWiring,
  type NamedLink,
} from './apply/egress-wiring.ts';
// For people who build on it, and for tests that need a host of their own.
export { DOOMED_LINK_GROUP } from './apply/link-sweeper.ts';
export {
  type CallOptions,
  type HostNetwork,
  type HostNetworkOptions,
  openHostNetwork,
} from './apply/open-host-network.ts';
export {
  createPodWiring,
  type PodWiring,
  type WiredBranch,
  type WiredPod,
  wiredAttachment,
} from './apply/pod-wiring.ts';
export type { DesiredNode, Repair, RepairReport } from './apply/repair.ts';

export { writeSysctl } from './apply/sysctl.ts';
export { deriveMtus, type Mtus } from './desired/derive-mtus.ts';
export { EGRESS_LINK_NAMES } from './desired/describe-egress.ts';
export { describeEni } from './desired/describe-eni.ts';
export { describeHost, type HostDescription } from './desired/describe-host.ts';
export { describePod, POD_GATEWAY, type PodDescription } from './desired/describe-pod.ts';
export { diff } from './desired/diff.ts';
export {
  type Explainable,
  explain,
  explainIptables,
} from './desired/explain.ts';
export type { HostFacts, IptablesBackend, IptablesFacts } from './desired/host-facts.ts';
export { type HostLinkNameInput, hostLinkName } from './desired/host-link-name.ts';
export { changeText, type NetworkChange } from './desired/network-change.ts';
export type {
  Claims,
  DesiredLink,
  DesiredNeighbour,
  DesiredSysctl,
  DesiredVlan,
  NetworkDescription,
  RuleClaim,
  SysctlValue,
} from './desired/network-description.ts';
export { type NetworkState, untouched } from './desired/network-state.ts';
export { type EniPlace, routeTableId } from './desired/route-table-id.ts';
export type {
  BranchEni,
  BranchMode,
  EniLink,
  HostSettings,
  PodAttachment,
  WiredAttachment,
} from './desired/settings.ts';
export { type Subnet, subnetOf } from './desired/subnet.ts';
export {
  HostNetworkError,
  type HostNetworkErrorCode,
  type HostNetworkFacts,
  isHostNetworkError,
} from './host-network-error.ts';
export type { IpAddress, IpCidr, IpFamily } from './ip.ts';
export type {
  IptablesDescription,
  IptablesRule,
  IptablesTableDescription,
} from './iptables/describe-iptables.ts';
export type { HostCommands, IptablesFamilies, IptablesPrograms } from './iptables/host-commands.ts';
export type { PacketFilterDescription } from './iptables/packet-filter.ts';
export {
  parseIptablesSave,
  type SavedRule,
  type SavedTable,
  type SavedTables,
} from './iptables/parse-iptables-save.ts';
export { planIptables } from './iptables/plan-iptables.ts';
export type { Ipv4Address, Ipv4Cidr } from './ipv4.ts';
export type { Ipv6Address, Ipv6Cidr } from './ipv6.ts';
export type { LinkAddress } from './netlink/address.ts';
export type { Addresses } from './netlink/addresses.ts';
export type { ChannelOptions as NetlinkOptions } from './netlink/channel.ts';
export { type Conntrack, openConntrack } from './netlink/conntrack.ts';
export type { Link, LinkChange, LinkSelector, NewLink, NewVlan, VethPair } from './netlink/link.ts';
export type { LinkEvent, LinkWatch } from './netlink/link-watch.ts';
export type { Links } from './netlink/links.ts';
export type { Neighbour } from './netlink/neighbour.ts';
export type { Neighbours } from './netlink/neighbours.ts';
export { type Netlink, openNetlink } from './netlink/netlink.ts';
export type { RequestObserver } from './netlink/netlink-socket.ts';
export type { Route } from './netlink/route.ts';
export { MAIN_TABLE } from './netlink/route.ts';
export type { Routes } from './netlink/routes.ts';
export type { Rule, RuleSelector } from './netlink/rule.ts';
export type { Rules } from './netlink/rules.ts';
export { enterNewNetns } from './netns/enter-new-netns.ts';
export { inNetns } from './netns/in-netns.ts';
