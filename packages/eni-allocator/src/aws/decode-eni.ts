import type {
  ConnectionTrackingConfiguration,
  NetworkInterface,
  NetworkInterfaceAttachment,
} from '@aws-sdk/client-ec2';
import {
  parseEniAttachmentId,
  parseEniId,
  parseInstanceId,
  parseIpv4Address,
  parseIpv4Prefix,
  parseIpv6Address,
  parseIpv6Prefix,
  parseSecurityGroupId,
  parseSubnetId,
} from '../ec2-ids.ts';
import type { ConnectionTracking, EniStatus, EniTruth } from '../ports.ts';

const STATUSES: ReadonlySet<string> = new Set([
  'pending',
  'available',
  'associated',
  'attaching',
  'in-use',
  'detaching',
] satisfies readonly EniStatus[]);

/**
 * An ENI in EC2's words as one in ours.
 *
 * @throws {TypeError} when something EC2 always sends is missing.
 */
export function decodeEni(eni: NetworkInterface): EniTruth {
  const addresses = eni.PrivateIpAddresses ?? [];
  const secondary = addresses.filter((address) => address.Primary !== true);
  return {
    eniId: parseEniId(required('NetworkInterfaceId', eni.NetworkInterfaceId)),
    mac: required('MacAddress', eni.MacAddress).toLowerCase(),
    subnetId: parseSubnetId(required('SubnetId', eni.SubnetId)),
    primaryAddress: parseIpv4Address(required('PrivateIpAddress', eni.PrivateIpAddress)),
    secondaryAddresses: secondary.map((address) =>
      parseIpv4Address(required('PrivateIpAddresses', address.PrivateIpAddress)),
    ),
    prefixes: (eni.Ipv4Prefixes ?? []).map(({ Ipv4Prefix }) =>
      parseIpv4Prefix(required('Ipv4Prefix', Ipv4Prefix)),
    ),
    ipv6Addresses: (eni.Ipv6Addresses ?? []).map(({ Ipv6Address }) =>
      parseIpv6Address(required('Ipv6Address', Ipv6Address)),
    ),
    ipv6Prefixes: (eni.Ipv6Prefixes ?? []).map(({ Ipv6Prefix }) =>
      parseIpv6Prefix(required('Ipv6Prefix', Ipv6Prefix)),
    ),
    status: decodeStatus(eni),
    description: eni.Description ?? '',
    tags: Object.fromEntries((eni.TagSet ?? []).map((tag) => [tag.Key ?? '', tag.Value ?? ''])),
    securityGroupIds: (eni.Groups ?? []).map(({ GroupId }) =>
      parseSecurityGroupId(required('GroupId', GroupId)),
    ),
    interfaceType: eni.InterfaceType ?? 'interface',
    ...decodeTracking(eni.ConnectionTrackingConfiguration),
    ...decodeAttachment(eni.Attachment),
  };
}

function decodeTracking(configuration: ConnectionTrackingConfiguration | undefined) {
  const { TcpEstablishedTimeout, UdpStreamTimeout, UdpTimeout } = configuration ?? {};
  const connectionTracking: ConnectionTracking = {
    ...(TcpEstablishedTimeout === undefined
      ? {}
      : { tcpEstablishedSeconds: TcpEstablishedTimeout }),
    ...(UdpStreamTimeout === undefined ? {} : { udpStreamSeconds: UdpStreamTimeout }),
    ...(UdpTimeout === undefined ? {} : { udpSeconds: UdpTimeout }),
  };
  return Object.keys(connectionTracking).length === 0 ? {} : { connectionTracking };
}

/** The attachment is more precise: an ENI is "in-use" from the first moment of attaching. */
function decodeStatus(eni: NetworkInterface): EniStatus {
  const attachment = eni.Attachment?.Status;
  const status = attachment === 'attaching' || attachment === 'detaching' ? attachment : eni.Status;
  return STATUSES.has(status ?? '') ? (status as EniStatus) : 'unknown'; // a member, by the test
}

/** Attachments of other services (`ela-attach-…`) are not to an instance and are none of our business. */
function decodeAttachment(attachment: NetworkInterfaceAttachment | undefined) {
  const { AttachmentId, InstanceId, DeviceIndex, NetworkCardIndex, Status, DeleteOnTermination } =
    attachment ?? {};
  if (AttachmentId === undefined || InstanceId === undefined || Status === 'detached') {
    return {};
  }
  return {
    attachmentId: parseEniAttachmentId(AttachmentId),
    instanceId: parseInstanceId(InstanceId),
    deviceNumber: DeviceIndex ?? 0,
    networkCardIndex: NetworkCardIndex ?? 0,
    ...(DeleteOnTermination === undefined ? {} : { isDeletedOnTermination: DeleteOnTermination }),
  };
}

/** The value, which EC2's documentation promises. */
export function required<T>(field: string, value: T | undefined): T {
  if (value === undefined) {
    throw new TypeError(`EC2's answer has no ${field}`);
  }
  return value;
}
