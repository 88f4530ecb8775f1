// Source: the chart and the manifest of the AWS VPC CNI 1.23.1, object by object. What is ours is said to be.
import { describe, expect, test } from '@jest/globals';
import {
  container,
  daemonSet,
  decodeStrictly,
  envOf,
  find,
  parseManifests,
  render,
  renderText,
} from './render.fixture.ts';
import { valuesText, withEnv } from './write-env.ts';

test('env is what the table of settings says', () => {
  expect(withEnv(valuesText())).toBe(valuesText());
});

describe('values of the AWS VPC CNI', () => {
  test.each([
    { image: {}, is: 'localhost/vpc-cni/amazon-k8s-cni:v0.1.0' },
    { image: { override: 'me/cni@sha256:0' }, is: 'me/cni@sha256:0' },
    { image: { overrideRepository: 'me/cni', tag: 'v9' }, is: 'me/cni:v9' },
    {
      image: {
        overrideRepository: '',
        tag: 'v9',
        region: 'cn-north-1',
        domain: 'amazonaws.com.cn',
      },
      is: '602401143452.dkr.ecr.cn-north-1.amazonaws.com.cn/amazon-k8s-cni:v9',
    },
    {
      image: { overrideRepository: '', account: 1, endpoint: 'ecr-fips' },
      is: '1.dkr.ecr-fips.us-west-2.amazonaws.com/amazon-k8s-cni:v0.1.0',
    },
  ])('image $image is $is', ({ image, is }) => {
    const objects = render({ image, init: { image } });
    expect(container(objects, 'aws-node').image).toBe(is);
    const init = is.replace('/amazon-k8s-cni:', '/amazon-k8s-cni-init:');
    const named = 'override' in image || is.startsWith('me/') ? is : init;
    expect(container(objects, 'aws-vpc-cni-init').image).toBe(named);
  });

  test('without the network policy agent nothing of it is left', () => {
    const objects = render({ nodeAgent: { enabled: false } });
    const { containers, volumes } = daemonSet(objects).template.spec;
    expect(containers.map(({ name }) => name)).toEqual(['aws-node']);
    expect(volumes.map(({ name }) => name)).not.toContain('bpf-pin-path');
    expect(envOf(container(objects, 'aws-node'))).not.toHaveProperty(
      'NETWORK_POLICY_ENFORCING_MODE',
    );
  });

  test('env is added to, extraEnv follows it', () => {
    const extra = { name: 'CLUSTER_NAME', valueFrom: { configMapKeyRef: { name: 'a', key: 'b' } } };
    const { env } = container(
      render({ env: { WARM_IP_TARGET: 5, WARM_ENI_TARGET: '0' }, extraEnv: [extra] }),
      'aws-node',
    );
    expect(env).toContainEqual({ name: 'WARM_IP_TARGET', value: '5' });
    expect(env).toContainEqual({ name: 'WARM_ENI_TARGET', value: '0' });
    expect(env.slice(-3, -2)).toEqual([extra]);
  });

  test('an ENIConfig for each name, groups only where there are any', () => {
    const subnets = {
      'us-west-2a': { id: 'subnet-a', securityGroups: ['sg-1', 'sg-2'] },
      'us-west-2b': { id: 'subnet-b' },
    };
    const text = renderText({ eniConfig: { create: true, subnets } });
    expect(decodeStrictly(text)).toContain('ENIConfig/us-west-2a?');
    const objects = parseManifests(text);
    expect(find(objects, 'ENIConfig', 'us-west-2a').spec).toEqual({
      subnet: 'subnet-a',
      securityGroups: ['sg-1', 'sg-2'],
    });
    expect(find(objects, 'ENIConfig', 'us-west-2b').spec).toEqual({ subnet: 'subnet-b' });
    expect(() => render({ eniConfig: { create: true } })).toThrow('eniConfig.subnets');
  });

  test('a configuration list of ones own is mounted over the one that is built in', () => {
    const objects = render({ cniConfig: { enabled: true, fileContents: '{"a":1}' } });
    expect(find(objects, 'ConfigMap').binaryData).toEqual({
      '10-aws.conflist': Buffer.from('{"a":1}').toString('base64'),
    });
    expect(container(objects, 'aws-node').volumeMounts).toContainEqual({
      name: 'cni-config',
      mountPath: '/app/10-aws.conflist',
      subPath: '10-aws.conflist',
    });
    expect(daemonSet(objects).template.spec.volumes).toContainEqual({
      name: 'cni-config',
      configMap: { name: 'aws-node' },
    });
  });

  test.each([
    { agent: true, ports: ['metrics', 'agentmetrics'] },
    { agent: false, ports: ['metrics'] },
  ])('a PodMonitor scrapes $ports', ({ agent, ports }) => {
    const objects = render({
      nodeAgent: { enabled: agent },
      podMonitor: { create: true, labels: { release: 'prometheus' } },
    });
    const { metadata, spec } = find(objects, 'PodMonitor');
    expect(metadata.labels).toMatchObject({ release: 'prometheus' });
    expect(spec).toMatchObject({
      jobLabel: 'aws-node',
      selector: { matchLabels: { 'k8s-app': 'aws-node' } },
      podMetricsEndpoints: ports.map((port) => ({
        port,
        path: '/metrics',
        interval: '30s',
        scrapeTimeout: '30s',
      })),
    });
  });

  test('everything else that can be set arrives', () => {
    const objects = render({
      imagePullSecrets: [{ name: 'pull' }],
      podSecurityContext: { fsGroup: 1 },
      podAnnotations: { a: true },
      nodeSelector: { b: 'c' },
      tolerations: [],
      priorityClassName: 'mine',
      livenessProbe: { timeoutSeconds: 3 },
      readinessProbeTimeoutSeconds: 4,
      updateStrategy: { type: 'OnDelete', rollingUpdate: null },
      resources: { limits: { memory: '1Gi' } },
      init: { resources: { requests: { cpu: '5m' } } },
      serviceAccount: { name: 'mine', annotations: { 'eks.amazonaws.com/role-arn': 'arn:d' } },
      extraVolumes: [{ name: 'v', emptyDir: {} }],
      extraVolumeMounts: [{ name: 'v', mountPath: '/v' }],
    });
    const { updateStrategy, template } = daemonSet(objects);
    expect(updateStrategy).toEqual({ type: 'OnDelete' });
    expect(template.metadata.annotations).toEqual({ a: 'true' });
    expect(template.spec).toMatchObject({
      imagePullSecrets: [{ name: 'pull' }],
      securityContext: { fsGroup: 1 },
      nodeSelector: { b: 'c' },
      priorityClassName: 'mine',
      serviceAccountName: 'mine',
    });
    expect(template.spec['tolerations']).toBeUndefined();
    expect(find(objects, 'ServiceAccount', 'mine').metadata.annotations).toEqual({
      'eks.amazonaws.com/role-arn': 'arn:d',
    });
    expect(template.spec.volumes).toContainEqual({ name: 'v', emptyDir: {} });
    const main = container(objects, 'aws-node');
    const init = container(objects, 'aws-vpc-cni-init');
    for (const { volumeMounts } of [main, init]) {
      expect(volumeMounts).toContainEqual({ name: 'v', mountPath: '/v' });
    }
    expect(main).toMatchObject({
      livenessProbe: { timeoutSeconds: 3 },
      readinessProbe: { timeoutSeconds: 4 },
      resources: { requests: { cpu: '25m' }, limits: { memory: '1Gi' } },
    });
    expect(init.resources).toEqual({ requests: { cpu: '5m' } });
  });

  test.each([
    ['serviceAccount', { serviceAccount: { create: false } }],
    // Of releases before 1.12.
    ['crd and cri', { crd: { create: true }, cri: { hostPath: { path: '/var/run/cri.sock' } } }],
  ])('%s: taken', (_name, values) => {
    expect(daemonSet(render(values)).template.spec.containers).toHaveLength(2);
  });
});

describe('the container runtime is', () => {
  const mountsWith = (values: object) =>
    container(render({ ...values }), 'aws-node').volumeMounts.map(({ mountPath }) => mountPath);

  test.each([
    { values: { cri: { directory: '/run/crio' } }, has: '/run/crio' },
    { values: { cri: { directory: '' } }, has: undefined },
    { values: { env: { AWS_VPC_K8S_CNI_CRI_SOCKET: 'none' } }, has: undefined },
  ])('asked through $has with $values', ({ values, has }) => {
    const own = mountsWith(values).slice(-1)[0];
    expect(own).toBe(has ?? '/run/cni');
  });
});
