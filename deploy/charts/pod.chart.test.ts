// Source: the chart and the manifest of the AWS VPC CNI 1.23.1, object by object. What is ours is said to be.
import { describe, expect, test } from '@jest/globals';
import { container, daemonSet, render } from './render.fixture.ts';

const byDefault = render();
const labels = {
  'app.kubernetes.io/name': 'aws-node',
  'app.kubernetes.io/instance': 'aws-vpc-cni',
  'k8s-app': 'aws-node',
};

describe('the pod', () => {
  const { updateStrategy, template } = daemonSet(byDefault);
  const { initContainers, containers, volumes, ...pod } = template.spec;

  test('runs everywhere that the AWS VPC CNI runs, in the host network and nothing else of the host', () => {
    expect(updateStrategy).toEqual({
      type: 'RollingUpdate',
      rollingUpdate: { maxUnavailable: '10%' },
    });
    expect(template.metadata).toEqual({ labels });
    expect(pod).toEqual({
      hostNetwork: true,
      priorityClassName: 'system-node-critical',
      serviceAccountName: 'aws-node',
      terminationGracePeriodSeconds: 10,
      securityContext: {},
      tolerations: [{ operator: 'Exists' }],
      affinity: {
        nodeAffinity: {
          requiredDuringSchedulingIgnoredDuringExecution: {
            nodeSelectorTerms: [
              {
                matchExpressions: [
                  { key: 'kubernetes.io/os', operator: 'In', values: ['linux'] },
                  { key: 'kubernetes.io/arch', operator: 'In', values: ['amd64', 'arm64'] },
                  {
                    key: 'eks.amazonaws.com/compute-type',
                    operator: 'NotIn',
                    values: ['fargate', 'hybrid', 'auto'],
                  },
                ],
              },
            ],
          },
        },
      },
    });
    expect([...initContainers, ...containers].map(({ name }) => name)).toEqual([
      'aws-vpc-cni-init',
      'aws-node',
      'aws-eks-nodeagent',
    ]);
  });

  test('has the volumes of the AWS VPC CNI, and four of ours', () => {
    expect(volumes).toEqual([
      { name: 'cni-bin-dir', hostPath: { path: '/opt/cni/bin' } },
      { name: 'cni-net-dir', hostPath: { path: '/etc/cni/net.d' } },
      { name: 'bpf-pin-path', hostPath: { path: '/sys/fs/bpf' } },
      {
        name: 'log-dir',
        hostPath: { path: '/var/log/aws-routed-eni', type: 'DirectoryOrCreate' },
      },
      { name: 'run-dir', hostPath: { path: '/var/run/aws-node', type: 'DirectoryOrCreate' } },
      { name: 'xtables-lock', hostPath: { path: '/run/xtables.lock', type: 'FileOrCreate' } },
      // Ours.
      { name: 'netns', hostPath: { path: '/run/netns', type: 'DirectoryOrCreate' } },
      { name: 'proc-sys-net', hostPath: { path: '/proc/sys/net', type: 'Directory' } },
      { name: 'egress-addresses', hostPath: { path: '/run/cni', type: 'DirectoryOrCreate' } },
      { name: 'cri', hostPath: { path: '/run/containerd', type: 'DirectoryOrCreate' } },
    ]);
  });

  test('init: as the AWS VPC CNI has it', () => {
    expect(container(byDefault, 'aws-vpc-cni-init')).toEqual({
      name: 'aws-vpc-cni-init',
      image: 'localhost/vpc-cni/amazon-k8s-cni-init:v0.1.0',
      imagePullPolicy: 'IfNotPresent',
      env: [
        { name: 'DISABLE_TCP_EARLY_DEMUX', value: 'false' },
        { name: 'ENABLE_IPv6', value: 'false' },
      ],
      securityContext: { privileged: true },
      resources: { requests: { cpu: '25m' } },
      volumeMounts: [{ name: 'cni-bin-dir', mountPath: '/host/opt/cni/bin' }],
    });
  });

  test('main: ports, probes, mounts and privileges', () => {
    const probe = {
      exec: {
        command: [
          '/app/grpc-health-probe',
          '-addr=unix:///var/run/aws-node/ipamd.sock',
          '-connect-timeout=5s',
          '-rpc-timeout=5s',
        ],
      },
      timeoutSeconds: 10,
    };
    const { env, ...main } = container(byDefault, 'aws-node');
    expect(main).toEqual({
      name: 'aws-node',
      image: 'localhost/vpc-cni/amazon-k8s-cni:v0.1.0',
      imagePullPolicy: 'IfNotPresent',
      ports: [{ name: 'metrics', containerPort: 61678 }],
      livenessProbe: { ...probe, initialDelaySeconds: 60 },
      readinessProbe: { ...probe, initialDelaySeconds: 1 },
      resources: { requests: { cpu: '25m' } },
      // Of the AWS VPC CNI's: NET_ADMIN, NET_RAW on top of what a runtime gives; deploy/images tests this set.
      securityContext: {
        capabilities: { drop: ['ALL'], add: ['NET_ADMIN', 'NET_RAW', 'SYS_ADMIN'] },
      },
      volumeMounts: [
        { name: 'cni-bin-dir', mountPath: '/host/opt/cni/bin' },
        { name: 'cni-net-dir', mountPath: '/host/etc/cni/net.d' },
        { name: 'log-dir', mountPath: '/host/var/log/aws-routed-eni' },
        { name: 'run-dir', mountPath: '/var/run/aws-node' },
        { name: 'xtables-lock', mountPath: '/run/xtables.lock' },
        // Ours.
        { name: 'netns', mountPath: '/run/netns', mountPropagation: 'HostToContainer' },
        { name: 'proc-sys-net', mountPath: '/host/proc/sys/net' },
        { name: 'egress-addresses', mountPath: '/run/cni' },
        {
          name: 'cri',
          mountPath: '/run/containerd',
          mountPropagation: 'HostToContainer',
          readOnly: true,
        },
      ],
    });
  });

  test('main: the 25 settings in the order of their names, then who it is', () => {
    expect(container(byDefault, 'aws-node').env).toEqual([
      ...Object.entries({
        ADDITIONAL_ENI_TAGS: '{}',
        AWS_VPC_CNI_NODE_PORT_SUPPORT: 'true',
        AWS_VPC_ENI_MTU: '9001',
        AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG: 'false',
        AWS_VPC_K8S_CNI_EXTERNALSNAT: 'false',
        AWS_VPC_K8S_CNI_LOGLEVEL: 'DEBUG',
        AWS_VPC_K8S_CNI_LOG_FILE: '/host/var/log/aws-routed-eni/ipamd.log',
        AWS_VPC_K8S_CNI_RANDOMIZESNAT: 'prng',
        AWS_VPC_K8S_CNI_VETHPREFIX: 'eni',
        AWS_VPC_K8S_PLUGIN_LOG_FILE: '/var/log/aws-routed-eni/plugin.log',
        AWS_VPC_K8S_PLUGIN_LOG_LEVEL: 'DEBUG',
        DISABLE_INTROSPECTION: 'false',
        DISABLE_METRICS: 'false',
        DISABLE_NETWORK_RESOURCE_PROVISIONING: 'false',
        ENABLE_IMDS_ONLY_MODE: 'false',
        ENABLE_IPv4: 'true',
        ENABLE_IPv6: 'false',
        ENABLE_MULTI_NIC: 'false',
        ENABLE_POD_ENI: 'false',
        ENABLE_PREFIX_DELEGATION: 'false',
        ENABLE_SUBNET_DISCOVERY: 'true',
        NETWORK_POLICY_ENFORCING_MODE: 'standard',
        VPC_CNI_VERSION: 'v0.1.0', // of this project's release
        WARM_ENI_TARGET: '1',
        WARM_PREFIX_TARGET: '1',
      }).map(([name, value]) => ({ name, value })),
      { name: 'MY_NODE_NAME', valueFrom: { fieldRef: { fieldPath: 'spec.nodeName' } } },
      { name: 'MY_POD_NAME', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
    ]);
  });

  test('the network policy agent: as the AWS VPC CNI has it', () => {
    expect(container(byDefault, 'aws-eks-nodeagent')).toEqual({
      name: 'aws-eks-nodeagent',
      image: '602401143452.dkr.ecr.us-west-2.amazonaws.com/amazon/aws-network-policy-agent:v1.4.2',
      imagePullPolicy: 'IfNotPresent',
      ports: [{ name: 'agentmetrics', containerPort: 8162 }],
      args: [
        '--enable-ipv6=false',
        '--enable-network-policy=false',
        '--enable-cloudwatch-logs=false',
        '--enable-policy-event-logs=false',
        '--log-file=/var/log/aws-routed-eni/network-policy-agent.log',
        '--metrics-bind-addr=:8162',
        '--health-probe-bind-addr=:8163',
        '--conntrack-cache-cleanup-period=300',
        '--conntrack-cache-table-size=524288',
        '--log-level=debug',
      ],
      env: [{ name: 'MY_NODE_NAME', valueFrom: { fieldRef: { fieldPath: 'spec.nodeName' } } }],
      resources: { requests: { cpu: '25m' } },
      securityContext: { capabilities: { add: ['NET_ADMIN'] }, privileged: true },
      volumeMounts: [
        { name: 'cni-bin-dir', mountPath: '/host/opt/cni/bin' },
        { name: 'bpf-pin-path', mountPath: '/sys/fs/bpf' },
        { name: 'log-dir', mountPath: '/var/log/aws-routed-eni' },
        { name: 'run-dir', mountPath: '/var/run/aws-node' },
      ],
    });
  });
});
