import type { NodeFacts } from './node-facts.ts';

/** Where a node says which ENIConfig is its own. */
export interface EniConfigKeys {
  /** `ENI_CONFIG_ANNOTATION_DEF`. Default: `k8s.amazonaws.com/eniConfig`. */
  readonly annotation?: string;
  /** `ENI_CONFIG_LABEL_DEF`, for instance `topology.kubernetes.io/zone`. Default: as the annotation. */
  readonly label?: string;
}

export const DEFAULT_ENI_CONFIG_KEY = 'k8s.amazonaws.com/eniConfig';
export const EXTERNAL_ENI_CONFIG_LABEL = 'vpc.amazonaws.com/externalEniConfig';

/**
 * The name of a node's ENIConfig: the label `vpc.amazonaws.com/externalEniConfig`, the annotation, the
 * label, or `default`. The first that is there counts, also when it is empty.
 */
export function eniConfigName(
  { labels, annotations }: Pick<NodeFacts, 'labels' | 'annotations'>,
  keys: EniConfigKeys = {},
): string {
  return (
    labels[EXTERNAL_ENI_CONFIG_LABEL] ??
    annotations[keys.annotation || DEFAULT_ENI_CONFIG_KEY] ??
    labels[keys.label || DEFAULT_ENI_CONFIG_KEY] ??
    'default'
  );
}

/** What an ENIConfig asks for. */
export interface EniConfigSpec {
  readonly subnet: string;
  /** Empty: those of the primary ENI. */
  readonly securityGroups: readonly string[];
}

/** An ENIConfig as the server has it; its fields are checked here, not by the server. */
export interface RawEniConfig {
  readonly metadata?: { readonly name?: string };
  readonly spec?: { readonly subnet?: unknown; readonly securityGroups?: unknown };
}

/** @throws {TypeError} when it names no subnet, or its groups are no list of texts. */
export function readEniConfig({ metadata, spec = {} }: RawEniConfig): EniConfigSpec {
  const { subnet, securityGroups = [] } = spec;
  const name = metadata?.name ?? '';
  if (typeof subnet !== 'string' || !/^subnet-[0-9a-f]+$/.test(subnet)) {
    throw new TypeError(
      `ENIConfig ${name}: spec.subnet is ${JSON.stringify(subnet)}, expected the id of a subnet in the node's zone`,
    );
  }
  const isGroup = (group: unknown): group is string =>
    typeof group === 'string' && /^sg-[0-9a-f]+$/.test(group);
  if (!Array.isArray(securityGroups) || !securityGroups.every(isGroup)) {
    throw new TypeError(
      `ENIConfig ${name}: spec.securityGroups is ${JSON.stringify(securityGroups)}, expected a list of ids of security groups`,
    );
  }
  return { subnet, securityGroups };
}
