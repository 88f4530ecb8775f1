import type { SettingValues } from './read-settings.ts';
import type { Variable } from './settings.ts';

/** A setting that has no say, or another value, because of a second one. */
export interface Precedence {
  readonly variable: Variable;
  readonly by: Variable;
  readonly when: (values: SettingValues) => boolean;
  /** The value it has then; left out where it only has no effect. */
  readonly forces?: boolean;
  /** Of the page: when, in words. */
  readonly inWords: string;
}

const precedence = (
  variable: Variable,
  by: Variable,
  inWords: string,
  when: Precedence['when'],
): Precedence => ({ variable, by, inWords, when });

/** Which setting wins, where two speak of the same; the rows of a variable are tried in order. */
export const precedences: readonly Precedence[] = [
  precedence('WARM_ENI_TARGET', 'WARM_IP_TARGET', 'above 0', (v) => v.WARM_IP_TARGET > 0),
  precedence('WARM_ENI_TARGET', 'MINIMUM_IP_TARGET', 'above 0', (v) => v.MINIMUM_IP_TARGET > 0),
  precedence(
    'WARM_ENI_TARGET',
    'ENABLE_PREFIX_DELEGATION',
    'true',
    (v) => v.ENABLE_PREFIX_DELEGATION,
  ),
  precedence(
    'WARM_PREFIX_TARGET',
    'ENABLE_PREFIX_DELEGATION',
    'false',
    (v) => !v.ENABLE_PREFIX_DELEGATION,
  ),
  precedence('WARM_PREFIX_TARGET', 'WARM_IP_TARGET', 'above 0', (v) => v.WARM_IP_TARGET > 0),
  precedence('WARM_PREFIX_TARGET', 'MINIMUM_IP_TARGET', 'above 0', (v) => v.MINIMUM_IP_TARGET > 0),
  {
    ...precedence(
      'DISABLE_NETWORK_RESOURCE_PROVISIONING',
      'ENABLE_IMDS_ONLY_MODE',
      'true',
      (v) => v.ENABLE_IMDS_ONLY_MODE,
    ),
    forces: true,
  },
  {
    ...precedence(
      'DISABLE_LEAKED_ENI_CLEANUP',
      'ENABLE_IMDS_ONLY_MODE',
      'true',
      (v) => v.ENABLE_IMDS_ONLY_MODE,
    ),
    forces: true,
  },
  {
    ...precedence(
      'DISABLE_LEAKED_ENI_CLEANUP',
      'DISABLE_NETWORK_RESOURCE_PROVISIONING',
      'true',
      (v) => v.DISABLE_NETWORK_RESOURCE_PROVISIONING,
    ),
    forces: true,
  },
  precedence(
    'ENABLE_SUBNET_DISCOVERY',
    'AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG',
    'true',
    (v) => v.AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG,
  ),
  precedence(
    'ENABLE_SUBNET_DISCOVERY',
    'ENABLE_IMDS_ONLY_MODE',
    'true',
    (v) => v.ENABLE_IMDS_ONLY_MODE,
  ),
  precedence(
    'MANAGE_UNTAGGED_ENI',
    'ENABLE_IMDS_ONLY_MODE',
    'true',
    (v) => v.ENABLE_IMDS_ONLY_MODE,
  ),
  precedence(
    'ENI_CONFIG_ANNOTATION_DEF',
    'AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG',
    'false',
    (v) => !v.AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG,
  ),
  precedence(
    'ENI_CONFIG_LABEL_DEF',
    'AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG',
    'false',
    (v) => !v.AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG,
  ),
  precedence(
    'AWS_VPC_K8S_CNI_EXCLUDE_SNAT_CIDRS',
    'AWS_VPC_K8S_CNI_EXTERNALSNAT',
    'true',
    (v) => v.AWS_VPC_K8S_CNI_EXTERNALSNAT,
  ),
  precedence(
    'POD_SECURITY_GROUP_ENFORCING_MODE',
    'ENABLE_POD_ENI',
    'false',
    (v) => !v.ENABLE_POD_ENI,
  ),
  precedence(
    'INTROSPECTION_BIND_ADDRESS',
    'DISABLE_INTROSPECTION',
    'true',
    (v) => v.DISABLE_INTROSPECTION,
  ),
  precedence('ENABLE_V4_EGRESS', 'ENABLE_IPv6', 'false', (v) => !v.ENABLE_IPv6),
  precedence('ENABLE_V6_EGRESS', 'ENABLE_IPv6', 'true', (v) => v.ENABLE_IPv6),
];
