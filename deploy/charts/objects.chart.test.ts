// Source: the chart and the manifest of the AWS VPC CNI 1.23.1, object by object. What is ours is said to be.
import { describe, expect, test } from '@jest/globals';
import {
  daemonSet,
  decodeStrictly,
  find,
  lintChart,
  render,
  renderText,
} from './render.fixture.ts';

const byDefault = render();
const labels = {
  'app.kubernetes.io/name': 'aws-node',
  'app.kubernetes.io/instance': 'aws-vpc-cni',
  'k8s-app': 'aws-node',
};

describe('the objects', () => {
  test('are those of the AWS VPC CNI, in its namespace, with fields that Kubernetes knows', () => {
    expect(decodeStrictly(renderText())).toEqual([
      'CustomResourceDefinition/eniconfigs.crd.k8s.amazonaws.com',
      'ServiceAccount/aws-node',
      'ConfigMap/amazon-vpc-cni',
      'ClusterRole/aws-node',
      'ClusterRoleBinding/aws-node',
      'DaemonSet/aws-node',
    ]);
    for (const { kind, metadata } of byDefault) {
      const isNamespaced = ['ServiceAccount', 'ConfigMap', 'DaemonSet'].includes(kind);
      expect(metadata.namespace).toBe(isNamespaced ? 'kube-system' : undefined);
      expect(metadata.labels).toMatchObject(labels);
    }
  });

  test('a chart that Helm finds fault with is not shipped', () => {
    expect(lintChart()).toContain('1 chart(s) linted, 0 chart(s) failed');
  });

  test('an unknown field would be found', () => {
    const text = renderText().replace('hostNetwork:', 'hostNetworks:');
    expect(() => decodeStrictly(text)).toThrow('unknown field "spec.template.spec.hostNetworks"');
  });

  test('the CRD takes what that of the AWS VPC CNI takes', () => {
    const { spec } = find(
      byDefault,
      'CustomResourceDefinition',
      'eniconfigs.crd.k8s.amazonaws.com',
    );
    expect(spec).toMatchObject({
      group: 'crd.k8s.amazonaws.com',
      scope: 'Cluster',
      preserveUnknownFields: false,
      names: { kind: 'ENIConfig', plural: 'eniconfigs', singular: 'eniconfig' },
      versions: [
        {
          name: 'v1alpha1',
          served: true,
          storage: true,
          schema: {
            openAPIV3Schema: {
              'x-kubernetes-preserve-unknown-fields': true,
              properties: {
                spec: {
                  required: ['subnet'],
                  properties: {
                    subnet: { type: 'string' },
                    securityGroups: { type: 'array', items: { type: 'string' } },
                  },
                },
              },
            },
          },
        },
      ],
    });
  });

  test('the controllers of the control plane find their switches', () => {
    expect(find(byDefault, 'ConfigMap', 'amazon-vpc-cni').data).toEqual({
      'enable-network-policy-controller': 'false',
      'enable-windows-ipam': 'false',
      'enable-windows-prefix-delegation': 'false',
      'warm-prefix-target': '0',
      'warm-ip-target': '1',
      'minimum-ip-target': '3',
      'branch-eni-cooldown': '60',
    });
  });
});

describe('RBAC', () => {
  /** Every single permission, as `group/resource verb`. */
  const permissions = (values = {}) =>
    (find(render(values), 'ClusterRole').rules ?? [])
      .flatMap(({ apiGroups = [], resources = [], nonResourceURLs = [], verbs }) => {
        const what = apiGroups.flatMap((group) => resources.map((one) => `${group}/${one}`));
        return [...what, ...nonResourceURLs].flatMap((one) =>
          verbs.map((verb) => `${one} ${verb}`),
        );
      })
      .sort();

  const reading = (what: string) => ['get', 'list', 'watch'].map((verb) => `${what} ${verb}`);
  const expected = [
    ...reading('crd.k8s.amazonaws.com/eniconfigs'),
    ...reading('/namespaces'),
    ...reading('/pods'),
    ...reading('/nodes'),
    ...['/events', 'events.k8s.io/events'].flatMap((events) =>
      ['create', 'patch', 'list'].map((verb) => `${events} ${verb}`),
    ),
    ...reading('vpcresources.k8s.aws/cninodes'),
    'vpcresources.k8s.aws/cninodes patch',
    ...reading('networking.k8s.aws/policyendpoints'),
    ...reading('networking.k8s.aws/clusterpolicyendpoints'),
    'networking.k8s.aws/policyendpoints/status get',
    'networking.k8s.aws/clusterpolicyendpoints/status get',
    '/apis/networking.k8s.aws get',
    '/apis/networking.k8s.aws/* get',
  ];

  test('is what the AWS VPC CNI is granted, verb by verb', () => {
    expect(permissions()).toEqual([...expected].sort());
  });

  test.each([{ annotate: 'true' }, { annotate: 'false' }])(
    'pods may be patched once ANNOTATE_POD_IP is set, to $annotate even',
    ({ annotate }) => {
      const granted = permissions({ env: { ANNOTATE_POD_IP: annotate } });
      expect(granted).toEqual([...expected, '/pods patch'].sort());
    },
  );

  test('is bound to the account of the DaemonSet', () => {
    expect(find(byDefault, 'ClusterRoleBinding')).toMatchObject({
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'aws-node' },
      subjects: [{ kind: 'ServiceAccount', name: 'aws-node', namespace: 'kube-system' }],
    });
    expect(daemonSet(byDefault).template.spec['serviceAccountName']).toBe('aws-node');
  });
});
