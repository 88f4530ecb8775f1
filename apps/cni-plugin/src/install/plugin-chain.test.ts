import { describe, expect, test } from '@jest/globals';
import { type NetworkConfList, parseConfList } from '@vpc-cni/cni-spec';
import fc from 'fast-check';
import {
  type EgressChoice,
  type OwnChain,
  withOwnPlugins,
  withoutOwnPlugins,
} from './plugin-chain.ts';
import { readInstallSettings } from './settings.ts';

type Variables = Readonly<Record<string, string>>;

const own = (variables: Variables = {}, egress?: Partial<EgressChoice>): OwnChain => {
  const { settings } = readInstallSettings(variables);
  const { isIpv6, egress: chosen } = settings;
  return {
    chain: settings.chain,
    egress: egress && { ...chosen, isIpv6, nodeAddress: '', ...egress },
  };
};
const types = (list: NetworkConfList | undefined) => list?.plugins.map(({ raw }) => raw['type']);
const listOf = (...plugins: readonly object[]) =>
  parseConfList(JSON.stringify({ cniVersion: '1.0.0', name: 'aws-cni', mine: 1, plugins }));

const awsCni = {
  name: 'aws-cni',
  type: 'aws-cni',
  vethPrefix: 'eni',
  mtu: '9001',
  podSGEnforcingMode: 'strict',
  pluginLogFile: '/var/log/aws-routed-eni/plugin.log',
  pluginLogLevel: 'Debug',
  capabilities: { 'io.kubernetes.cri.pod-annotations': true },
};
const portmap = { type: 'portmap', capabilities: { portMappings: true }, snat: true };

describe('a new list', () => {
  test('is that of the AWS VPC CNI', () => {
    expect(withOwnPlugins(undefined, own({}, {})).raw).toEqual({
      cniVersion: '0.4.0',
      name: 'aws-cni',
      disableCheck: true,
      plugins: [
        awsCni,
        {
          name: 'egress-cni',
          type: 'egress-cni',
          mtu: '9001',
          enabled: 'false',
          randomizeSNAT: 'prng',
          nodeIP: '',
          ipam: {
            type: 'host-local',
            ranges: [[{ subnet: 'fd00::ac:00/118' }]],
            routes: [{ dst: '::/0' }],
            dataDir: '/run/cni/v4pd/egress-v6-ipam',
          },
          pluginLogFile: '/var/log/aws-routed-eni/egress-v6-plugin.log',
          pluginLogLevel: 'Debug',
        },
        portmap,
      ],
    });
  });

  test('has egress for IPv4 in an IPv6 cluster', () => {
    const list = withOwnPlugins(
      undefined,
      own({ ENABLE_IPv6: 'true' }, { nodeAddress: '10.0.0.4' }),
    );
    expect(list.plugins[1]?.raw).toMatchObject({
      enabled: 'true',
      nodeIP: '10.0.0.4',
      ipam: {
        ranges: [[{ subnet: '169.254.172.0/22' }]],
        routes: [{ dst: '0.0.0.0/0' }],
        dataDir: '/run/cni/v6pd/egress-v4-ipam',
      },
      pluginLogFile: '/var/log/aws-routed-eni/egress-v4-plugin.log',
    });
  });

  test.each([
    { variables: {}, expected: ['aws-cni', 'portmap'] },
    {
      variables: { ENABLE_BANDWIDTH_PLUGIN: 'true' },
      expected: ['aws-cni', 'portmap', 'bandwidth'],
    },
    { variables: { DISABLE_POD_V6: 'true' }, expected: ['aws-cni', 'portmap', 'tuning'] },
    {
      variables: { DISABLE_POD_V6: 'true', ENABLE_BANDWIDTH_PLUGIN: 'true' },
      expected: ['aws-cni', 'portmap', 'bandwidth', 'tuning'],
    },
  ])('has $expected with $variables, without an egress program', ({ variables, expected }) => {
    expect(types(withOwnPlugins(undefined, own(variables)))).toEqual(expected);
  });

  test('carries the settings', () => {
    const list = withOwnPlugins(
      undefined,
      own({
        AWS_VPC_K8S_CNI_VETHPREFIX: 'pod',
        POD_MTU: '1400',
        AWS_VPC_K8S_PLUGIN_LOG_FILE: 'stderr',
        AWS_VPC_K8S_PLUGIN_LOG_LEVEL: 'ERROR',
        POD_SECURITY_GROUP_ENFORCING_MODE: 'standard',
      }),
    );
    expect(list.plugins[0]?.raw).toEqual({
      ...awsCni,
      vethPrefix: 'pod',
      mtu: '1400',
      pluginLogFile: 'stderr',
      pluginLogLevel: 'ERROR',
      podSGEnforcingMode: 'standard',
    });
  });
});

const stub = { type: 'istio-cni', kubernetes: { kubeconfig: '/x' } };
const mine = { type: 'tuning', sysctl: { 'net.core.somaxconn': '500' } };
const bandwidth = { type: 'bandwidth', capabilities: { bandwidth: true } };
const shaped = { type: 'bandwidth', ingressRate: 5 };
const old = { type: 'aws-cni', mtu: '1500', gone: true };
const egress = { type: 'egress-cni', enabled: 'true' };

describe('a list that is there', () => {
  test.each([
    { there: [old, portmap, stub], expected: [awsCni, portmap, stub] },
    { there: [stub, old, portmap], expected: [stub, awsCni, portmap] },
    { there: [stub], expected: [awsCni, stub, portmap] },
    {
      there: [old, { type: 'portmap', snat: false }],
      expected: [awsCni, { type: 'portmap', snat: false }],
    },
    { there: [old, portmap, mine, shaped], expected: [awsCni, portmap, mine, shaped] },
    { there: [old, portmap, bandwidth, stub], expected: [awsCni, portmap, stub] },
    { there: [old, egress, portmap], expected: [awsCni, portmap] },
    { there: [old, old, portmap], expected: [awsCni, portmap] },
  ])('keeps what others chained: $there', ({ there, expected }) => {
    const { raw } = withOwnPlugins(listOf(...there), own());
    expect(raw).toEqual({ cniVersion: '1.0.0', name: 'aws-cni', mine: 1, plugins: expected });
  });

  test('gets egress where a new list has it, or where it was', () => {
    const wanted = own({}, {});
    expect(types(withOwnPlugins(listOf(old, portmap, stub), wanted))).toEqual([
      'aws-cni',
      'egress-cni',
      'portmap',
      'istio-cni',
    ]);
    expect(types(withOwnPlugins(listOf(old, portmap, egress), wanted))).toEqual([
      'aws-cni',
      'portmap',
      'egress-cni',
    ]);
  });

  test('gets our tuning beside that of another, and no second bandwidth', () => {
    const wanted = own({ DISABLE_POD_V6: 'true', ENABLE_BANDWIDTH_PLUGIN: 'true' });
    const list = withOwnPlugins(listOf(old, portmap, mine, shaped), wanted);
    expect(types(list)).toEqual(['aws-cni', 'portmap', 'tuning', 'bandwidth', 'tuning']);
    expect(withOwnPlugins(list, own()).raw['plugins']).toEqual([awsCni, portmap, mine, shaped]);
  });
});

const entry = fc.oneof(
  fc.constantFrom<object>(old, egress, portmap, bandwidth, stub, mine, shaped),
  fc.record({ type: fc.string({ minLength: 1 }), key: fc.jsonValue() }),
);
const choice = fc
  .record({ bandwidth: fc.boolean(), tuning: fc.boolean(), egress: fc.boolean() })
  .map((on) =>
    own(
      { ENABLE_BANDWIDTH_PLUGIN: `${on.bandwidth}`, DISABLE_POD_V6: `${on.tuning}` },
      on.egress ? {} : undefined,
    ),
  );
const ours = ['aws-cni', 'egress-cni', 'portmap', 'bandwidth', 'tuning'];
const foreignIn = (list: NetworkConfList | undefined) =>
  (list?.plugins ?? []).filter(({ type }) => !ours.includes(type)).map(({ raw }) => raw);

test('whatever is there: the second time changes nothing, and foreign entries keep their order', () => {
  fc.assert(
    fc.property(
      fc.array(entry, { minLength: 1, maxLength: 6 }),
      choice,
      choice,
      (there, first, second) => {
        const before = listOf(...there);
        const once = withOwnPlugins(withOwnPlugins(before, first), second);
        expect(withOwnPlugins(once, second).text).toBe(once.text);
        expect(foreignIn(once)).toEqual(foreignIn(before));
        expect(types(once)?.filter((type) => type === 'aws-cni')).toHaveLength(1);
        expect(foreignIn(withoutOwnPlugins(once))).toEqual(foreignIn(before));
      },
    ),
  );
});

describe('without our plugins', () => {
  test.each([
    { there: [old], expected: undefined },
    { there: [old, egress, portmap, bandwidth], expected: undefined },
    { there: [old, portmap, stub], expected: ['portmap', 'istio-cni'] },
    { there: [mine, old], expected: ['tuning'] },
    { there: [stub], expected: ['istio-cni'] },
  ])('$there leaves $expected', ({ there, expected }) => {
    expect(types(withoutOwnPlugins(listOf(...there)))).toEqual(expected);
  });
});
