import { hostLinkName } from '../desired/host-link-name.ts';
import type {
  BranchEni,
  BranchMode,
  EniLink,
  HostSettings,
  PodAttachment,
} from '../desired/settings.ts';
import type { IpAddress } from '../ip.ts';
import { createTestHost, type TestHost } from '../netns-test-host.ts';
import { type HostNetwork, openHostNetwork } from './open-host-network.ts';

/** The addresses of plugin-and-host-network §9, or of its IPv6 cluster. */
export interface Addresses {
  readonly node: IpAddress;
  readonly trunk: IpAddress;
  readonly subnet: EniLink['subnetCidr'];
  readonly router: IpAddress;
  readonly sgPod: IpAddress;
  readonly neighbour: IpAddress;
  readonly peer: IpAddress;
}

export const ipv4 = {
  node: '10.0.40.10',
  trunk: '10.0.43.30',
  subnet: '10.0.32.0/19',
  router: '10.0.32.1',
  sgPod: '10.0.42.5',
  neighbour: '10.0.40.77',
  peer: '10.0.99.9',
} as const satisfies Addresses;

export const ipv6 = {
  node: '2600:1f14:aaa:bb00::10',
  trunk: '2600:1f14:aaa:bb00::30',
  subnet: '2600:1f14:aaa:bb00::/64',
  router: 'fe80:ec2::1',
  sgPod: '2600:1f14:aaa:bb00::5',
  neighbour: '2600:1f14:aaa:bb00::77',
  peer: '2600:1f14:aaa:bb00::9',
} as const satisfies Addresses;

export const INTERNET = '198.51.100.1';
export const BRANCH_MAC = '02:7f:de:ad:be:ef';

/** A node with a trunk, eth2, whose pods are not wired yet. */
export interface BranchNode {
  readonly host: TestHost;
  readonly network: HostNetwork;
  readonly settings: HostSettings;
  readonly trunk: EniLink;
  /** A pod whose ENI is VLAN 7 of the trunk. */
  readonly sgPod: PodAttachment & { readonly branch: BranchEni };
  /** A pod of the primary ENI. */
  readonly neighbour: PodAttachment;
  close(): Promise<void>;
}

export async function createBranchNode(
  mode: BranchMode,
  addresses: Addresses = ipv4,
): Promise<BranchNode> {
  const host = createTestHost();
  const network = openHostNetwork({ linkWaitMs: 100 });
  const settings: HostSettings = {
    primaryMac: '0a:11:22:33:44:00',
    primaryAddress: addresses.node,
    vpcCidrs: ['10.0.0.0/16'],
    vethPrefix: 'eni',
    eniMtuBytes: 9001,
    connmark: 0x80,
    nodePortSupport: true,
    externalSnat: false,
    excludeSnatCidrs: [],
    randomizeSnat: 'prng',
    branchEnis: mode,
  };
  const trunk: EniLink = {
    mac: '0a:11:22:33:44:02',
    primaryAddress: addresses.trunk,
    subnetCidr: addresses.subnet,
    routeTableId: 3,
    isTrunk: true,
  };
  host.addEni({ name: 'eth0', mac: settings.primaryMac });
  host.addEni({ name: 'eth2', mac: trunk.mac });
  // A strict pod's answers to the node pass through it twice. The first time, early demultiplexing would give them
  // to the socket that asked, and the kernel does not forward what has a socket.
  host.sh(`
    sysctl -qw net.ipv4.ip_forward=1 net.ipv4.conf.default.rp_filter=1 net.ipv6.conf.all.forwarding=1
    sysctl -qw net.ipv4.tcp_early_demux=0 net.ipv4.udp_early_demux=0
    ip addr add ${addresses.node}/${addresses.subnet.split('/')[1]} dev eth0 ${addresses === ipv4 ? 'brd +' : 'nodad'}
    ip link set eth0 up
    ${addresses === ipv4 ? `ip route add default via ${addresses.router} dev eth0` : ''}`);
  await network.setUpHost(settings);
  await network.setUpEni(trunk, settings);
  const [sg = '', other = ''] = host.addPodNetns('sg', 'other');
  const trunkLinkIndex = Number.parseInt(host.sh('ip -o link show eth2'), 10);
  return {
    host,
    network,
    settings,
    trunk,
    sgPod: {
      ...podAt(addresses.sgPod, sg, mode === 'strict' ? 'vlan' : 'eni', 'sg-pod'),
      branch: { vlanId: 7, mac: BRANCH_MAC, router: addresses.router, trunkLinkIndex, mode },
    },
    neighbour: podAt(addresses.neighbour, other, 'eni', 'other'),
    close: async () => {
      await network.close();
      host.close();
    },
  };
}

/** The node's pod with an address of the other family too. */
export function dualStackPod({ sgPod }: BranchNode): PodAttachment {
  const branch = { ...sgPod.branch, secondRouter: ipv6.router };
  return { ...sgPod, secondAddress: ipv6.sgPod, branch };
}

const podAt = (
  address: IpAddress,
  netnsPath: string,
  prefix: string,
  podName: string,
): PodAttachment => ({
  netnsPath,
  podLinkName: 'eth0',
  hostLinkName: hostLinkName({ prefix, podNamespace: 'default', podName }),
  address,
  routeTableId: 254,
  mtuBytes: 9001,
});

/**
 * Makes a VPC of what is outside: a router, a peer and the internet, that answer for every address. The branch
 * ENI's end of the cable is v7. The source check is about packets: the node asks for the branch ENI's router in
 * its own name.
 */
export function makeVpc({ host }: BranchNode): void {
  const vpc = `ip -n ${host.outside}`;
  const { router, peer, node, neighbour, sgPod } = ipv4;
  host.sh(`
    ${vpc} link set lo up
    for address in ${router} ${peer} ${INTERNET}; do ${vpc} addr add $address/32 dev lo; done
    ip netns exec ${host.outside} sysctl -qw net.ipv4.ip_forward=1 net.ipv4.conf.eth0.proxy_arp=1
    ip netns exec ${host.outside} nft 'table ip vpc { chain sources {
      type filter hook prerouting priority raw;
      iifname v7 ip saddr != ${sgPod} drop;
      iifname eth0 ip saddr ${sgPod} drop; }; }'
    ${vpc} link add link eth2 name v7 type vlan id 7; ${vpc} link set v7 up
    ${vpc} route add ${node} dev eth0
    ${vpc} route add ${neighbour} via ${node} dev eth0 onlink
    ${vpc} route add ${sgPod} dev v7 src ${peer}
    ${vpc} neigh add ${sgPod} lladdr ${BRANCH_MAC} nud permanent dev v7`);
}

/** The same in IPv6, with nobody but the router and the peer. */
export function makeIpv6Vpc(node: BranchNode): void {
  const vpc = `ip -n ${node.host.outside}`;
  node.host.sh(`
    ${vpc} link set lo up
    ${vpc} link add link eth2 name v7 type vlan id 7; ${vpc} link set v7 up`);
  addIpv6Side(node);
}

/** Router and peer in IPv6, at the branch ENI's end of the cable. */
export function addIpv6Side({ host }: BranchNode): void {
  const vpc = `ip -n ${host.outside}`;
  const { router, peer, sgPod } = ipv6;
  host.sh(`
    ${vpc} addr add ${peer}/128 dev lo
    ${vpc} addr add ${router}/64 dev v7 nodad
    ${vpc} route add ${sgPod} dev v7 src ${peer}
    ${vpc} neigh add ${sgPod} lladdr ${BRANCH_MAC} nud permanent dev v7`);
}
