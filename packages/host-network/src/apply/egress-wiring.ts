import {
  type ContainerEgress,
  type ContainerKey,
  egressAttachment,
} from '../desired/container-egress.ts';
import { egressCidr, isEgressAddress } from '../desired/egress-cidrs.ts';
import { ipv6Setting } from '../desired/ipv6-settings.ts';
import type { DesiredSysctl } from '../desired/network-description.ts';
import type { HostSettings } from '../desired/settings.ts';
import { ipFamily, parseIpAddress } from '../ip.ts';
import { createEgressChains, type EgressChains } from '../iptables/egress-chains.ts';
import { defaultCommands, type HostCommands } from '../iptables/host-commands.ts';
import { inNetns } from '../netns/in-netns.ts';
import type { HostNetwork } from './open-host-network.ts';
import { writeSysctl } from './sysctl.ts';

/** A container by what a chained egress plugin is told of it. */
export interface EgressContainer {
  readonly networkName: string;
  readonly containerId: string;
  /** Path of the pod's network namespace; may be empty or gone on teardown. */
  readonly netnsPath: string;
  /** Of its first link. IPv6 is switched off there when the egress is IPv6, as in the reference. */
  readonly podLinkName: string;
  /** The node's, in the family of the egress. */
  readonly nodeAddress: string;
  readonly mtuBytes: number;
  readonly randomizeSnat: HostSettings['randomizeSnat'];
}

/** A link by name and hardware address. */
export interface NamedLink {
  readonly name: string;
  readonly mac: string;
}

/** Egress of single containers, for a plugin that is chained behind the one that wires pods. */
export interface EgressWiring {
  /**
   * Gives the container a link with the address, and a chain that translates it to the node's. On failure
   * nothing of it is left.
   *
   * @throws {TypeError} for an address outside the egress range of the family; {@link HostNetworkError}.
   */
  setUp(
    container: EgressContainer,
    address: string,
  ): Promise<{ readonly hostLink: NamedLink; readonly podLink: NamedLink }>;
  /** Takes it away, wherever it is, with or without namespace; fine when there is none. */
  tearDown(container: EgressContainer): Promise<void>;
  /** What is missing, in the words of ip(8) and iptables-restore(8); empty when all is well. */
  check(container: EgressContainer): Promise<readonly string[]>;
}

type PodNetwork = Pick<HostNetwork, 'setUpPod' | 'tearDownPod' | 'checkPod'>;

/** @param commands default: those of iptables on the PATH. */
export function createEgressWiring(
  network: PodNetwork,
  { commands = {} }: { readonly commands?: Partial<HostCommands> } = {},
): EgressWiring {
  const chains = createEgressChains({ ...defaultCommands, ...commands });
  return {
    setUp: async (container, address) => {
      const egress = egressOf(container, address);
      const attachment = egressAttachment(egress);
      writeSettings(container);
      // First, so that whatever there is of an egress can be found by its chain.
      await chains.ensure(egress);
      try {
        const { hostMac, podMac } = await network.setUpPod(attachment);
        return {
          hostLink: { name: attachment.hostLinkName, mac: hostMac },
          podLink: { name: attachment.podLinkName, mac: podMac },
        };
      } catch (error) {
        await removeQuietly(chains, egress);
        throw error;
      }
    },
    tearDown: async (container) => {
      const key = keyOf(container);
      const address = await chains.findAddress(key);
      if (address === undefined) return;
      await network.tearDownPod(egressAttachment({ ...container, ...key, address }));
      await chains.remove(key);
    },
    check: async (container) => {
      const key = keyOf(container);
      const address = await chains.findAddress(key);
      if (address === undefined) return [`host: a chain of table nat for ${container.containerId}`];
      const egress = { ...container, ...key, address };
      const lines = await chains.missing(egress);
      return [
        ...(await network.checkPod(egressAttachment(egress))),
        ...lines.map((line) => `host: ${line}`),
      ];
    },
  };
}

const keyOf = ({ networkName, containerId, nodeAddress }: EgressContainer): ContainerKey => ({
  networkName,
  containerId,
  nodeAddress: parseIpAddress(nodeAddress),
});

function egressOf(container: EgressContainer, addressText: string): ContainerEgress {
  const key = keyOf(container);
  const address = parseIpAddress(addressText);
  const family = ipFamily(key.nodeAddress);
  if (ipFamily(address) !== family || !isEgressAddress(address)) {
    throw new TypeError(
      `${addressText} is no address for egress by ${key.nodeAddress}: give one of ${egressCidr(family)}`,
    );
  }
  return { ...container, ...key, address };
}

function writeSettings({ nodeAddress, netnsPath, podLinkName }: EgressContainer): void {
  if (ipFamily(parseIpAddress(nodeAddress)) === 'ipv4') writeSysctl(forwarding);
  else inNetns(netnsPath, () => writeSysctl(ipv6Setting(podLinkName, 'disable_ipv6', '1')));
}

const forwarding: DesiredSysctl = { key: 'net/ipv4/ip_forward', value: '1', isOptional: false };

/** The error that led here says what is wrong; the runtime's DEL tries again. */
const removeQuietly = (chains: EgressChains, key: ContainerKey) =>
  chains.remove(key).catch(() => {});
