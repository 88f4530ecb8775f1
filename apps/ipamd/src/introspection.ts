import { createServer, type Server } from 'node:http';
import { type AddressBook, type EniSnapshot, prefixAround, type Reservation } from '@vpc-cni/ipam';
import type { IpamdConfig } from './config.ts';

/** Answers of the introspection endpoint, by path; `undefined` when there is none now. */
export type IntrospectionViews = Readonly<Record<string, () => unknown>>;

/** Local HTTP endpoint that shows what the daemon believes; GET, no authentication, loopback only. */
export function createIntrospectionServer(current: () => IntrospectionViews): Server {
  return createServer((request, response) => {
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.writeHead(405, { Allow: 'GET, HEAD' }).end();
      return;
    }
    const views = current();
    const view = views[request.url ?? ''] ?? (() => ({ AvailableCommands: Object.keys(views) }));
    const shown = view();
    if (shown === undefined) {
      response.writeHead(404).end();
      return;
    }
    response.setHeader('Content-Type', 'application/json');
    response.end(JSON.stringify(shown));
  });
}

export function introspectionViews(options: {
  readonly config: IpamdConfig;
  readonly book: AddressBook;
  readonly nowMs: () => number;
  /** Of the node's ENIConfig, once the node is known. */
  readonly eniConfigName: () => string | undefined;
  readonly explain: () => unknown;
  readonly wiring: () => unknown;
}): IntrospectionViews {
  const { config, book, nowMs, eniConfigName, explain, wiring } = options;
  const { host, targets, cluster, enis } = config;
  const orNull = (cidrs: readonly string[]) => (cidrs.length > 0 ? cidrs : null);
  return {
    '/v1/enis': () => enisView(book, nowMs()),
    '/v1/eni-configs': eniConfigName,
    '/v1/ipamd-env-settings': () => ({
      WARM_ENI_TARGET: targets.warmEniTarget,
      WARM_IP_TARGET: targets.warmIpTarget,
      MINIMUM_IP_TARGET: targets.minimumIpTarget,
      AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG: cluster.customNetworking,
      AWS_MANAGE_ENIS_NON_SCHEDULABLE: cluster.manageEnisNonSchedulable,
      ENABLE_SUBNET_DISCOVERY: enis.discoversSubnets,
    }),
    '/v1/networkutils-env-settings': () => ({
      AWS_VPC_K8S_CNI_CONNMARK: host.connmark,
      AWS_VPC_K8S_CNI_EXCLUDE_SNAT_CIDRS: orNull(host.excludeSnatCidrs),
      AWS_EXTERNAL_SERVICE_CIDRS: orNull(host.externalServiceCidrs),
      AWS_VPC_K8S_CNI_EXTERNALSNAT: host.externalSnat,
      AWS_VPC_ENI_MTU: host.eniMtuBytes,
      AWS_VPC_K8S_CNI_VETHPREFIX: host.vethPrefix,
      AWS_VPC_CNI_NODE_PORT_SUPPORT: host.nodePortSupport,
      AWS_VPC_K8S_CNI_RANDOMIZESNAT: ['none', 'hashrandom', 'prng'].indexOf(host.randomizeSnat),
    }),
    '/v1/pool': explain,
    '/v1/wiring': wiring,
  };
}

/** The AWS VPC CNI's dump of its data store: network card → totals and ENIs. */
export function enisView(book: AddressBook, nowMs: number): unknown {
  const cidrsAround = (held: Reservation): readonly HeldIn[] => [
    { cidr: `${held.address}/32`, held },
    { cidr: prefixAround(held.address), held },
  ];
  const holders = Map.groupBy(book.reservations().flatMap(cidrsAround), ({ cidr }) => cidr);
  const { totalCount, reservedCount } = book.statistics(nowMs);
  const enis = book.enis(nowMs).map((eni) => [eni.eniId, eniView(eni, holders)]);
  return {
    '0': { TotalIPs: totalCount, AssignedIPs: reservedCount, ENIs: Object.fromEntries(enis) },
  };
}

/** A reservation, in one of the CIDRs that its address is in. */
interface HeldIn {
  readonly cidr: string;
  readonly held: Reservation;
}

/** The bytes of a netmask in base64, by prefix length. */
const MASKS: Readonly<Record<string, string>> = {
  32: '/////w==',
  28: '////8A==',
  80: '/////////////wAAAAAAAA==',
};

function eniView(
  { addresses, prefixes, ...eni }: EniSnapshot,
  holders: ReadonlyMap<string, readonly HeldIn[]>,
): unknown {
  const view = (cidr: string) => {
    const [IP, length = ''] = cidr.split('/');
    return {
      Cidr: { IP, Mask: MASKS[length] },
      IPAddresses: Object.fromEntries((holders.get(cidr) ?? []).map(addressView)),
      IsPrefix: length !== '32',
      AddressFamily: '',
    };
  };
  const viewOf = (cidrs: readonly string[]) =>
    Object.fromEntries(cidrs.map((cidr) => [cidr, view(cidr)]));
  const cidrs = [
    ...addresses.map(({ address }) => `${address}/32`),
    ...prefixes.map(({ prefix }) => prefix),
  ];
  const isIpv6 = (cidr: string) => cidr.includes(':');
  return {
    ID: eni.eniId,
    IsPrimary: eni.isPrimary,
    IsTrunk: eni.role === 'trunk',
    IsEFA: eni.role === 'efa',
    DeviceNumber: eni.deviceNumber,
    AvailableIPv4Cidrs: viewOf(cidrs.filter((cidr) => !isIpv6(cidr))),
    IPv6Cidrs: viewOf(cidrs.filter(isIpv6)),
    IsExcludedForPodIPs: false,
    RouteTableID: eni.routeTableId,
    SubnetID: eni.subnetId,
  };
}

/** Only addresses that somebody holds; container and interface are blanked, as upstream does. */
const addressView = ({ held: { address, key, metadata, reservedAtMs } }: HeldIn) => [
  address,
  {
    Address: address,
    IPAMKey: { networkName: key.networkName, containerID: '', ifName: '' },
    IPAMMetadata: {
      k8sPodNamespace: metadata.podNamespace,
      k8sPodName: metadata.podName,
      interfacesCount: metadata.interfacesCount,
    },
    AssignedTime: new Date(reservedAtMs).toISOString(),
    UnassignedTime: '0001-01-01T00:00:00Z',
  },
];
