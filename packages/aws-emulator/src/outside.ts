import { Ec2Error } from './cloud/ec2-error.ts';
import type { AssignRequest } from './cloud/eni-addresses.ts';
import type {
  CidrReservationId,
  EniId,
  InstanceId,
  SecurityGroupId,
  SubnetId,
} from './cloud/ids.ts';
import type { InstanceNotices } from './cloud/instance.ts';
import { formatIpv4, type Ipv4Address, ipv4Number } from './cloud/ipv4.ts';
import { PREFIX_SIZE, type ReservationType } from './cloud/subnet-addresses.ts';
import type { OperationContext } from './ec2/operation.ts';
import type { Ec2Operation } from './ec2/operation-names.ts';
import { operations } from './ec2/operations.ts';
import { type Eni, eniOf } from './snapshot.ts';

/**
 * What others do to the account: operators, other programs, AWS itself.
 *
 * It takes effect at once, in the fabric too. No knob touches it and the journal has nothing of it,
 * so that the journal of a test is what the program under test has done. Rejects with an `Ec2Error`
 * where EC2 would refuse.
 */
export interface Outside {
  /** Creates an ENI that is on no instance. */
  createEni(request: {
    readonly subnetId: SubnetId;
    /** Secondary addresses; none by default. */
    readonly addressCount?: number;
    readonly description?: string;
    /** `interface` by default; the VPC resource controller makes `trunk`s. */
    readonly interfaceType?: string;
    readonly tags?: Readonly<Record<string, string>>;
  }): Promise<Eni>;
  /** Attaches an ENI, after {@link Knobs.attachDelayMs}. */
  attachEni(
    eniId: EniId,
    to: {
      readonly instanceId: InstanceId;
      readonly deviceIndex: number;
      readonly networkCardIndex?: number;
    },
  ): Promise<void>;
  /** Takes an ENI off its instance by force. */
  detachEni(eniId: EniId): Promise<void>;
  /** Deletes an ENI, and takes it off its instance first. */
  deleteEni(eniId: EniId): Promise<void>;
  /** Assigns IPv4 addresses or prefixes: exactly one of the four. */
  assign(eniId: EniId, what: AssignRequest): Promise<void>;
  /** Unassigns addresses (`a.b.c.d`) and prefixes (CIDR) of either family. */
  unassign(eniId: EniId, destinations: readonly string[]): Promise<void>;
  /** Gives an address to an ENI, whoever has it as a secondary address. */
  moveAddress(address: string, toEniId: EniId): Promise<void>;
  /** Sets tags on a resource of any kind. */
  tag(resourceId: string, tags: Readonly<Record<string, string>>): Promise<void>;
  /** Removes tags by their keys. */
  untag(resourceId: string, keys: readonly string[]): Promise<void>;
  /** Replaces the security groups of an ENI. */
  setSecurityGroups(eniId: EniId, securityGroupIds: readonly SecurityGroupId[]): Promise<void>;
  /** Takes addresses of a subnet for things that are not part of the model. */
  occupy(subnetId: SubnetId, addresses: readonly string[]): void;
  /**
   * Occupies one address in each whole /28, so that addresses are left, but no prefix.
   *
   * @returns the addresses, for {@link vacate}.
   */
  fragment(
    subnetId: SubnetId,
    options?: {
      /** How many /28 stay whole; 0 by default. */
      readonly wholeBlocks?: number;
    },
  ): readonly Ipv4Address[];
  /** Frees what {@link occupy} or {@link fragment} took. */
  vacate(subnetId: SubnetId, addresses: readonly string[]): void;
  /** Makes a CIDR reservation. */
  reserveCidr(subnetId: SubnetId, cidr: string, type: ReservationType): Promise<CidrReservationId>;
  /** Ends a CIDR reservation. */
  endReservation(reservationId: CidrReservationId): Promise<void>;
  /** Replaces what an instance is told of its end; `{}` takes everything back. */
  announce(instanceId: InstanceId, notices: InstanceNotices): void;
  /**
   * An instance starts to shut down: it still runs and has its ENIs, but can be given no more. The
   * end comes with `terminateInstance`.
   */
  beginTermination(instanceId: InstanceId): void;
}

/** Acts through EC2's own actions, past the services and their knobs. */
export function createOutside(context: OperationContext, onChange: () => void): Outside {
  const { cloud, lifeCycle } = context;
  const run = async (operation: Ec2Operation, input: Readonly<Record<string, unknown>>) => {
    const output = await operations[operation].handle(input, context);
    onChange();
    return output;
  };
  const detach = async (eniId: EniId) => {
    const { attachment } = cloud.enis.get(eniId);
    if (attachment === undefined) {
      throw new Ec2Error('InvalidAttachmentID.NotFound', `The ENI '${eniId}' is on no instance`);
    }
    await run('DetachNetworkInterface', { AttachmentId: attachment.attachmentId, Force: true });
  };

  return {
    createEni: async ({ subnetId, addressCount, description, interfaceType, tags = {} }) => {
      const eni = cloud.enis.create(
        {
          subnetId,
          description,
          interfaceType,
          ipv4: addressCount === undefined ? undefined : { addressCount },
          tags: tagInputs(tags),
        },
        context.clock.nowMs(),
      );
      onChange();
      return eniOf(eni);
    },
    attachEni: async (eniId, { instanceId, ...slot }) => {
      await lifeCycle.attach(eniId, instanceId, { networkCardIndex: 0, ...slot });
      onChange();
    },
    detachEni: detach,
    deleteEni: async (eniId) => {
      if (cloud.enis.get(eniId).attachment !== undefined) {
        await detach(eniId);
      }
      await run('DeleteNetworkInterface', { NetworkInterfaceId: eniId });
    },
    assign: async (eniId, what) => {
      await run('AssignPrivateIpAddresses', {
        NetworkInterfaceId: eniId,
        PrivateIpAddresses: what.addresses,
        SecondaryPrivateIpAddressCount: what.addressCount,
        Ipv4Prefixes: what.prefixes,
        Ipv4PrefixCount: what.prefixCount,
      });
    },
    unassign: async (eniId, destinations) => {
      const ipv6 = destinations.filter((destination) => destination.includes(':'));
      const ipv4 = destinations.filter((destination) => !ipv6.includes(destination));
      if (ipv4.length > 0) {
        await run('UnassignPrivateIpAddresses', {
          NetworkInterfaceId: eniId,
          PrivateIpAddresses: ipv4.filter(isAddress),
          Ipv4Prefixes: ipv4.filter(isPrefix),
        });
      }
      if (ipv6.length > 0) {
        await run('UnassignIpv6Addresses', {
          NetworkInterfaceId: eniId,
          Ipv6Addresses: ipv6.filter(isAddress),
          Ipv6Prefixes: ipv6.filter(isPrefix),
        });
      }
    },
    moveAddress: async (address, toEniId) => {
      await run('AssignPrivateIpAddresses', {
        NetworkInterfaceId: toEniId,
        PrivateIpAddresses: [address],
        AllowReassignment: true,
      });
    },
    tag: async (resourceId, tags) => {
      await run('CreateTags', { Resources: [resourceId], Tags: tagInputs(tags) });
    },
    untag: async (resourceId, keys) => {
      await run('DeleteTags', { Resources: [resourceId], Tags: keys.map((Key) => ({ Key })) });
    },
    setSecurityGroups: async (eniId, Groups) => {
      await run('ModifyNetworkInterfaceAttribute', { NetworkInterfaceId: eniId, Groups });
    },
    occupy: (subnetId, addresses) => {
      cloud.network.subnet(subnetId).addresses.takeForStranger(addresses.map(numberOf));
      onChange();
    },
    fragment: (subnetId, { wholeBlocks = 0 } = {}) => {
      const { addresses } = cloud.network.subnet(subnetId);
      const blocks = addresses.wholeBlocks();
      const taken = blocks
        .slice(0, Math.max(blocks.length - wholeBlocks, 0))
        .map((base) => base + PREFIX_SIZE / 2);
      addresses.takeForStranger(taken);
      onChange();
      return taken.map(formatIpv4);
    },
    vacate: (subnetId, addresses) => {
      cloud.network.subnet(subnetId).addresses.releaseFromStranger(addresses.map(numberOf));
      onChange();
    },
    reserveCidr: async (subnetId, cidr, type) => {
      const { network } = cloud;
      const subnet = network.subnet(subnetId);
      const { reservationId } = network.cidrReservations.add(subnet, { cidr, type });
      onChange();
      return reservationId;
    },
    endReservation: async (reservationId) => {
      await run('DeleteSubnetCidrReservation', { SubnetCidrReservationId: reservationId });
    },
    announce: (instanceId, notices) => {
      cloud.instance(instanceId).notices = notices;
    },
    beginTermination: (instanceId) => {
      const instance = cloud.instance(instanceId);
      if (instance.state === 'running') {
        instance.state = 'shutting-down';
        onChange();
      }
    },
  };
}

const isPrefix = (destination: string): boolean => destination.includes('/');
const isAddress = (destination: string): boolean => !isPrefix(destination);

const tagInputs = (tags: Readonly<Record<string, string>>) =>
  Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));

function numberOf(address: string): number {
  const value = ipv4Number(address);
  if (value === undefined) {
    throw new TypeError(`address: expected an IPv4 address, got ${address}`);
  }
  return value;
}
