import { addressInBlock, type Ipv4Block, isIpv6, linkLocalAddress } from './command-words.ts';
import { netnsPath } from './ip-batch.ts';
import type { IpStep } from './undo.ts';

/** Where the metadata service listens, in the fabric. */
export const IMDS_ADDRESS = '169.254.169.254';
/** Where the EC2 endpoint listens, in the fabric; every node reaches it through its default route. */
export const EC2_ENDPOINT_ADDRESS = '198.18.0.2';
/** The router of every subnet's IPv6 side, as VPC CNIs know it. */
export const IPV6_ROUTER = 'fe80:ec2::1';
/** The largest hop limit EC2 accepts for metadata replies. */
export const MAX_HOP_LIMIT = 64;
/** MTU inside a VPC, and of an ENI's link. */
export const VPC_MTU_BYTES = 9001;
/** MTU at an internet gateway. */
export const INTERNET_MTU_BYTES = 1500;

//   node namespace            the fabric                       gateway namespace       internet namespace
//   eth0 ── veth ── fe1 ┐                                   ┌────────────────────┐
//   eth1 ── veth ── fe2 ┼─ routes by ENI; lo owns the ── igw ─ vpc          internet ─ gateway
//   …                   ┘  routers, IMDS, EC2 endpoint      └─ translates, drops ┘
/** Names of the links between fabric, gateway and internet, each as seen in its namespace. */
export const LINKS = {
  fabricToGateway: 'igw',
  gatewayToFabric: 'vpc',
  gatewayToInternet: 'internet',
  internetToGateway: 'gateway',
} as const;
const FABRIC_TRANSIT = '198.18.1.1';
const GATEWAY_TRANSIT = '198.18.1.2';
const GATEWAY_OUTSIDE = '198.18.1.3';

/** The fixed part of a fabric: names of its namespaces, what is the VPC and what is the internet. */
export interface FabricPlan {
  readonly gatewayNetns: string;
  readonly internetNetns: string;
  readonly vpcCidrs: readonly string[];
  readonly internetAddress: string;
  readonly publicCidr: string;
}

/** One ENI with everything its port needs. */
export interface EniPort {
  readonly eniId: string;
  readonly portName: string;
  readonly mac: string;
  readonly linkName: string;
  readonly nodeNetns: string;
  readonly primaryAddress: string;
  readonly subnet: Ipv4Block;
  readonly hopLimit: number;
}

/** Adds a named namespace. */
export const netnsStep = (netns: string): IpStep => ({
  line: `netns add ${netns}`,
  undo: { kind: 'ip', line: `netns delete ${netns}` },
});

/** What the fabric's own namespace consists of before the first subnet. */
export const fabricSteps = (plan: FabricPlan): readonly IpStep[] => [
  netnsStep(plan.gatewayNetns),
  netnsStep(plan.internetNetns),
  { line: 'link set dev lo up' },
  ownedAddressStep(IMDS_ADDRESS, 'link'),
  ownedAddressStep(EC2_ENDPOINT_ADDRESS, 'global'),
  // Without these, the default route would make proxy ARP answer for addresses that no ENI has.
  ...plan.vpcCidrs.map((cidr) => ({
    line: `route add unreachable ${cidr}`,
    undo: { kind: 'ip', line: `route delete unreachable ${cidr}` } as const,
  })),
  {
    line: `link add name ${LINKS.fabricToGateway} mtu ${INTERNET_MTU_BYTES} type veth peer name ${LINKS.gatewayToFabric} netns ${plan.gatewayNetns} mtu ${INTERNET_MTU_BYTES}`,
    undo: { kind: 'link', linkName: LINKS.fabricToGateway },
  },
  { line: `address add ${FABRIC_TRANSIT} peer ${GATEWAY_TRANSIT} dev ${LINKS.fabricToGateway}` },
  { line: `link set dev ${LINKS.fabricToGateway} up` },
  { line: `route add default via ${GATEWAY_TRANSIT} dev ${LINKS.fabricToGateway}` },
];

/** What is configured inside the gateway's namespace; everything there goes with it. */
export const gatewaySteps = (plan: FabricPlan): readonly IpStep[] =>
  [
    `address add ${GATEWAY_TRANSIT} peer ${FABRIC_TRANSIT} dev ${LINKS.gatewayToFabric}`,
    `link set dev ${LINKS.gatewayToFabric} up`,
    ...plan.vpcCidrs.map((cidr) => `route add ${cidr} via ${FABRIC_TRANSIT}`),
    `link add name ${LINKS.gatewayToInternet} mtu ${INTERNET_MTU_BYTES} type veth peer name ${LINKS.internetToGateway} netns ${plan.internetNetns} mtu ${INTERNET_MTU_BYTES}`,
    `address add ${GATEWAY_OUTSIDE} peer ${plan.internetAddress} dev ${LINKS.gatewayToInternet}`,
    `link set dev ${LINKS.gatewayToInternet} up`,
    `route add default via ${plan.internetAddress} dev ${LINKS.gatewayToInternet}`,
    // A public address that is translated never gets as far as this route.
    `route add blackhole ${plan.publicCidr}`,
  ].map((line) => ({ line }));

/** What is configured inside the internet's namespace. */
export const internetSteps = (plan: FabricPlan): readonly IpStep[] =>
  [
    `address add ${plan.internetAddress} peer ${GATEWAY_OUTSIDE} dev ${LINKS.internetToGateway}`,
    `link set dev ${LINKS.internetToGateway} up`,
    `route add ${plan.publicCidr} via ${GATEWAY_OUTSIDE}`,
  ].map((line) => ({ line }));

/** A subnet's router (base + 1) and resolver (base + 2). */
export const subnetSteps = (subnet: Ipv4Block): readonly IpStep[] =>
  [1, 2].map((offset) => ownedAddressStep(addressInBlock(subnet, offset), 'global'));

/** The fabric's side of an ENI: its port, and the node's link with the ENI's MAC, down and unconfigured. */
export const portSteps = (port: EniPort): readonly IpStep[] => [
  {
    line: `link add name ${port.portName} group ${hopLimitGroup(port.hopLimit)} mtu ${VPC_MTU_BYTES} type veth peer name ${port.linkName} netns ${port.nodeNetns} address ${port.mac} mtu ${VPC_MTU_BYTES}`,
    undo: { kind: 'link', linkName: port.portName },
  },
  { line: `link set dev ${port.portName} alias ${port.eniId} up` },
  // A VPC finds an ENI by its mapping and never asks the node by ARP.
  {
    line: `neighbour add ${port.primaryAddress} lladdr ${port.mac} dev ${port.portName} nud permanent`,
  },
];

/** The same for an ENI with IPv6: the router, and the ENI, which is not asked either. */
export const ipv6PortSteps = ({ portName, mac }: EniPort): readonly IpStep[] =>
  [
    `address replace ${IPV6_ROUTER}/64 dev ${portName} nodad`,
    `neighbour replace ${linkLocalAddress(mac)} lladdr ${mac} dev ${portName} nud permanent`,
  ].map((line) => ({ line }));

/**
 * Routes a destination (canonical CIDR) to an ENI.
 *
 * All but the primary address go `via` it, so that frames carry the ENI's MAC without ARP: nodes do not answer for
 * the addresses of their pods. With `rp_filter=1` the same route is what makes the destination a valid source.
 */
export const destinationStep = (port: EniPort, cidr: string): IpStep =>
  isIpv6(cidr) ? ipv6DestinationStep(port, cidr) : ipv4DestinationStep(port, cidr);

/** All of them go via the ENI's link-local address. */
const ipv6DestinationStep = ({ portName, mac }: EniPort, cidr: string): IpStep => ({
  line: `route add ${cidr} via ${linkLocalAddress(mac)} dev ${portName}`,
  undo: { kind: 'ip', line: `route delete ${cidr} dev ${portName}` },
});

const ipv4DestinationStep = (port: EniPort, cidr: string): IpStep => {
  const viaPrimary = isPrimary(port, cidr) ? '' : ` via ${port.primaryAddress}`;
  const onlink = isPrimary(port, cidr) ? '' : ' onlink';
  const route = `${cidr}${viaPrimary} dev ${port.portName}${onlink} src ${addressInBlock(port.subnet, 1)}`;
  return {
    line: `route add ${route}`,
    undo: { kind: 'ip', line: `route delete ${cidr} dev ${port.portName}` },
  };
};

/** The reverse of {@link destinationStep}. */
export const destinationRemovalStep = (port: EniPort, cidr: string): IpStep => ({
  line: `route delete ${cidr} dev ${port.portName}`,
  undo: { kind: 'ip', line: destinationStep(port, cidr).line },
});

/** What DHCP does in the node for the primary ENI. */
export const dhcpSteps = (port: EniPort): readonly IpStep[] =>
  [
    `link set dev ${port.linkName} up`,
    `address add ${port.primaryAddress}/${port.subnet.prefixLength} brd + dev ${port.linkName}`,
    `route add default via ${addressInBlock(port.subnet, 1)} dev ${port.linkName} proto dhcp src ${port.primaryAddress} metric 512`,
  ].map((line) => ({ line }));

/** What DHCPv6 and router advertisements do in the node for an IPv6 address (CIDR) of the primary ENI. */
export const dhcpv6Steps = ({ linkName }: EniPort, cidr: string): readonly IpStep[] =>
  [
    `address add ${cidr} dev ${linkName} nodad`,
    `route replace ::/0 via ${IPV6_ROUTER} dev ${linkName} proto ra metric 512`,
  ].map((line) => ({ line }));

/** Changes the limit of metadata replies that leave by a port. */
export const hopLimitStep = (portName: string, hopLimit: number): IpStep => ({
  line: `link set dev ${portName} group ${hopLimitGroup(hopLimit)}`,
});

/** The link group of ports whose metadata replies may travel `hopLimit` hops. */
export const hopLimitGroup = (hopLimit: number): number => 1000 + hopLimit;

/** What a node calls the link of an ENI. Slots of further network cards are numbered from 10 × card on. */
export const eniLinkName = (slot: {
  readonly networkCardIndex: number;
  readonly deviceIndex: number;
}): string => `eth${10 * slot.networkCardIndex + slot.deviceIndex}`;

/** A namespace by name (for `ip -n`) and by path. */
export const netnsOf = (netns: string) => ({ netns, netnsPath: netnsPath(netns) });

const isPrimary = (port: EniPort, cidr: string) => cidr === `${port.primaryAddress}/32`;

// Link scope keeps the metadata address from being chosen as the source of anything else.
const ownedAddressStep = (address: string, scope: 'global' | 'link'): IpStep => ({
  line: `address add ${address}/32 dev lo scope ${scope}`,
  undo: { kind: 'ip', line: `address delete ${address}/32 dev lo` },
});
