import { hash } from 'node:crypto';
import { type IpAddress, ipFamily } from '../ip.ts';
import {
  comment,
  type IptablesDescription,
  MULTICAST,
  nothingIn,
  randomWords,
} from '../iptables/describe-iptables.ts';
import { EGRESS_LINK_NAMES } from './describe-egress.ts';
import type { IptablesFacts } from './host-facts.ts';
import type { HostSettings, PodAttachment } from './settings.ts';
import { hostCidr } from './subnet.ts';

/** Whose egress it is: what a chained plugin knows of a container from its first to its last request. */
export interface ContainerKey {
  /** `name` of the configuration list. */
  readonly networkName: string;
  readonly containerId: string;
  /** The node's address by which the container leaves; its family is the egress's. */
  readonly nodeAddress: IpAddress;
}

/**
 * A container's way off the node by a plugin of its own, for hosts whose settings have no `egressAddress`: with
 * a chain for each container, as the reference implementation's `egress-cni` makes it.
 */
export interface ContainerEgress extends ContainerKey {
  readonly netnsPath: string;
  /** One of 169.254.172.0/22 or fd00::ac:0/118. */
  readonly address: IpAddress;
  readonly mtuBytes: number;
  readonly randomizeSnat: HostSettings['randomizeSnat'];
}

const CHAIN_LENGTH = 28;
const DIGITS_OF_LINK = 8;

const digest = ({ networkName, containerId }: ContainerKey) =>
  hash('sha512', `${networkName}${containerId}`);

/** `CNI-E4-` or `CNI-E6-` and the head of a hash: 28 characters, as iptables allows. */
export const egressChainName = (key: ContainerKey): string =>
  `CNI-E${ipFamily(key.nodeAddress) === 'ipv4' ? 4 : 6}-${digest(key)}`.slice(0, CHAIN_LENGTH);

/** The link beside the pod's first, as {@link describePod} takes it. Its name is the same whenever it is asked for. */
export const egressAttachment = (
  egress: Omit<ContainerEgress, 'randomizeSnat'>,
): PodAttachment & { readonly isEgress: true } => ({
  netnsPath: egress.netnsPath,
  podLinkName: EGRESS_LINK_NAMES[ipFamily(egress.nodeAddress)],
  hostLinkName: `veth${digest(egress).slice(0, DIGITS_OF_LINK)}`,
  address: egress.address,
  mtuBytes: egress.mtuBytes,
  routeTableId: 0,
  isEgress: true,
});

/** The container's chain in table nat of its family, and the rule that leads there. */
export function describeEgressChain(
  egress: ContainerEgress,
  iptables: IptablesFacts,
): IptablesDescription {
  const { networkName, containerId, nodeAddress, address, randomizeSnat } = egress;
  const name = egressChainName(egress);
  const about = comment(`name: "${networkName}" id: "${containerId}"`);
  const random = randomWords(randomizeSnat, iptables);
  return {
    tables: [
      {
        ...nothingIn('nat'),
        chains: [
          {
            name,
            rules: [
              ['-d', MULTICAST[ipFamily(address)], ...about, '-j', 'ACCEPT'],
              [...about, '-j', 'SNAT', '--to-source', nodeAddress, ...random],
            ],
          },
        ],
        sharedRules: [
          { chain: 'POSTROUTING', rule: ['-s', hostCidr(address), ...about, '-j', name] },
        ],
      },
    ],
  };
}

/** What is left of it when it is gone. */
export const noEgressChain: IptablesDescription = { tables: [nothingIn('nat')] };
