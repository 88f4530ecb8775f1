import type { InstanceNetworkInterface, NetworkInterface, Tag } from '@aws-sdk/client-ec2';
import type { Cloud } from '../cloud/cloud.ts';
import { type AttachedEni, type EniRecord, isAttached, statusOf } from '../cloud/eni.ts';
import { privateDnsName } from '../cloud/private-dns-name.ts';
import type { Tags } from '../cloud/tags.ts';

/** An ENI as `DescribeNetworkInterfaces` and `CreateNetworkInterface` show it. */
export function networkInterfaceShape(cloud: Cloud, eni: EniRecord): NetworkInterface {
  return {
    ...commonShape(cloud, eni),
    AvailabilityZone: eni.availabilityZone,
    Attachment: isAttached(eni)
      ? {
          ...attachmentShape(eni),
          InstanceId: eni.attachment.instanceId,
          InstanceOwnerId: cloud.accountId,
        }
      : undefined,
    ConnectionTrackingConfiguration: eni.connectionTracking && {
      TcpEstablishedTimeout: eni.connectionTracking.tcpEstablishedTimeout,
      UdpStreamTimeout: eni.connectionTracking.udpStreamTimeout,
      UdpTimeout: eni.connectionTracking.udpTimeout,
    },
    RequesterManaged: false,
    Status: statusOf(eni),
    TagSet: tagShapes(eni.tags),
  };
}

/** An ENI as `DescribeInstances` shows it. */
export const instanceNetworkInterfaceShape = (
  cloud: Cloud,
  eni: AttachedEni,
): InstanceNetworkInterface => ({
  ...commonShape(cloud, eni),
  Attachment: attachmentShape(eni),
  Status: statusOf(eni),
});

/** Tags in the order in which they were set. */
export const tagShapes = (tags: Tags): Tag[] => [...tags].map(([Key, Value]) => ({ Key, Value }));

function commonShape(cloud: Cloud, eni: EniRecord) {
  const association = eni.publicAddress && {
    PublicIp: eni.publicAddress,
    IpOwnerId: 'amazon',
    PublicDnsName: '',
  };
  return {
    Association: association || undefined,
    Description: eni.description,
    Groups: eni.securityGroupIds.map((GroupId) => ({
      GroupId,
      GroupName: cloud.network.securityGroup(GroupId).name,
    })),
    InterfaceType: eni.interfaceType as NetworkInterface['InterfaceType'], // as the caller gave it
    Ipv4Prefixes: eni.prefixes.map((Ipv4Prefix) => ({ Ipv4Prefix })),
    Ipv6Addresses: eni.ipv6Addresses.map((Ipv6Address) => ({ Ipv6Address })),
    Ipv6Prefixes: eni.ipv6Prefixes.map((Ipv6Prefix) => ({ Ipv6Prefix })),
    MacAddress: eni.mac,
    NetworkInterfaceId: eni.eniId,
    OwnerId: cloud.accountId,
    PrivateDnsName: privateDnsName(cloud, eni.primaryAddress),
    PrivateIpAddress: eni.primaryAddress,
    PrivateIpAddresses: [eni.primaryAddress, ...eni.secondaryAddresses].map((address, index) => ({
      Primary: index === 0,
      PrivateDnsName: privateDnsName(cloud, address),
      PrivateIpAddress: address,
      Association: index === 0 && association ? association : undefined,
    })),
    SourceDestCheck: eni.isSourceDestCheckOn,
    SubnetId: eni.subnetId,
    VpcId: eni.vpcId,
  };
}

const attachmentShape = ({ attachment }: AttachedEni) => ({
  AttachTime: new Date(attachment.attachedAtMs),
  AttachmentId: attachment.attachmentId,
  DeleteOnTermination: attachment.deleteOnTermination,
  DeviceIndex: attachment.deviceIndex,
  NetworkCardIndex: attachment.networkCardIndex,
  Status: attachment.status,
});
