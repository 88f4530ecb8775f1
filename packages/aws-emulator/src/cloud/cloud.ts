import { Ec2Error, found } from './ec2-error.ts';
import { type EniRecord, isPrimaryEni } from './eni.ts';
import { EniStore } from './eni-store.ts';
import { IdSource, type InstanceId } from './ids.ts';
import type { InstanceRecord } from './instance.ts';
import { InstanceTypeCatalog } from './instance-types.ts';
import { formatIpv4, type Ipv4Address, type Ipv4Range } from './ipv4.ts';
import { asInstanceId, Network, type SubnetRecord } from './network.ts';
import { type Tags, tagsOf } from './tags.ts';

/** EC2 shows a terminated instance for about an hour. */
const TERMINATED_SHOWN_MS = 3_600_000;
/** TEST-NET-3 (RFC 5737): public addresses that nobody owns. */
const PUBLIC_POOL: Ipv4Range = { base: 0xcb007100, size: 256 };

/** What an instance is launched with. */
export interface LaunchRequest {
  readonly subnetId: string;
  readonly instanceType: string;
  readonly instanceId?: InstanceId | undefined;
  readonly securityGroupIds?: readonly string[] | undefined;
  readonly publicAddress?: boolean | undefined;
  readonly ipv6Address?: boolean | undefined;
  readonly metadataHopLimit?: number | undefined;
  readonly lifeCycle?: InstanceRecord['lifeCycle'] | undefined;
  readonly tags?: Readonly<Record<string, string>> | undefined;
}

/** An instance that has just been launched. */
export interface Launched {
  readonly instance: InstanceRecord;
  readonly primaryEni: EniRecord;
}

/**
 * The state of one account in one region. Pure: no clock, no randomness, no I/O; every change is
 * synchronous and either happens or throws an {@link Ec2Error} and leaves everything as it was.
 */
export class Cloud {
  readonly region: string;
  readonly accountId: string;
  readonly types: InstanceTypeCatalog;
  readonly network: Network;
  readonly enis: EniStore;
  readonly instances = new Map<InstanceId, InstanceRecord & { terminatedAtMs?: number }>();
  readonly #ids = new IdSource();
  readonly #publicAddresses = new Set<Ipv4Address>();

  /** @param original makes a copy: readers of it see nothing of what happens later. */
  constructor(
    options: { readonly region: string; readonly accountId: string },
    original?: Cloud | undefined,
  ) {
    this.region = options.region;
    this.accountId = options.accountId;
    this.types = original?.types ?? new InstanceTypeCatalog();
    this.network = original?.network.copy() ?? new Network(this.#ids);
    this.enis = original?.enis.copy(this.network) ?? new EniStore(this.network, this.#ids);
    for (const [instanceId, instance] of original?.instances ?? []) {
      this.instances.set(instanceId, { ...instance, tags: new Map(instance.tags) });
    }
  }

  /** The state as it is now, for reading it later. Types are not copied: they do not change. */
  copy(): Cloud {
    return new Cloud(this, this);
  }

  instance(instanceId: string): InstanceRecord {
    const instance = this.instances.get(asInstanceId(instanceId));
    return found(instance, 'InvalidInstanceID.NotFound', `instance ID '${instanceId}'`);
  }

  subnetOf(eni: EniRecord): SubnetRecord {
    return this.network.subnet(eni.subnetId);
  }

  /** The instance that an ENI is on. */
  instanceOf(eni: EniRecord): InstanceRecord | undefined {
    return eni.attachment === undefined ? undefined : this.instances.get(eni.attachment.instanceId);
  }

  /** The ENI that an instance was created with; absent once it is terminated. */
  primaryEniOf(instance: InstanceRecord): EniRecord | undefined {
    return this.enis.ofInstance(instance.instanceId).find(isPrimaryEni);
  }

  /** Records a running instance and its primary ENI, which is still `attaching`. */
  launch(request: LaunchRequest, nowMs: number): Launched {
    this.#forgetTerminated(nowMs);
    const type = this.types.get(request.instanceType);
    const subnet = this.network.subnet(request.subnetId);
    const instanceId = request.instanceId ?? this.#ids.instance();
    if (this.instances.has(instanceId)) {
      throw new TypeError(`instanceId: ${instanceId} exists already`);
    }
    const publicAddress = request.publicAddress === true ? this.#freePublicAddress() : undefined;
    const primaryEni = this.enis.create(
      {
        subnetId: subnet.subnetId,
        groupIds: request.securityGroupIds,
        ipv6: request.ipv6Address === true ? { addressCount: 1 } : undefined,
      },
      nowMs,
    );
    const instance: InstanceRecord = {
      instanceId,
      reservationId: this.#ids.reservation(),
      type,
      vpcId: subnet.vpcId,
      subnetId: subnet.subnetId,
      availabilityZone: subnet.availabilityZone,
      launchedAtMs: nowMs,
      metadataHopLimit: request.metadataHopLimit ?? 2,
      lifeCycle: request.lifeCycle ?? 'on-demand',
      notices: {},
      state: 'running',
      tags: tagsOf(request.tags),
    };
    this.instances.set(instanceId, instance);
    const slot = { deviceIndex: 0, networkCardIndex: 0 };
    this.enis.attach(primaryEni.eniId, instance, slot, nowMs).deleteOnTermination = true;
    if (publicAddress !== undefined) {
      this.#publicAddresses.add(publicAddress);
      primaryEni.publicAddress = publicAddress;
    }
    return { instance, primaryEni };
  }

  /** Takes a launch back that could not be completed. */
  discard({ instance, primaryEni }: Launched): void {
    this.enis.clearAttachment(primaryEni);
    this.releasePublicAddress(primaryEni);
    this.enis.delete(primaryEni.eniId);
    this.instances.delete(instance.instanceId);
  }

  /** Records the end of an instance whose ENIs are gone. */
  markTerminated(instance: InstanceRecord, nowMs: number): void {
    instance.state = 'terminated';
    this.instances.set(instance.instanceId, Object.assign(instance, { terminatedAtMs: nowMs }));
  }

  releasePublicAddress(eni: EniRecord): void {
    if (eni.publicAddress !== undefined) {
      this.#publicAddresses.delete(eni.publicAddress);
      eni.publicAddress = undefined;
    }
  }

  /** The tags of any resource, found by its id. */
  tagsOfResource(id: string): Tags {
    const { network, enis, instances } = this;
    const all: readonly ReadonlyMap<string, { readonly tags: Tags }>[] = [
      network.vpcs,
      network.subnets,
      network.securityGroups,
      network.cidrReservations.all,
      enis.all,
      instances,
    ];
    const resource = all.map((kind) => kind.get(id)).find((found) => found !== undefined);
    if (resource === undefined) {
      throw notFoundFor(id);
    }
    return resource.tags;
  }

  #freePublicAddress(): Ipv4Address {
    for (let host = 10; host < 250; host += 1) {
      const address = formatIpv4(PUBLIC_POOL.base + host);
      if (!this.#publicAddresses.has(address)) {
        return address;
      }
    }
    throw new Ec2Error('AddressLimitExceeded', 'The maximum number of addresses has been reached.');
  }

  #forgetTerminated(nowMs: number): void {
    for (const [instanceId, { terminatedAtMs }] of this.instances) {
      if (terminatedAtMs !== undefined && nowMs - terminatedAtMs > TERMINATED_SHOWN_MS) {
        this.instances.delete(instanceId);
      }
    }
  }
}

function notFoundFor(id: string): Ec2Error {
  const kinds = [
    ['eni-', 'InvalidNetworkInterfaceID.NotFound', 'networkInterface ID'],
    ['subnet-', 'InvalidSubnetID.NotFound', 'subnet ID'],
    ['vpc-', 'InvalidVpcID.NotFound', 'vpc ID'],
    ['sg-', 'InvalidGroup.NotFound', 'security group'],
    ['i-', 'InvalidInstanceID.NotFound', 'instance ID'],
  ] as const;
  const kind = kinds.find(([prefix]) => id.startsWith(prefix));
  return kind === undefined
    ? new Ec2Error('InvalidID', `The ID '${id}' is not valid`)
    : new Ec2Error(kind[1], `The ${kind[2]} '${id}' does not exist`);
}
