import { parseEniAttachmentId } from '../ec2-ids.ts';
import type { ConnectionTracking, Ec2NetworkPort } from '../ports.ts';
import { decodeEni, required } from './decode-eni.ts';
import { attachOutcomeOf, deleteOutcomeOf, detachOutcomeOf } from './expected-refusals.ts';
import type { Perform } from './perform.ts';

type EniOperations = Pick<
  Ec2NetworkPort,
  | 'createEni'
  | 'attachEni'
  | 'setDeleteOnTermination'
  | 'setSecurityGroups'
  | 'detachEni'
  | 'deleteEni'
  | 'createTags'
>;

/** The life of an ENI: create, attach, detach, delete. */
export const eniOperations = (perform: Perform): EniOperations => ({
  createEni(request, options = {}) {
    const { subnetId, secondaryAddressCount, prefixCount } = request;
    const call = {
      action: 'CreateNetworkInterface',
      doing:
        `creating an ENI with ` +
        `${prefixCount > 0 ? `${prefixCount} prefixes` : `${secondaryAddressCount} secondary addresses`} ` +
        `in ${subnetId}`,
      facts: { subnetId, secondaryAddressCount, prefixCount },
    };
    return perform(call, options, async (client, sdk, http) => {
      const command = new sdk.CreateNetworkInterfaceCommand({
        SubnetId: subnetId,
        Description: request.description,
        Groups: [...request.securityGroupIds],
        ClientToken: request.clientToken,
        TagSpecifications: [{ ResourceType: 'network-interface', Tags: encodeTags(request.tags) }],
        ...(secondaryAddressCount > 0
          ? { SecondaryPrivateIpAddressCount: secondaryAddressCount }
          : {}),
        ...(prefixCount > 0 ? { Ipv4PrefixCount: prefixCount } : {}),
        ...(request.hasIpv6Address === true ? { Ipv6AddressCount: 1 } : {}),
        ...encodeTracking(request.connectionTracking),
      });
      const answer = await client.send(command, http);
      return decodeEni(required('NetworkInterface', answer.NetworkInterface));
    });
  },

  attachEni(request, options = {}) {
    const { eniId, instanceId, deviceNumber, networkCardIndex } = request;
    const call = {
      action: 'AttachNetworkInterface',
      doing: `attaching ${eniId} to ${instanceId} as device ${deviceNumber}`,
      facts: { eniId, instanceId, deviceNumber, networkCardIndex },
    };
    return perform(call, options, async (client, sdk, http) => {
      const command = new sdk.AttachNetworkInterfaceCommand({
        NetworkInterfaceId: eniId,
        InstanceId: instanceId,
        DeviceIndex: deviceNumber,
        // Always said: without it EC2 looks for the device number on every card.
        NetworkCardIndex: networkCardIndex,
      });
      try {
        const answer = await client.send(command, http);
        const attachmentId = parseEniAttachmentId(required('AttachmentId', answer.AttachmentId));
        return { kind: 'attached', attachmentId };
      } catch (error) {
        return attachOutcomeOf(error);
      }
    });
  },

  setDeleteOnTermination({ eniId, attachmentId }, options = {}) {
    const call = {
      action: 'ModifyNetworkInterfaceAttribute',
      doing: `letting ${eniId} go with its instance`,
      facts: { eniId, attachmentId },
    };
    return perform(call, options, async (client, sdk, http) => {
      const command = new sdk.ModifyNetworkInterfaceAttributeCommand({
        NetworkInterfaceId: eniId,
        Attachment: { AttachmentId: attachmentId, DeleteOnTermination: true },
      });
      await client.send(command, http);
    });
  },

  setSecurityGroups({ eniId, securityGroupIds }, options = {}) {
    const call = {
      action: 'ModifyNetworkInterfaceAttribute',
      doing: `setting the security groups of ${eniId} to ${securityGroupIds.join(', ')}`,
      facts: { eniId },
    };
    return perform(call, options, async (client, sdk, http) => {
      const command = new sdk.ModifyNetworkInterfaceAttributeCommand({
        NetworkInterfaceId: eniId,
        Groups: [...securityGroupIds],
      });
      await client.send(command, http);
    });
  },

  detachEni({ eniId, attachmentId }, options = {}) {
    const call = {
      action: 'DetachNetworkInterface',
      doing: `detaching ${eniId} (${attachmentId})`,
      facts: { eniId, attachmentId },
    };
    return perform(call, options, async (client, sdk, http) => {
      const command = new sdk.DetachNetworkInterfaceCommand({ AttachmentId: attachmentId });
      try {
        await client.send(command, http);
        return 'detaching';
      } catch (error) {
        return detachOutcomeOf(error);
      }
    });
  },

  deleteEni(eniId, options = {}) {
    const call = {
      action: 'DeleteNetworkInterface',
      doing: `deleting ${eniId}`,
      facts: { eniId },
    };
    return perform(call, options, async (client, sdk, http) => {
      const command = new sdk.DeleteNetworkInterfaceCommand({ NetworkInterfaceId: eniId });
      try {
        await client.send(command, http);
        return 'deleted';
      } catch (error) {
        return deleteOutcomeOf(error);
      }
    });
  },

  createTags({ eniId, tags }, options = {}) {
    const call = { action: 'CreateTags', doing: `tagging ${eniId}`, facts: { eniId } };
    return perform(call, options, async (client, sdk, http) => {
      const command = new sdk.CreateTagsCommand({ Resources: [eniId], Tags: encodeTags(tags) });
      await client.send(command, http);
    });
  },
});

const encodeTracking = (tracking: ConnectionTracking | undefined) =>
  tracking === undefined
    ? {}
    : {
        ConnectionTrackingSpecification: {
          TcpEstablishedTimeout: tracking.tcpEstablishedSeconds,
          UdpStreamTimeout: tracking.udpStreamSeconds,
          UdpTimeout: tracking.udpSeconds,
        },
      };

const encodeTags = (tags: Readonly<Record<string, string>>) =>
  Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
