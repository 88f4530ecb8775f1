import type { InstanceId } from './ec2-ids.ts';

/** Keys of the tags on an ENI, spelt as the reference implementation spells them. */
export const ENI_TAGS = {
  createdAt: 'node.k8s.amazonaws.com/createdAt',
  instanceId: 'node.k8s.amazonaws.com/instance_id',
  clusterName: 'cluster.k8s.amazonaws.com/name',
  owner: 'eks:eni:owner',
  /** Set by operators, never by us. */
  noManage: 'node.k8s.amazonaws.com/no_manage',
} as const;

/** Whether only we may write tags of this key; additional tags may not have it. */
export const isReservedTagKey = (key: string): boolean => key.includes('k8s.amazonaws.com');

/** What the description of every ENI of ours starts with. */
export const ENI_DESCRIPTION_PREFIX = 'aws-K8S-';

/** What decides the tags of a new ENI. */
export interface EniOwner {
  readonly instanceId: InstanceId;
  readonly clusterName?: string | undefined;
  /** Override the built-in ones of the same key; keys with `k8s.amazonaws.com` are left out. */
  readonly additionalTags?: Readonly<Record<string, string>> | undefined;
}

/** The tags of an ENI created now, sorted by key. */
export function tagsOfNewEni(owner: EniOwner, nowMs: number): Readonly<Record<string, string>> {
  const tags = { [ENI_TAGS.createdAt]: formatCreatedAt(nowMs), ...tagsOfExistingEni(owner) };
  return Object.fromEntries(Object.entries(tags).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** The tags that every ENI of ours should have, whoever created it and whenever. */
export function tagsOfExistingEni(owner: EniOwner): Readonly<Record<string, string>> {
  const additional = Object.entries(owner.additionalTags ?? {});
  return {
    ...tagsOfOwner(owner),
    ...(owner.clusterName === undefined || owner.clusterName === ''
      ? {}
      : { [ENI_TAGS.owner]: 'amazon-vpc-cni' }),
    ...Object.fromEntries(additional.filter(([key]) => !isReservedTagKey(key))),
  };
}

/** The tags by which an owner finds its own ENIs again. */
export function tagsOfOwner(owner: EniOwner): Readonly<Record<string, string>> {
  const tags = { [ENI_TAGS.instanceId]: owner.instanceId };
  return owner.clusterName === undefined || owner.clusterName === ''
    ? tags
    : { ...tags, [ENI_TAGS.clusterName]: owner.clusterName };
}

/** Unix milliseconds as RFC 3339 in whole seconds, UTC. */
export const formatCreatedAt = (nowMs: number): string =>
  `${new Date(nowMs).toISOString().slice(0, 19)}Z`;

/** Unix milliseconds of a `createdAt` tag, or `undefined` when it is missing or not RFC 3339. */
export function parseCreatedAt(text: string | undefined): number | undefined {
  const isRfc3339 = /^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)$/;
  if (text === undefined || !isRfc3339.test(text)) {
    return undefined;
  }
  const createdAtMs = Date.parse(text.toUpperCase());
  return Number.isNaN(createdAtMs) ? undefined : createdAtMs;
}
