import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { EC2_ENDPOINT_ADDRESS } from '@vpc-cni/aws-emulator/fabric';
import {
  createKubernetesEmulator,
  type JsonObject,
  type KubernetesEmulator,
  type Rule,
} from '@vpc-cni/kubernetes-emulator';
import { parseAllDocuments } from 'yaml';
import { workspaceRoot } from './program-path.ts';

/** Where kubelet puts the credentials of a pod's service account. */
const SERVICE_ACCOUNT = '/var/run/secrets/kubernetes.io/serviceaccount';
const TOKEN = 'of-aws-node';
const PORT = 6443;

/** The cluster that the nodes of a box belong to, with an API server in the fabric. */
export interface Cluster {
  readonly api: KubernetesEmulator;
  /** What kubelet sets in a pod. */
  readonly environment: Readonly<Record<string, string>>;
  registerNode(
    name: string,
    metadata?: {
      readonly labels?: Readonly<Record<string, string>>;
      readonly annotations?: Readonly<Record<string, string>>;
    },
  ): void;
  /** Somebody changes a node. */
  changeNode(name: string, patch: JsonObject): void;
  addEniConfig(
    name: string,
    spec: { readonly subnet: string; readonly securityGroups?: readonly string[] },
  ): void;
  close(): Promise<void>;
}

/**
 * Listens over TLS, and knows the daemon by its token, with the rights that the manifest gives it, and what settings
 * add to them.
 */
export async function createCluster(further: readonly Rule[] = []): Promise<Cluster> {
  const api = createKubernetesEmulator({ withoutToken: undefined });
  api.setIdentity(TOKEN, {
    user: 'system:serviceaccount:kube-system:aws-node',
    rules: [...(await shippedRules()), ...further],
  });
  const { caCertificate = '' } = await api.listen({
    host: EC2_ENDPOINT_ADDRESS,
    port: PORT,
    tls: true,
  });
  await mkdir(SERVICE_ACCOUNT, { recursive: true });
  await writeFile(join(SERVICE_ACCOUNT, 'token'), TOKEN);
  await writeFile(join(SERVICE_ACCOUNT, 'ca.crt'), caCertificate);

  return {
    api,
    environment: {
      KUBERNETES_SERVICE_HOST: EC2_ENDPOINT_ADDRESS,
      KUBERNETES_SERVICE_PORT: `${PORT}`,
    },
    registerNode: (name, metadata = {}) => {
      api.create({ apiVersion: 'v1', kind: 'Node', metadata: { name, ...metadata } });
    },
    changeNode: (name, patch) => {
      api.change({ apiVersion: 'v1', kind: 'Node', name }, patch);
    },
    addEniConfig: (name, spec) => {
      const apiVersion = 'crd.k8s.amazonaws.com/v1alpha1';
      api.create({ apiVersion, kind: 'ENIConfig', metadata: { name }, spec });
    },
    close: async () => {
      await api.close();
      await rm(SERVICE_ACCOUNT, { recursive: true });
    },
  };
}

/** Those about resources, of the role in the manifest. */
async function shippedRules(): Promise<readonly Rule[]> {
  const manifest = join(workspaceRoot, 'deploy/kustomize/base/aws-k8s-cni.yaml');
  const objects = parseAllDocuments(await readFile(manifest, 'utf8')).map((one) => one.toJS());
  const role = objects.find(({ kind }) => kind === 'ClusterRole');
  return role.rules.filter(({ resources }: { resources?: unknown }) => resources !== undefined);
}
