import { execFile } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import {
  createKubernetesEmulator,
  type Json,
  type KubeObject,
  type KubernetesEmulator,
} from '@vpc-cni/kubernetes-emulator';
import { stringify } from 'yaml';
import {
  basePath,
  daemonSet,
  parseManifests,
  tools,
  type Values,
} from '../charts/render.fixture.ts';
import { commandsOfPages, workspaceRoot } from './page-commands.fixture.ts';

interface Outcome {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A cluster that runs the AWS VPC CNI, and somebody with a checkout of this repository in front of it. */
export interface OperatedCluster {
  readonly api: KubernetesEmulator;
  /** The checkout, where commands are given. */
  readonly directory: string;
  /** Gives the one command of the pages that is this, or begins so. */
  give(beginning: string): Promise<Outcome>;
  /** The release is upgraded to these values, and to the images of the AWS VPC CNI. */
  becomeTheirs(values: Values): Promise<void>;
  /** Those that nobody has given. */
  readonly notGiven: () => readonly string[];
  close(): Promise<void>;
}

export const DAEMON_SET = {
  apiVersion: 'apps/v1',
  kind: 'DaemonSet',
  namespace: 'kube-system',
  name: 'aws-node',
};
/** What the pages leave to their readers. */
const placeholders = { REGISTRY: 'registry.example', NODE: 'ip-10-0-0-4' };
const filledIn = (text: string) =>
  Object.entries(placeholders).reduce(
    (given, [name, value]) => given.replaceAll(new RegExp(`\\b${name}\\b`, 'g'), value),
    text,
  );

export const THEIR_IMAGE = 'ecr.example/amazon-k8s-cni:v1.23.1';
const asTheirs = (text: string) =>
  text.replaceAll(
    /localhost\/vpc-cni\/(amazon-k8s-cni(?:-init)?):[^\s"]+/g,
    'ecr.example/$1:v1.23.1',
  );

const podOn = (nodeName: string, containers: Json): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: {
    name: `aws-node-${nodeName}`,
    namespace: 'kube-system',
    labels: { 'k8s-app': 'aws-node' },
  },
  spec: { nodeName, containers },
  status: { phase: 'Running' },
});

export async function operateCluster(): Promise<OperatedCluster> {
  const api = createKubernetesEmulator();
  const { url } = await api.listen({ host: '127.0.0.1', port: 0 });
  const manifests = parseManifests(asTheirs(readFileSync(`${basePath}/aws-k8s-cni.yaml`, 'utf8')));
  for (const object of manifests) {
    if (object.kind !== 'CustomResourceDefinition') api.create(object as unknown as KubeObject);
  }
  // What the controller of DaemonSets does.
  const containers = daemonSet(manifests).template.spec.containers as unknown as Json;
  for (const name of ['ip-10-0-0-4', 'ip-10-0-0-5']) api.create(podOn(name, containers));

  const directory = mkdtempSync(join(tmpdir(), 'checkout-'));
  cpSync(join(workspaceRoot, 'deploy'), join(directory, 'deploy'), { recursive: true });
  symlinkSync(join(workspaceRoot, 'apps'), join(directory, 'apps'));
  const page = readFileSync(join(workspaceRoot, 'docs/migrate-from-aws-node.md'), 'utf8');
  const [, kustomization = ''] = /```yaml\n(.*?)```/s.exec(page) ?? [];
  writeFileSync(join(directory, 'kustomization.yaml'), filledIn(kustomization));
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'emulated', cluster: { server: url } }],
    contexts: [{ name: 'c', context: { cluster: 'emulated' } }],
    'current-context': 'c',
  };
  writeFileSync(join(directory, 'kubeconfig'), JSON.stringify(config));

  const env = {
    PATH: `${dirname(process.execPath)}:${tools}:${process.env['PATH']}`,
    HOME: directory,
    KUBECONFIG: join(directory, 'kubeconfig'),
  };
  const left = new Set(commandsOfPages);

  const execute = (command: string): Promise<Outcome> =>
    new Promise((resolve) => {
      const options = { cwd: directory, env, timeout: 30_000 };
      execFile('sh', ['-ec', command], options, (error, stdout, stderr) =>
        resolve({ exitCode: error === null ? 0 : Number(error.code ?? -1), stdout, stderr }),
      ).stdin?.end();
    });

  return {
    api,
    directory,
    give: (beginning) => {
      const all = [...commandsOfPages];
      const meant = all.includes(beginning)
        ? [beginning]
        : all.filter((command) => command.startsWith(beginning));
      const [command, ...others] = meant;
      if (command === undefined || others.length > 0)
        throw new Error(`${meant.length} commands of the pages begin with ${beginning}`);
      left.delete(command);
      return execute(filledIn(command));
    },
    becomeTheirs: async (values) => {
      const images = ['image', 'init.image'].map(
        (name) => `--set ${name}.tag=v1.23.1,${name}.overrideRepository=ecr.example/amazon-k8s-cni`,
      );
      writeFileSync(join(directory, 'theirs.yaml'), stringify(values));
      const upgrade =
        'helm -n kube-system upgrade aws-vpc-cni deploy/charts/aws-vpc-cni --reset-values';
      const { exitCode, stderr } = await execute(`${upgrade} -f theirs.yaml ${images.join(' ')}`);
      if (exitCode !== 0) throw new Error(stderr);
    },
    notGiven: () => [...left],
    close: async () => {
      await api.close();
      rmSync(directory, { recursive: true });
    },
  };
}
