import type { Cloud } from '../cloud/cloud.ts';
import type { EniRecord } from '../cloud/eni.ts';
import type { Tags } from '../cloud/tags.ts';
import type { Ec2Operation } from '../ec2/operation-names.ts';
import type { IamQuestion } from './policy.ts';

/** A request's parameters, as the codec has decoded them. */
type Input = Readonly<Record<string, unknown>>;

/** A resource with the condition keys that it brings. */
type Resource = Omit<IamQuestion, 'action'>;

/**
 * What EC2 asks IAM before it carries out a call: its action for every resource that the call touches.
 *
 * @see https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html
 */
export function questionsOf(
  operation: Ec2Operation,
  input: Input,
  cloud: Cloud,
): readonly IamQuestion[] {
  const resources = resourcesOf(operation, input, cloud);
  const asked = resources.map((resource) => ({ action: `ec2:${operation}`, ...resource }));
  // Tags given at creation take the permission to set them, too.
  const [created] = resources;
  return operation === 'CreateNetworkInterface' && created && requestTags(input).size > 0
    ? [...asked, { action: 'ec2:CreateTags', ...created }]
    : asked;
}

function resourcesOf(operation: Ec2Operation, input: Input, cloud: Cloud): readonly Resource[] {
  const subject = lookUp(cloud);
  const eniId = textOf(input['NetworkInterfaceId']);
  switch (operation) {
    case 'CreateNetworkInterface':
      return [
        subject.newEni(requestTags(input)),
        subject.resource(textOf(input['SubnetId'])),
        ...listOf(input['Groups']).map(subject.resource),
      ];
    case 'AttachNetworkInterface':
      return [subject.resource(eniId), subject.resource(textOf(input['InstanceId']))];
    case 'DetachNetworkInterface':
      return subject.attachment(textOf(input['AttachmentId']));
    case 'ModifyNetworkInterfaceAttribute': {
      const { attachment } = cloud.enis.all.get(eniId as EniRecord['eniId']) ?? {};
      const isOfAttachment = input['Attachment'] !== undefined && attachment !== undefined;
      return [
        subject.resource(eniId),
        ...(isOfAttachment ? [subject.resource(attachment.instanceId)] : []),
        ...listOf(input['Groups']).map(subject.resource),
      ];
    }
    case 'AssignIpv6Addresses':
    case 'AssignPrivateIpAddresses':
    case 'DeleteNetworkInterface':
    case 'UnassignIpv6Addresses':
    case 'UnassignPrivateIpAddresses':
      return [subject.resource(eniId)];
    case 'CreateTags':
    case 'DeleteTags':
      return listOf(input['Resources']).map(subject.resource);
    case 'DeleteSecurityGroup':
      return [subject.resource(textOf(input['GroupId']))];
    case 'CreateSubnetCidrReservation':
      return [subject.resource(textOf(input['SubnetId']))];
    // Those that read, and what nobody restricts by resource.
    default:
      return [{ resource: '*', context: {} }];
  }
}

const KINDS: Readonly<Record<string, string>> = {
  eni: 'network-interface',
  i: 'instance',
  sg: 'security-group',
  subnet: 'subnet',
  vpc: 'vpc',
};

function lookUp(cloud: Cloud) {
  const arn = (kind: string, id: string) =>
    `arn:aws:ec2:${cloud.region}:${cloud.accountId}:${kind}/${id}`;
  const { network, enis, instances } = cloud;
  const tables: readonly ReadonlyMap<string, { readonly tags: Tags; readonly vpcId?: string }>[] = [
    enis.all,
    instances,
    network.securityGroups,
    network.subnets,
    network.vpcs,
  ];

  /** What is not there has no tags: EC2 asks IAM before it looks. */
  const resource = (id: string): Resource => {
    const known = tables.map((table) => table.get(id)).find((one) => one !== undefined);
    return {
      resource: arn(KINDS[id.replace(/-.*/, '')] ?? '*', id),
      context: {
        ...keysOf('aws:ResourceTag', known?.tags ?? new Map()),
        ...(known?.vpcId === undefined ? {} : { 'ec2:Vpc': arn('vpc', known.vpcId) }),
      },
    };
  };

  return {
    resource,
    newEni: (tags: Tags): Resource => ({
      resource: arn('network-interface', '*'),
      context: keysOf('aws:RequestTag', tags),
    }),
    attachment: (attachmentId: string): readonly Resource[] => {
      const eni = [...enis.all.values()].find(
        ({ attachment }) => attachment?.attachmentId === attachmentId,
      );
      return eni?.attachment === undefined
        ? [resource('eni-unknown')]
        : [resource(eni.eniId), resource(eni.attachment.instanceId)];
    },
  };
}

const keysOf = (prefix: string, tags: Tags) =>
  Object.fromEntries([...tags].map(([key, value]) => [`${prefix}/${key}`, value]));

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');
const listOf = (value: unknown): readonly string[] =>
  Array.isArray(value) ? value.map(textOf) : [];

function requestTags(input: Input): Tags {
  const specifications = Array.isArray(input['TagSpecifications'])
    ? input['TagSpecifications']
    : [];
  const tags = specifications.flatMap(({ Tags = [] }: { Tags?: readonly Tag[] }) => Tags);
  return new Map(tags.map(({ Key = '', Value = '' }: Tag) => [Key, Value]));
}

interface Tag {
  readonly Key?: string;
  readonly Value?: string;
}
