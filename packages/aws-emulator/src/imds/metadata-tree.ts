import type { Cloud } from '../cloud/cloud.ts';
import type { AttachedEni } from '../cloud/eni.ts';
import type { InstanceRecord } from '../cloud/instance.ts';
import { privateDnsName } from '../cloud/private-dns-name.ts';

/** A folder of metadata: names to texts, or to folders. `undefined` entries do not exist. */
export interface MetadataFolder {
  readonly [name: string]: string | MetadataFolder | undefined;
}

/**
 * Everything an instance can read about itself.
 *
 * @param past the cloud as metadata sees it, which may be a while ago: ENIs and networks.
 * @param instance the instance as it is now.
 *
 * An ENI shows from the moment it is `in-use`. Fields that an ENI has no value for are absent, so
 * that reading them is a 404.
 *
 * @see EC2 user guide, "Instance metadata categories"
 */
export function metadataTree(past: Cloud, instance: InstanceRecord, nowMs: number): MetadataFolder {
  return {
    'meta-data': metaData(past, instance, nowMs),
    dynamic: {
      'instance-identity': { document: identityDocument(past, instance) },
    },
  };
}

function metaData(cloud: Cloud, instance: InstanceRecord, nowMs: number): MetadataFolder {
  const enis = cloud.enis
    .ofInstance(instance.instanceId)
    .filter(({ attachment }) => attachment.status !== 'attaching');
  const primary = cloud.primaryEniOf(instance);
  const hostname = primary && privateDnsName(cloud, primary.primaryAddress);
  return {
    'ami-id': 'ami-00000000000000001',
    autoscaling: autoscaling(instance),
    events: events(instance),
    hostname,
    iam: iam(cloud, nowMs),
    'instance-action': 'none',
    'instance-id': instance.instanceId,
    'instance-life-cycle': instance.lifeCycle,
    'instance-type': instance.type.instanceType,
    ipv6: primary?.ipv6Addresses[0],
    'local-hostname': hostname,
    'local-ipv4': primary?.primaryAddress,
    mac: primary?.mac,
    network: {
      interfaces: { macs: Object.fromEntries(enis.map((eni) => [eni.mac, eniFolder(cloud, eni)])) },
    },
    placement: {
      'availability-zone': instance.availabilityZone,
      region: cloud.region,
    },
    profile: 'default-hvm',
    'public-ipv4': primary?.publicAddress,
    'reservation-id': instance.reservationId,
    'security-groups': primary?.securityGroupIds
      .map((id) => cloud.network.securityGroup(id).name)
      .join('\n'),
    spot: spot(instance),
    services: { domain: 'amazonaws.com', partition: 'aws' },
  };
}

const autoscaling = ({ notices }: InstanceRecord): MetadataFolder | undefined =>
  notices.targetLifecycleState === undefined
    ? undefined
    : { 'target-lifecycle-state': notices.targetLifecycleState };

function events({ notices }: InstanceRecord): MetadataFolder {
  const { rebalanceRecommendedAtMs: atMs } = notices;
  return {
    maintenance: { history: '[]', scheduled: '[]' },
    recommendations:
      atMs === undefined ? undefined : { rebalance: JSON.stringify({ noticeTime: instant(atMs) }) },
  };
}

function spot({ notices }: InstanceRecord): MetadataFolder | undefined {
  const { spotInterruption } = notices;
  if (spotInterruption === undefined) {
    return undefined;
  }
  const { action } = spotInterruption;
  const time = instant(spotInterruption.atMs);
  return {
    'instance-action': JSON.stringify({ action, time }),
    'termination-time': action === 'terminate' ? time : undefined,
  };
}

/** A time as notices give it: no fraction of a second. */
const instant = (ms: number): string => new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z');

function eniFolder(cloud: Cloud, eni: AttachedEni): MetadataFolder {
  const subnet = cloud.subnetOf(eni);
  const vpc = cloud.network.vpc(eni.vpcId);
  // Types of before the Nitro system know nothing of network cards.
  const knowsCards = cloud.instanceOf(eni)?.type.hypervisor !== 'xen';
  const hasAddresses = eni.interfaceType !== 'efa-only';
  return {
    'device-number': String(eni.attachment.deviceIndex),
    'interface-id': eni.eniId,
    'ipv4-prefix': listOf(eni.prefixes),
    'ipv6-prefix': listOf(eni.ipv6Prefixes),
    ipv6s: listOf(eni.ipv6Addresses),
    'local-hostname': privateDnsName(cloud, eni.primaryAddress),
    'local-ipv4s': hasAddresses
      ? listOf([eni.primaryAddress, ...eni.secondaryAddresses])
      : undefined,
    mac: eni.mac,
    'network-card': knowsCards ? String(eni.attachment.networkCardIndex) : undefined,
    'owner-id': cloud.accountId,
    'public-ipv4s': eni.publicAddress,
    'security-group-ids': listOf(eni.securityGroupIds),
    'security-groups': listOf(
      eni.securityGroupIds.map((id) => cloud.network.securityGroup(id).name),
    ),
    'subnet-id': eni.subnetId,
    'subnet-ipv4-cidr-block': subnet.cidr,
    'subnet-ipv6-cidr-blocks': subnet.ipv6Cidr,
    'vpc-id': eni.vpcId,
    'vpc-ipv4-cidr-block': vpc.cidrs[0],
    'vpc-ipv4-cidr-blocks': listOf(vpc.cidrs),
    'vpc-ipv6-cidr-blocks': vpc.ipv6Cidr,
  };
}

/** Credentials of an instance role, so that an SDK without configuration finds some. */
function iam(cloud: Cloud, nowMs: number): MetadataFolder {
  const role = 'emulated-node';
  const lastUpdated = new Date(nowMs).toISOString();
  return {
    info: JSON.stringify({
      Code: 'Success',
      LastUpdated: lastUpdated,
      InstanceProfileArn: `arn:aws:iam::${cloud.accountId}:instance-profile/${role}`,
      InstanceProfileId: 'AIPAEMULATED00000001',
    }),
    'security-credentials': {
      [role]: JSON.stringify({
        Code: 'Success',
        LastUpdated: lastUpdated,
        Type: 'AWS-HMAC',
        AccessKeyId: 'ASIAEMULATED00000001',
        SecretAccessKey: 'emulated',
        Token: 'emulated',
        Expiration: new Date(nowMs + 6 * 3_600_000).toISOString(),
      }),
    },
  };
}

function identityDocument(cloud: Cloud, instance: InstanceRecord): string {
  return JSON.stringify(
    {
      accountId: cloud.accountId,
      architecture: 'x86_64',
      availabilityZone: instance.availabilityZone,
      imageId: 'ami-00000000000000001',
      instanceId: instance.instanceId,
      instanceType: instance.type.instanceType,
      pendingTime: new Date(instance.launchedAtMs).toISOString(),
      privateIp: cloud.primaryEniOf(instance)?.primaryAddress,
      region: cloud.region,
      version: '2017-09-30',
    },
    null,
    2,
  );
}

const listOf = (lines: readonly string[]): string | undefined =>
  lines.length === 0 ? undefined : lines.join('\n');
