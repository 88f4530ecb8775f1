import type { InstanceId } from './ec2-ids.ts';
import { ENI_TAGS } from './eni-tags.ts';
import type { EniTruth } from './ports.ts';

/**
 * What kind of interface EC2 made the ENI. `trunk` carries branch ENIs. `efa` has an Elastic Fabric
 * Adapter beside the ordinary device, `efa-only` nothing else, and no addresses. The rest is `standard`.
 */
export type EniKind = 'standard' | 'trunk' | 'efa' | 'efa-only';

/** Whether the ENI is ours to give to pods, or why not. */
export type EniManagement =
  | { readonly kind: 'managed' }
  | { readonly kind: 'unmanaged'; readonly reason: UnmanagedReason };

/**
 * - `no-manage-tag`: an operator tagged it so.
 * - `other-instance`: it was created for another instance.
 * - `untagged`: nobody says whose it is.
 * - `efa-only`: it holds no addresses.
 *
 * `other-instance` and `untagged` count only where untagged ENIs are not managed.
 */
export type UnmanagedReason = 'no-manage-tag' | 'other-instance' | 'untagged' | 'efa-only';

/** What decides besides the ENI itself. */
export interface EniManagementContext {
  readonly instanceId: InstanceId;
  /** `MANAGE_UNTAGGED_ENI`: whether ENIs are managed that are not tagged as this instance's. */
  readonly managesUntagged: boolean;
  readonly isPrimary: boolean;
}

/** EC2's word for the kind of the ENI as one of ours. */
export function eniKind({ interfaceType }: Pick<EniTruth, 'interfaceType'>): EniKind {
  switch (interfaceType) {
    case 'trunk':
    case 'efa':
    case 'efa-only':
      return interfaceType;
    default:
      return 'standard';
  }
}

/**
 * Whether the ENI is ours to give to pods, by its tags and kind.
 *
 * The primary ENI always is. A `no_manage` tag of any value but exactly `true` makes an ENI managed
 * whatever its other tags say, as in the reference implementation.
 */
export function eniManagement(
  eni: Pick<EniTruth, 'tags' | 'interfaceType'>,
  context: EniManagementContext,
): EniManagement {
  const reason = context.isPrimary
    ? undefined
    : (reasonInTags(eni.tags, context) ?? reasonInKind(eniKind(eni)));
  return reason === undefined ? { kind: 'managed' } : { kind: 'unmanaged', reason };
}

function reasonInTags(
  tags: EniTruth['tags'],
  { instanceId, managesUntagged }: EniManagementContext,
): UnmanagedReason | undefined {
  const noManage = tags[ENI_TAGS.noManage];
  if (noManage !== undefined) {
    return noManage === 'true' ? 'no-manage-tag' : undefined;
  }
  const owner = tags[ENI_TAGS.instanceId];
  if (managesUntagged || owner === instanceId) {
    return undefined;
  }
  return owner === undefined ? 'untagged' : 'other-instance';
}

const reasonInKind = (kind: EniKind): UnmanagedReason | undefined =>
  kind === 'efa-only' ? kind : undefined;
