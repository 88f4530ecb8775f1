import type { KubeObject } from './kube-object.ts';

const definition = (
  group: string,
  kind: string,
  shortNames: readonly string[] = [],
): KubeObject => {
  const plural = `${kind.toLowerCase()}s`;
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${group}` },
    spec: {
      group,
      scope: 'Cluster',
      names: { kind, plural, singular: kind.toLowerCase(), shortNames },
      versions: [{ name: 'v1alpha1', served: true, storage: true }],
    },
  };
};

/** The custom resource definitions that a VPC CNI meets: `ENIConfig` and `CNINode`. */
export const vpcCniDefinitions: readonly KubeObject[] = [
  definition('crd.k8s.amazonaws.com', 'ENIConfig'),
  definition('vpcresources.k8s.aws', 'CNINode', ['cnd']),
];
