/** A kind of object that the server knows. */
export interface ResourceType {
  /** Empty for the core group. */
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly plural: string;
  readonly singular: string;
  readonly shortNames: readonly string[];
  readonly isNamespaced: boolean;
  readonly hasStatus: boolean;
  /** Defined by a CustomResourceDefinition. */
  readonly isCustom: boolean;
  /** Paths that field selectors may name, beside those of every type. */
  readonly selectableFields: readonly string[];
}

export const apiVersionOf = ({ group, version }: ResourceType): string =>
  group === '' ? version : `${group}/${version}`;

/** How messages call the resource: `pods`, `eniconfigs.crd.k8s.amazonaws.com`. */
export const resourceNameOf = ({ group, plural }: ResourceType): string =>
  group === '' ? plural : `${plural}.${group}`;

const builtIn = (
  type: Pick<ResourceType, 'kind' | 'plural'> & Partial<ResourceType>,
): ResourceType => ({
  group: '',
  version: 'v1',
  singular: type.kind.toLowerCase(),
  shortNames: [],
  isNamespaced: true,
  hasStatus: false,
  isCustom: false,
  selectableFields: [],
  ...type,
});

const EVENT_FIELDS = [
  ...['kind', 'namespace', 'name', 'uid', 'apiVersion', 'resourceVersion', 'fieldPath'].map(
    (field) => `involvedObject.${field}`,
  ),
  'reason',
  'reportingComponent',
  'source',
  'type',
];

export const EVENTS = builtIn({
  kind: 'Event',
  plural: 'events',
  shortNames: ['ev'],
  selectableFields: EVENT_FIELDS,
});

/** The same objects under their newer name. */
export const NEWER_EVENTS: ResourceType = {
  ...EVENTS,
  group: 'events.k8s.io',
  selectableFields: ['reason', 'type'],
};

export const CUSTOM_RESOURCE_DEFINITIONS = builtIn({
  group: 'apiextensions.k8s.io',
  kind: 'CustomResourceDefinition',
  plural: 'customresourcedefinitions',
  shortNames: ['crd', 'crds'],
  isNamespaced: false,
  hasStatus: true,
});

export const NAMESPACES = builtIn({
  kind: 'Namespace',
  plural: 'namespaces',
  shortNames: ['ns'],
  isNamespaced: false,
  hasStatus: true,
  selectableFields: ['status.phase'],
});

export const builtInTypes: readonly ResourceType[] = [
  NAMESPACES,
  builtIn({
    kind: 'Node',
    plural: 'nodes',
    shortNames: ['no'],
    isNamespaced: false,
    hasStatus: true,
    selectableFields: ['spec.unschedulable'],
  }),
  builtIn({
    kind: 'Pod',
    plural: 'pods',
    shortNames: ['po'],
    hasStatus: true,
    selectableFields: [
      'spec.nodeName',
      'spec.restartPolicy',
      'spec.schedulerName',
      'spec.serviceAccountName',
      'status.phase',
      'status.podIP',
      'status.nominatedNodeName',
    ],
  }),
  builtIn({ kind: 'ConfigMap', plural: 'configmaps', shortNames: ['cm'] }),
  builtIn({ kind: 'Secret', plural: 'secrets', selectableFields: ['type'] }),
  builtIn({ kind: 'ServiceAccount', plural: 'serviceaccounts', shortNames: ['sa'] }),
  builtIn({
    group: 'apps',
    kind: 'DaemonSet',
    plural: 'daemonsets',
    shortNames: ['ds'],
    hasStatus: true,
  }),
  builtIn({ group: 'apps', kind: 'ControllerRevision', plural: 'controllerrevisions' }),
  ...['ClusterRole', 'ClusterRoleBinding'].map((kind) =>
    builtIn({
      group: 'rbac.authorization.k8s.io',
      kind,
      plural: `${kind.toLowerCase()}s`,
      isNamespaced: false,
    }),
  ),
  EVENTS,
  NEWER_EVENTS,
  CUSTOM_RESOURCE_DEFINITIONS,
];
