import type { Container, ManifestValue } from './setting.ts';
import { settingOf, type Variable, variables } from './settings.ts';

/** An entry of `env` of a container in Kubernetes. */
export type EnvVar =
  | { readonly name: Variable; readonly value: string }
  | {
      readonly name: Variable;
      readonly valueFrom: { readonly fieldRef: { readonly fieldPath: string } };
    };

/** What the manifest is made for. */
export interface ManifestOptions {
  /** Of this release, for `VPC_CNI_VERSION`. */
  readonly version: string;
  /** Without the container `aws-eks-nodeagent` nobody would answer, so no policy mode is set. Default: true. */
  readonly hasPolicyAgent?: boolean;
}

/**
 * The variables that the manifest gives a container, in the order of the AWS VPC CNI's: by name, then those that
 * the downward API fills in.
 */
export function manifestEnv(
  container: Container,
  { version, hasPolicyAgent = true }: ManifestOptions,
): readonly EnvVar[] {
  return variables
    .flatMap((name): readonly EnvVar[] => {
      const value = settingOf(name).manifest?.[container];
      if (value === undefined) return [];
      if (name === 'NETWORK_POLICY_ENFORCING_MODE' && !hasPolicyAgent) return [];
      return [envVar(name, value, version)];
    })
    .sort(byKindThenName);
}

function envVar(name: Variable, value: ManifestValue, version: string): EnvVar {
  if (typeof value === 'string') return { name, value };
  if ('release' in value) return { name, value: version };
  return { name, valueFrom: { fieldRef: value } };
}

/** By code units, as Go sorts the keys of a map; a locale would put `LOG_FILE` before `LOGLEVEL`. */
function byKindThenName(one: EnvVar, other: EnvVar): number {
  const kinds = Number('valueFrom' in one) - Number('valueFrom' in other);
  return kinds || (one.name < other.name ? -1 : 1);
}
