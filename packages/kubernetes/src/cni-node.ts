import type { MergePatch, Versioned } from './patch-object.ts';

/** What a node tells the VPC resource controller of itself. */
export interface CniNodeFeature {
  readonly name: 'SecurityGroupsForPods' | 'CustomNetworking';
  /** Default: none. */
  readonly value?: string;
}

/** A CNINode as the server has it. */
export interface RawCniNode extends Versioned {
  readonly spec?: {
    readonly features?: readonly { readonly name?: string; readonly value?: string }[];
  };
}

/**
 * Adds a feature in the place of one of the same name and another value; `undefined` when it is there.
 *
 * The whole list is in the patch, so it must be one of the version it was made for.
 */
export function addFeaturePatch(
  { spec }: RawCniNode,
  { name, value = '' }: CniNodeFeature,
): MergePatch | undefined {
  const features = spec?.features ?? [];
  if (features.some((one) => one.name === name && (one.value ?? '') === value)) return undefined;
  const others = features.filter((one) => one.name !== name);
  const feature = value === '' ? { name } : { name, value };
  return { spec: { features: [...others, feature] } };
}
