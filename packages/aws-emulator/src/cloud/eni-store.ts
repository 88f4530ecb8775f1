import { checkAttachable, type Slot } from './attach-rules.ts';
import { Ec2Error, found, invalidValue } from './ec2-error.ts';
import {
  type AttachedEni,
  type ConnectionTracking,
  type EniAttachment,
  type EniRecord,
  isAttached,
} from './eni.ts';
import {
  type AssignRequest,
  addressRefused,
  assignAddresses,
  releaseToSubnet,
} from './eni-addresses.ts';
import { assignIpv6, releaseIpv6 } from './eni-ipv6-addresses.ts';
import type { EniAttachmentId, EniId, IdSource, InstanceId } from './ids.ts';
import type { InstanceRecord } from './instance.ts';
import { type Ipv4Address, ipv4Number } from './ipv4.ts';
import type { Network, SubnetRecord } from './network.ts';
import { setTags, type TagInput } from './tags.ts';

/** EC2's ceiling for an ENI on no instance; on an instance the type's own limit counts. */
const MAX_SLOTS_UNATTACHED = 64;

/** What a new ENI shall have. Counts and lists of one family exclude each other. */
export interface CreateEniRequest {
  readonly subnetId: string;
  readonly groupIds?: readonly string[] | undefined;
  readonly description?: string | undefined;
  readonly interfaceType?: string | undefined;
  readonly primaryAddress?: string | undefined;
  readonly ipv4?: AssignRequest | undefined;
  readonly ipv6?: AssignRequest | undefined;
  readonly connectionTracking?: ConnectionTracking | undefined;
  readonly tags?: readonly TagInput[] | undefined;
}

/** All ENIs of the account, and the rules for creating, attaching and deleting them. */
export class EniStore {
  readonly all = new Map<EniId, EniRecord>();
  readonly #byAttachment = new Map<EniAttachmentId, EniRecord>();
  readonly #byInstance = new Map<InstanceId, Set<EniRecord>>();
  readonly #network: Network;
  readonly #ids: IdSource;

  constructor(network: Network, ids: IdSource) {
    this.#network = network;
    this.#ids = ids;
  }

  /** A copy for reading: later changes do not touch it. */
  copy(network: Network): EniStore {
    const copy = new EniStore(network, this.#ids);
    for (const eni of this.all.values()) {
      const { attachment } = eni;
      copy.#add({
        ...eni,
        attachment: attachment && { ...attachment },
        tags: new Map(eni.tags),
      });
    }
    return copy;
  }

  get(eniId: string): EniRecord {
    const code = 'InvalidNetworkInterfaceID.NotFound';
    return found(this.all.get(eniId as EniId), code, `networkInterface ID '${eniId}'`);
  }

  byAttachment(attachmentId: string): AttachedEni {
    const eni = this.#byAttachment.get(attachmentId as EniAttachmentId);
    const attached = eni !== undefined && isAttached(eni) ? eni : undefined;
    return found(attached, 'InvalidAttachmentID.NotFound', `attachment ID '${attachmentId}'`);
  }

  /** The ENIs of an instance by card and device index, in whichever state of attachment. */
  ofInstance(instanceId: InstanceId): readonly AttachedEni[] {
    return [...(this.#byInstance.get(instanceId) ?? [])]
      .filter(isAttached)
      .sort(
        ({ attachment: a }, { attachment: b }) =>
          a.networkCardIndex - b.networkCardIndex || a.deviceIndex - b.deviceIndex,
      );
  }

  /** Creates an ENI, or throws and leaves every account as it was. */
  create(request: CreateEniRequest, nowMs: number): EniRecord {
    const subnet = this.#network.subnet(request.subnetId);
    const securityGroupIds = this.#network.groupsForEni(subnet.vpcId, request.groupIds);
    const tags = new Map<string, string>();
    setTags(tags, request.tags ?? []);
    const eniId = this.#ids.eni();
    const eni: EniRecord = {
      eniId,
      mac: this.#ids.mac(),
      vpcId: subnet.vpcId,
      subnetId: subnet.subnetId,
      availabilityZone: subnet.availabilityZone,
      interfaceType: request.interfaceType ?? 'interface',
      primaryAddress: takePrimary(subnet, eniId, request.primaryAddress),
      createdAtMs: nowMs,
      secondaryAddresses: [],
      prefixes: [],
      ipv6Addresses: [],
      ipv6Prefixes: [],
      securityGroupIds,
      description: request.description ?? '',
      isSourceDestCheckOn: true,
      connectionTracking: request.connectionTracking,
      publicAddress: undefined,
      attachment: undefined,
      tags,
    };
    try {
      if (request.ipv4 !== undefined) {
        assignAddresses(eni, subnet, request.ipv4, MAX_SLOTS_UNATTACHED);
      }
      if (request.ipv6 !== undefined) {
        assignIpv6(eni, subnet, request.ipv6, MAX_SLOTS_UNATTACHED);
      }
    } catch (error) {
      releaseAll(eni, subnet);
      throw error;
    }
    this.#add(eni);
    return eni;
  }

  /** Deletes an ENI that is on no instance. */
  delete(eniId: string): EniRecord {
    const eni = this.get(eniId);
    if (eni.attachment !== undefined) {
      throw invalidValue(`Network interface '${eniId}' is currently in use.`);
    }
    this.all.delete(eni.eniId);
    releaseAll(eni, this.#network.subnet(eni.subnetId));
    return eni;
  }

  /** Checks and records an attachment; it is `attaching` until somebody says otherwise. */
  attach(eniId: string, instance: InstanceRecord, slot: Slot, nowMs: number): EniAttachment {
    const eni = this.get(eniId);
    checkAttachable(eni, instance, slot, this.ofInstance(instance.instanceId));
    const attachment: EniAttachment = {
      attachmentId: this.#ids.attachment(),
      instanceId: instance.instanceId,
      ...slot,
      attachedAtMs: nowMs,
      status: 'attaching',
      deleteOnTermination: false,
    };
    eni.attachment = attachment;
    this.#add(eni);
    return attachment;
  }

  /** Ends an attachment: the ENI is `available` again. */
  clearAttachment(eni: EniRecord): void {
    if (eni.attachment !== undefined) {
      this.#byAttachment.delete(eni.attachment.attachmentId);
      this.#byInstance.get(eni.attachment.instanceId)?.delete(eni);
      eni.attachment = undefined;
    }
  }

  /** Makes an ENI findable in every way; again when it has been attached. */
  #add(eni: EniRecord): void {
    this.all.set(eni.eniId, eni);
    const { attachment } = eni;
    if (attachment !== undefined) {
      this.#byAttachment.set(attachment.attachmentId, eni);
      const siblings = this.#byInstance.get(attachment.instanceId) ?? new Set();
      this.#byInstance.set(attachment.instanceId, siblings.add(eni));
    }
  }

  /** How many IPv4 slots an ENI may use on an instance, or on none. */
  slotLimit(instance: InstanceRecord | undefined): number {
    return instance === undefined ? MAX_SLOTS_UNATTACHED : instance.type.ipv4PerEni;
  }
}

function releaseAll(eni: EniRecord, subnet: SubnetRecord): void {
  const addresses = [eni.primaryAddress, ...eni.secondaryAddresses];
  releaseToSubnet(subnet, { addresses, prefixes: eni.prefixes });
  releaseIpv6(subnet, { addresses: eni.ipv6Addresses, prefixes: eni.ipv6Prefixes });
}

function takePrimary(subnet: SubnetRecord, eniId: EniId, wanted: string | undefined): Ipv4Address {
  if (wanted !== undefined) {
    const value = ipv4Number(wanted);
    if (value === undefined) {
      throw invalidValue(`invalid value for parameter address: ${wanted}`);
    }
    const refusal = subnet.addresses.refusalOf(value);
    if (refusal !== undefined) {
      throw addressRefused(wanted, refusal);
    }
    return subnet.addresses.takeAddress(value, eniId);
  }
  const [address] = subnet.addresses.takeAddresses(1, eniId) ?? [];
  if (address === undefined) {
    throw new Ec2Error(
      'InsufficientFreeAddressesInSubnet',
      'The specified subnet does not have enough free addresses to satisfy the request.',
    );
  }
  return address;
}
