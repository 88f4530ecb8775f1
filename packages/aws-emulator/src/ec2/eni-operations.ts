import {
  AttachNetworkInterface$,
  type AttachNetworkInterfaceRequest,
  type AttachNetworkInterfaceResult,
  CreateNetworkInterface$,
  type CreateNetworkInterfaceRequest,
  type CreateNetworkInterfaceResult,
  DeleteNetworkInterface$,
  type DeleteNetworkInterfaceRequest,
  DeleteSecurityGroup$,
  type DeleteSecurityGroupRequest,
  type DeleteSecurityGroupResult,
  DetachNetworkInterface$,
  type DetachNetworkInterfaceRequest,
  ModifyNetworkInterfaceAttribute$,
  type ModifyNetworkInterfaceAttributeRequest,
} from '@aws-sdk/client-ec2';
import { Ec2Error, invalidValue, missing, required } from '../cloud/ec2-error.ts';
import type { EniRecord } from '../cloud/eni.ts';
import type { CreateEniRequest } from '../cloud/eni-store.ts';
import { networkInterfaceShape } from './network-interface-shape.ts';
import { type OperationContext, operation } from './operation.ts';

export const createNetworkInterface = operation<
  CreateNetworkInterfaceRequest,
  CreateNetworkInterfaceResult
>(CreateNetworkInterface$, (input, context) => {
  const { cloud, clientTokens, clock } = context;
  const token = input.ClientToken;
  const existing = token === undefined ? undefined : clientTokens.find(token, input);
  const known = existing === undefined ? undefined : cloud.enis.get(existing);
  const eni = known ?? cloud.enis.create(createRequest(input), clock.nowMs());
  if (token !== undefined) {
    clientTokens.remember(token, input, eni.eniId);
  }
  return { NetworkInterface: networkInterfaceShape(cloud, eni), ClientToken: token };
});

export const attachNetworkInterface = operation<
  AttachNetworkInterfaceRequest,
  AttachNetworkInterfaceResult
>(AttachNetworkInterface$, async (input, { lifeCycle }) => {
  const networkCardIndex = input.NetworkCardIndex ?? 0;
  const { attachmentId } = await lifeCycle.attach(
    required(input.NetworkInterfaceId, 'networkInterfaceId'),
    required(input.InstanceId, 'instanceId'),
    { deviceIndex: required(input.DeviceIndex, 'deviceIndex'), networkCardIndex },
  );
  return { AttachmentId: attachmentId, NetworkCardIndex: networkCardIndex };
});

export const detachNetworkInterface = operation<DetachNetworkInterfaceRequest, object>(
  DetachNetworkInterface$,
  async (input, { lifeCycle }) => {
    const attachmentId = required(input.AttachmentId, 'attachmentId');
    await lifeCycle.detach(attachmentId, { force: input.Force ?? false });
    return {};
  },
);

export const deleteNetworkInterface = operation<DeleteNetworkInterfaceRequest, object>(
  DeleteNetworkInterface$,
  (input, { cloud }) => {
    cloud.enis.delete(required(input.NetworkInterfaceId, 'networkInterfaceId'));
    return {};
  },
);

export const deleteSecurityGroup = operation<DeleteSecurityGroupRequest, DeleteSecurityGroupResult>(
  DeleteSecurityGroup$,
  (input, { cloud }) => {
    const groupId = required(input.GroupId, 'groupId');
    cloud.network.deleteSecurityGroup(groupId, (id) =>
      [...cloud.enis.all.values()].some((eni) => eni.securityGroupIds.includes(id)),
    );
    return { Return: true, GroupId: groupId };
  },
);

export const modifyNetworkInterfaceAttribute = operation<
  ModifyNetworkInterfaceAttributeRequest,
  object
>(ModifyNetworkInterfaceAttribute$, (input, { cloud }) => {
  const eni = cloud.enis.get(required(input.NetworkInterfaceId, 'networkInterfaceId'));
  const changes = changesOf(input, eni, cloud);
  const [change, second] = changes;
  if (change === undefined) {
    throw missing('attribute');
  }
  if (second !== undefined) {
    throw new Ec2Error(
      'InvalidParameterCombination',
      'Fields for multiple attribute types specified',
    );
  }
  change();
  return {};
});

/** The changes a request asks for, checked but not made: EC2 takes exactly one at a time. */
function changesOf(
  input: ModifyNetworkInterfaceAttributeRequest,
  eni: EniRecord,
  cloud: OperationContext['cloud'],
): readonly (() => void)[] {
  const changes: (() => void)[] = [];
  const { Groups, Description, SourceDestCheck, Attachment, ConnectionTrackingSpecification } =
    input;
  if (Groups !== undefined) {
    const groupIds = cloud.network.groupsForEni(eni.vpcId, Groups);
    changes.push(() => {
      eni.securityGroupIds = groupIds;
    });
  }
  if (Description !== undefined) {
    changes.push(() => {
      eni.description = Description.Value ?? '';
    });
  }
  if (SourceDestCheck !== undefined) {
    const isOn = required(SourceDestCheck.Value, 'sourceDestCheck');
    changes.push(() => {
      eni.isSourceDestCheckOn = isOn;
    });
  }
  if (ConnectionTrackingSpecification !== undefined) {
    changes.push(() => {
      eni.connectionTracking = { ...eni.connectionTracking, ...trackingOf(input) };
    });
  }
  if (Attachment !== undefined) {
    const attachmentId = required(Attachment.AttachmentId, 'attachmentId');
    const deleteOnTermination = required(Attachment.DeleteOnTermination, 'deleteOnTermination');
    const { attachment, eniId } = cloud.enis.byAttachment(attachmentId);
    if (eniId !== eni.eniId) {
      throw new Ec2Error(
        'InvalidAttachmentID.NotFound',
        `The attachment ID '${attachmentId}' does not exist`,
      );
    }
    changes.push(() => {
      attachment.deleteOnTermination = deleteOnTermination;
    });
  }
  return changes;
}

function createRequest(input: CreateNetworkInterfaceRequest): CreateEniRequest {
  const listed = input.PrivateIpAddresses ?? [];
  const primaryListed = listed.filter(({ Primary }) => Primary === true);
  if (primaryListed.length > 1 || (primaryListed.length === 1 && input.PrivateIpAddress)) {
    throw new Ec2Error(
      'InvalidParameterCombination',
      'Only one primary private IP address can be specified.',
    );
  }
  const secondary = listed.flatMap(({ Primary, PrivateIpAddress }) =>
    Primary === true ? [] : [required(PrivateIpAddress, 'privateIpAddress')],
  );
  const ipv4 = {
    addresses: secondary,
    addressCount: input.SecondaryPrivateIpAddressCount || undefined,
    prefixes: input.Ipv4Prefixes?.map(({ Ipv4Prefix }) => required(Ipv4Prefix, 'ipv4Prefix')),
    prefixCount: input.Ipv4PrefixCount || undefined,
  };
  const ipv6 = {
    addresses: input.Ipv6Addresses?.map(({ Ipv6Address }) => required(Ipv6Address, 'ipv6Address')),
    addressCount: input.Ipv6AddressCount || undefined,
    prefixes: input.Ipv6Prefixes?.map(({ Ipv6Prefix }) => required(Ipv6Prefix, 'ipv6Prefix')),
    prefixCount: input.Ipv6PrefixCount || undefined,
  };
  return {
    subnetId: required(input.SubnetId, 'subnetId'),
    groupIds: input.Groups,
    description: input.Description,
    interfaceType: input.InterfaceType,
    primaryAddress: input.PrivateIpAddress ?? primaryListed[0]?.PrivateIpAddress,
    ipv4: asksForNothing(ipv4) ? undefined : ipv4,
    ipv6: asksForNothing(ipv6) ? undefined : ipv6,
    connectionTracking: input.ConnectionTrackingSpecification && trackingOf(input),
    tags: tagsFor(input),
  };
}

const asksForNothing = (request: Readonly<Record<string, unknown>>): boolean =>
  Object.values(request).every(
    (value) => value === undefined || (Array.isArray(value) && value.length === 0),
  );

function tagsFor(input: CreateNetworkInterfaceRequest) {
  return (input.TagSpecifications ?? []).flatMap(({ ResourceType, Tags }) => {
    if (ResourceType !== 'network-interface') {
      throw invalidValue(
        `'${ResourceType}' is not a valid taggable resource type for this operation.`,
      );
    }
    return Tags ?? [];
  });
}

function trackingOf(input: Pick<CreateNetworkInterfaceRequest, 'ConnectionTrackingSpecification'>) {
  const { TcpEstablishedTimeout, UdpStreamTimeout, UdpTimeout } =
    input.ConnectionTrackingSpecification ?? {};
  return {
    ...(TcpEstablishedTimeout === undefined
      ? {}
      : { tcpEstablishedTimeout: TcpEstablishedTimeout }),
    ...(UdpStreamTimeout === undefined ? {} : { udpStreamTimeout: UdpStreamTimeout }),
    ...(UdpTimeout === undefined ? {} : { udpTimeout: UdpTimeout }),
  };
}
