// What the pages tell operators to type, typed: real kubectl and Helm, an API server in memory.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import {
  DAEMON_SET,
  type OperatedCluster,
  operateCluster,
  THEIR_IMAGE,
} from './cluster.fixture.ts';

let cluster: OperatedCluster;

beforeAll(async () => {
  cluster = await operateCluster();
});
afterAll(() => cluster?.close());

const kube = (command: string) => `kubectl -n kube-system ${command}`;

async function give(beginning: string): Promise<string> {
  const { exitCode, stdout, stderr } = await cluster.give(beginning);
  expect({ exitCode, stderr }).toMatchObject({ exitCode: 0 });
  return stdout;
}

const inCheckout = (name: string) => join(cluster.directory, name);

interface DaemonSet {
  readonly metadata: { readonly uid: string; readonly generation: number };
  readonly spec: {
    readonly updateStrategy: { readonly type: string };
    readonly template: {
      readonly spec: {
        readonly containers: readonly [
          { readonly image: string; readonly env: readonly { name: string; value?: string }[] },
        ];
      };
    };
  };
}

const daemonSet = () => cluster.api.find(DAEMON_SET) as unknown as DaemonSet;
const container = () => daemonSet().spec.template.spec.containers[0];

describe('with kubectl', () => {
  test('the settings of the present DaemonSet are explained', async () => {
    await give(kube('set env daemonset/aws-node -c aws-node --list'));
    expect(readFileSync(inCheckout('aws-node.env'), 'utf8')).toContain('\nWARM_ENI_TARGET=1\n');
    const explained = await give('env -i');
    expect(explained).toMatch(/WARM_ENI_TARGET/);
    expect(explained).not.toMatch(/problem/);
  });

  test('the difference is shown, and applied', async () => {
    const { exitCode, stdout } = await cluster.give('kubectl diff');
    expect(exitCode).toBe(1);
    expect(stdout).toMatch(
      /^-.*ecr\.example\/amazon-k8s-cni:[\s\S]*^\+.*registry\.example\/amazon-k8s-cni:/m,
    );
    expect(container().image).toMatch(/^ecr/);
    await give('kubectl apply -k');
    expect(container()).toMatchObject({ image: 'registry.example/amazon-k8s-cni:v0.1.0' });
    expect(container().env).toContainEqual({ name: 'WARM_IP_TARGET', value: '5' });
    expect(daemonSet().spec.updateStrategy).toMatchObject({ type: 'OnDelete' });
  });

  test('the pod of one node is deleted', async () => {
    expect(await give(kube('get pods'))).toMatch(/ip-10-0-0-4\s[\s\S]*ip-10-0-0-5\s/);
    await give(kube('delete pod'));
    const pods = cluster.api.list({ apiVersion: 'v1', kind: 'Pod' });
    expect(pods).toMatchObject([{ spec: { nodeName: 'ip-10-0-0-5' } }]);
  });

  test('without the strategy it is rolled out', async () => {
    const file = inCheckout('kustomization.yaml');
    const text = readFileSync(file, 'utf8');
    writeFileSync(file, text.replace(/^.*updateStrategy.*\n/m, ''));
    expect(readFileSync(file, 'utf8')).not.toBe(text);
    await give('kubectl apply -k');
    expect(daemonSet().spec.updateStrategy).toMatchObject({ type: 'RollingUpdate' });
    const counts = ['desiredNumberScheduled', 'updatedNumberScheduled', 'numberAvailable'];
    cluster.api.change(DAEMON_SET, {
      status: {
        observedGeneration: daemonSet().metadata.generation,
        ...Object.fromEntries(counts.map((count) => [count, 2])),
      },
    });
    expect(await give(kube('rollout status'))).toMatch(/successfully rolled out/);
  });

  test('the daemon is told to log to the container’s log', async () => {
    await give(kube('set env daemonset/aws-node -c aws-node AWS'));
    const setting = { name: 'AWS_VPC_K8S_CNI_LOG_FILE', value: 'stdout' };
    expect(container().env).toContainEqual(setting);
  });

  test('the revision before comes back', async () => {
    const { spec, metadata } = daemonSet();
    const owner = { apiVersion: 'apps/v1', kind: 'DaemonSet', name: 'aws-node', controller: true };
    const revise = (revision: number, image: string) =>
      cluster.api.create({
        apiVersion: 'apps/v1',
        kind: 'ControllerRevision',
        metadata: {
          name: `aws-node-${revision}`,
          namespace: 'kube-system',
          labels: { 'k8s-app': 'aws-node' },
          ownerReferences: [{ ...owner, uid: metadata.uid }],
        },
        data: {
          spec: {
            template: {
              ...JSON.parse(JSON.stringify(spec.template).replaceAll(container().image, image)),
              $patch: 'replace',
            },
          },
        },
        revision,
      });
    revise(1, THEIR_IMAGE);
    revise(2, container().image);
    expect(await give(kube('rollout undo'))).toMatch(/rolled back/);
    expect(container().image).toBe(THEIR_IMAGE);
  });

  test('pods are described', async () => {
    cluster.api.create({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'web', namespace: 'default' },
      spec: { nodeName: 'ip-10-0-0-5', containers: [{ name: 'main', image: 'any' }] },
    });
    expect(await give('kubectl describe pod')).toMatch(/Name:\s+web/);
  });
});

describe('with Helm', () => {
  test('objects that it did not create are taken over', async () => {
    await give('for object');
    expect(cluster.api.find(DAEMON_SET)).toMatchObject({
      metadata: {
        annotations: { 'meta.helm.sh/release-name': 'aws-vpc-cni' },
        labels: { 'app.kubernetes.io/managed-by': 'Helm' },
      },
    });
    expect(await give('helm upgrade --install')).toMatch(/^STATUS: deployed$/m);
    expect(container().image).toMatch(/^registry\.example\/amazon-k8s-cni:/);
  });

  test('a release with images of the AWS VPC CNI is upgraded with its values, and rolled back', async () => {
    await cluster.becomeTheirs({ originalMatchLabels: true, env: { WARM_IP_TARGET: '5' } });
    expect(container().image).toBe(THEIR_IMAGE);
    await give('helm -n kube-system get values');
    expect(readFileSync(inCheckout('values.yaml'), 'utf8')).toContain('WARM_IP_TARGET: "5"');
    expect(await give('helm -n kube-system upgrade')).toMatch(/^STATUS: deployed$/m);
    expect(container().image).toBe('registry.example/amazon-k8s-cni:v0.1.0');
    expect(container().env).toContainEqual({ name: 'WARM_IP_TARGET', value: '5' });
    expect(await give('helm -n kube-system rollback')).toMatch(/Rollback was a success/);
    expect(container().image).toBe(THEIR_IMAGE);
  });
});

// The emulator has no kubelet, so these get as far as the pod: command, flags, object and container are right.
test.each([
  kube('logs ds/aws-node -c aws-node'),
  kube('logs ds/aws-node -c aws-eks-nodeagent'),
  kube('logs ds/aws-node'),
  kube('exec ds/aws-node -c aws-node -- node /app'),
  kube('exec ds/aws-node -c aws-node -- node -e'),
])('%s… asks the kubelet of a pod', async (beginning) => {
  const { exitCode, stderr } = await cluster.give(beginning);
  expect({ exitCode, stderr }).toMatchObject({ exitCode: 1 });
  expect(stderr).toMatch(/the server could not find the requested resource/);
});

test('every command of the pages has been given', () => {
  expect(cluster.notGiven()).toEqual([]);
});
