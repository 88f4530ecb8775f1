import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseAllDocuments, stringify } from 'yaml';

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const run = (command: string, args: readonly string[], input = '') =>
  execFileSync(command, args, { input, encoding: 'utf8', stdio: ['pipe', 'pipe', 'pipe'] });

export const chartPath = at('aws-vpc-cni');
export const basePath = at('../kustomize/base');
export const renderBase = () => run(at('../kustomize/render.sh'), []);

/** Where helm is. */
export const tools = run(at('../tools/build.sh'), []).trim();

/** An object of Kubernetes, with those of its fields that the tests look at. */
export interface KubernetesObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly spec: unknown;
  readonly data?: Readonly<Record<string, string>>;
  readonly binaryData?: Readonly<Record<string, string>>;
  readonly rules?: readonly RbacRule[];
  readonly subjects?: readonly object[];
  readonly roleRef?: object;
}

export interface RbacRule {
  readonly apiGroups?: readonly string[];
  readonly resources?: readonly string[];
  readonly nonResourceURLs?: readonly string[];
  readonly verbs: readonly string[];
}

export interface Container {
  readonly name: string;
  readonly image: string;
  readonly imagePullPolicy: string;
  readonly args?: readonly string[];
  readonly env: readonly { readonly name: string; readonly value?: string }[];
  readonly ports?: readonly object[];
  readonly volumeMounts: readonly {
    readonly name: string;
    readonly mountPath: string;
    readonly mountPropagation?: string;
    readonly readOnly?: boolean;
  }[];
  readonly resources: object;
  readonly securityContext: object;
  readonly livenessProbe?: object;
  readonly readinessProbe?: object;
}

export interface DaemonSetSpec {
  readonly updateStrategy: object;
  readonly selector: { readonly matchLabels: Readonly<Record<string, string>> };
  readonly template: {
    readonly metadata: { readonly labels: object; readonly annotations?: object };
    readonly spec: {
      readonly initContainers: readonly Container[];
      readonly containers: readonly Container[];
      readonly volumes: readonly { readonly name: string; readonly hostPath?: object }[];
      readonly [field: string]: unknown;
    };
  };
}

/** Whatever a user writes in a values file. */
export type Values = Readonly<Record<string, unknown>>;

/** The manifests as Helm renders them into kube-system, CRDs first. */
export function renderText(values: Values = {}, release = 'aws-vpc-cni'): string {
  const where = ['--namespace', 'kube-system', '--include-crds'];
  return run(
    `${tools}/helm`,
    ['template', release, chartPath, ...where, '--values', '-'],
    stringify(values),
  );
}

export const parseManifests = (text: string): readonly KubernetesObject[] =>
  parseAllDocuments(text).flatMap((document) => document.toJS() ?? []);

export const render = (values: Values = {}, release?: string) =>
  parseManifests(renderText(values, release));

/** The objects as an API server with strict field validation sees them: KIND/NAME, `?` for kinds it does not know. */
export const decodeStrictly = (text: string): readonly string[] =>
  run(`${tools}/strict-decode`, [], text).trim().split('\n');

export const lintChart = () => run(`${tools}/helm`, ['lint', '--strict', chartPath]);

export const kustomize = (path = basePath) => run('kubectl', ['kustomize', path]);

/** The one object of a kind and name. */
export function find(objects: readonly KubernetesObject[], kind: string, name = 'aws-node') {
  const found = objects.find((one) => one.kind === kind && one.metadata.name === name);
  if (found === undefined) throw new Error(`no ${kind}/${name} was rendered`);
  return found;
}

export const daemonSet = (objects: readonly KubernetesObject[]) =>
  find(objects, 'DaemonSet').spec as DaemonSetSpec;

/** A container of the DaemonSet, init or not. */
export function container(objects: readonly KubernetesObject[], name: string): Container {
  const { initContainers, containers } = daemonSet(objects).template.spec;
  const found = [...initContainers, ...containers].find((one) => one.name === name);
  if (found === undefined) throw new Error(`no container ${name} was rendered`);
  return found;
}

export const envOf = ({ env }: Container) =>
  Object.fromEntries(env.map(({ name, value }) => [name, value]));
