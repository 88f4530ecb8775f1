/** A kind of object, as paths and roles name it. */
export interface Resource {
  /** Empty for the core group. */
  readonly group: string;
  readonly version: string;
  readonly plural: string;
}

export const NODES: Resource = { group: '', version: 'v1', plural: 'nodes' };
export const PODS: Resource = { group: '', version: 'v1', plural: 'pods' };
export const EVENTS: Resource = { group: 'events.k8s.io', version: 'v1', plural: 'events' };
export const ENI_CONFIGS: Resource = {
  group: 'crd.k8s.amazonaws.com',
  version: 'v1alpha1',
  plural: 'eniconfigs',
};
export const CNI_NODES: Resource = {
  group: 'vpcresources.k8s.aws',
  version: 'v1alpha1',
  plural: 'cninodes',
};

/** What a request speaks of. */
export interface Subject {
  readonly resource: Resource;
  /** Default: that of the cluster, or all. */
  readonly namespace?: string;
  /** Default: the list. */
  readonly name?: string;
  readonly subresource?: 'status';
}

/** As rules of a role name it: `pods`, `nodes/status`. */
export const ruleNameOf = ({ resource: { plural }, subresource }: Subject): string =>
  subresource === undefined ? plural : `${plural}/${subresource}`;

/** As people name it: `pods default/web`. */
export function subjectText(subject: Subject): string {
  const { namespace, name } = subject;
  const object = [namespace, name].filter((part) => part !== undefined).join('/');
  return `${ruleNameOf(subject)} ${object}`.trim();
}

export function pathOf({ resource, namespace, name, subresource }: Subject): string {
  const { group, version, plural } = resource;
  const parts = [
    ...(group === '' ? ['api', version] : ['apis', group, version]),
    ...(namespace === undefined ? [] : ['namespaces', namespace]),
    plural,
    ...(name === undefined ? [] : [name]),
    ...(subresource === undefined ? [] : [subresource]),
  ];
  return `/${parts.map(encodeURIComponent).join('/')}`;
}
