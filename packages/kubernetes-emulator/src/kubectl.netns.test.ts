import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { administrator } from './access.ts';
import { createKubernetesEmulator, type KubernetesEmulator } from './emulator.ts';

// The real kubectl, in the lane that has nothing but a loopback.

let cluster: KubernetesEmulator;
let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'kubectl-'));
  cluster = createKubernetesEmulator({ withoutToken: undefined });
  cluster.setIdentity('secret', administrator);
  const { url, caCertificate = '' } = await cluster.listen({
    host: '127.0.0.1',
    port: 0,
    tls: true,
  });
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [
      {
        name: 'emulated',
        cluster: {
          server: url,
          'certificate-authority-data': Buffer.from(caCertificate).toString('base64'),
        },
      },
    ],
    users: [{ name: 'admin', user: { token: 'secret' } }],
    contexts: [{ name: 'c', context: { cluster: 'emulated', user: 'admin' } }],
    'current-context': 'c',
  };
  await writeFile(join(directory, 'config'), JSON.stringify(config));
  cluster.create({
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name: 'ip-10-0-0-4' },
    status: { capacity: { pods: '29', cpu: '2' }, conditions: [{ type: 'Ready', status: 'True' }] },
  });
});
afterAll(async () => {
  await cluster.close();
  await rm(directory, { recursive: true });
});

const node = { apiVersion: 'v1', kind: 'Node', name: 'ip-10-0-0-4' };
const eniConfig = { apiVersion: 'crd.k8s.amazonaws.com/v1alpha1', kind: 'ENIConfig', name: 'zone' };
const podName = { apiVersion: 'v1', kind: 'Pod', namespace: 'default', name: 'web' };

/** @throws with what kubectl says on stderr. */
function kubectl(args: string, stdin?: unknown): Promise<string> {
  const env = { PATH: process.env['PATH'], HOME: directory, KUBECONFIG: join(directory, 'config') };
  return new Promise((resolve, reject) => {
    const done = (error: Error | null, stdout: string, stderr: string) =>
      error === null ? resolve(stdout) : reject(new Error(stderr));
    const child = execFile('kubectl', args.split(' '), { env, timeout: 20_000 }, done);
    child.stdin?.end(stdin === undefined ? '' : JSON.stringify(stdin));
  });
}

test('get lists, by selectors and all of it', async () => {
  expect(await kubectl('get nodes')).toMatch(/^NAME\s+AGE\s+ip-10-0-0-4\s/);
  const name = 'jsonpath={.items[*].metadata.name}';
  expect(await kubectl(`get nodes --field-selector metadata.name=other -o ${name}`)).toBe('');
  expect(await kubectl('get no ip-10-0-0-4 -o name')).toBe('node/ip-10-0-0-4\n');
});

test('describe tells of a node and of its events', async () => {
  const text = await kubectl('describe node ip-10-0-0-4');
  expect(text).toMatch(/Name:\s+ip-10-0-0-4/);
  expect(text).toMatch(/pods:\s+29/);
});

test('apply creates custom resources, changes them, and sees when there is nothing to change', async () => {
  const config = (subnet: string) => ({
    apiVersion: eniConfig.apiVersion,
    kind: 'ENIConfig',
    metadata: { name: 'zone' },
    spec: { subnet },
  });
  expect(await kubectl('apply -f -', config('subnet-1'))).toMatch(/zone created/);
  expect(await kubectl('apply -f -', config('subnet-1'))).toMatch(/zone unchanged/);
  expect(await kubectl('apply -f -', config('subnet-2'))).toMatch(/zone configured/);
  expect(cluster.find(eniConfig)).toMatchObject({ spec: { subnet: 'subnet-2' } });
  expect(await kubectl('describe eniconfig zone')).toMatch(/Subnet:\s+subnet-2/);
});

test('apply knows pods', async () => {
  const pod = (image: string) => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'web', namespace: 'default' },
    spec: { nodeName: 'ip-10-0-0-4', containers: [{ name: 'main', image }] },
  });
  await kubectl('apply -f -', pod('one'));
  expect(await kubectl('apply -f -', pod('two'))).toBe('pod/web configured\n');
  expect(cluster.find(podName)).toMatchObject({ spec: { containers: [{ image: 'two' }] } });
  expect(await kubectl('describe pod web')).toMatch(/Image:\s+two/);
});

test('label, annotate, taint and cordon change the node', async () => {
  await kubectl('label node ip-10-0-0-4 k8s.amazonaws.com/eniConfig=zone');
  await kubectl('annotate node ip-10-0-0-4 a=b');
  await kubectl('taint nodes ip-10-0-0-4 agent-not-ready=true:NoSchedule');
  await kubectl('taint nodes ip-10-0-0-4 other=true:NoExecute');
  await kubectl('taint nodes ip-10-0-0-4 agent-not-ready-');
  await kubectl('cordon ip-10-0-0-4');
  expect(cluster.find(node)).toMatchObject({
    metadata: { labels: { 'k8s.amazonaws.com/eniConfig': 'zone' }, annotations: { a: 'b' } },
    spec: { unschedulable: true, taints: [{ key: 'other', effect: 'NoExecute' }] },
  });
});

test.each([
  ['merge', '{"metadata":{"labels":{"by":"merge"}}}'],
  ['strategic', '{"metadata":{"labels":{"by":"strategic"}}}'],
  ['json', '[{"op":"replace","path":"/metadata/labels/by","value":"json"}]'],
])('patch of type %s', async (type, patch) => {
  await kubectl(`patch node ip-10-0-0-4 --type ${type} -p ${patch}`);
  expect(cluster.find(node)).toMatchObject({ metadata: { labels: { by: type } } });
});

test('get --watch sees what happens', async () => {
  const watching = kubectl('get eniconfigs --watch -o name --request-timeout=2s');
  while (cluster.watchCount === 0) await new Promise((resolve) => setTimeout(resolve, 20));
  cluster.create({ ...eniConfig, metadata: { name: 'late' }, spec: { subnet: 's' } });
  expect(await watching).toBe(
    'eniconfig.crd.k8s.amazonaws.com/zone\neniconfig.crd.k8s.amazonaws.com/late\n',
  );
});

test('delete waits until the object is gone', async () => {
  await kubectl('delete eniconfig zone');
  expect(cluster.find(eniConfig)).toBeUndefined();
  await kubectl('delete pod web --grace-period=0 --force');
  expect(cluster.find(podName)).toBeUndefined();
});

test('what is not there, and what is not known, are said in its words', async () => {
  await expect(kubectl('get node other')).rejects.toThrow(
    'Error from server (NotFound): nodes "other" not found',
  );
  await expect(kubectl('get gadgets')).rejects.toThrow(
    'the server doesn\'t have a resource type "gadgets"',
  );
});
