import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { waitAfter } from './back-off.ts';
import { addFeaturePatch } from './cni-node.ts';
import { eniConfigName, readEniConfig } from './eni-config.ts';
import { eventObject } from './events.ts';
import { isSchedulable, nodeFactsOf } from './node-facts.ts';
import { networkConditionPatch, removeTaintPatch } from './node-patches.ts';
import { podFactsOf, readPodEni } from './pod-eni.ts';
import { annotateIpPatch, forgetIpPatch } from './pod-ips.ts';

describe('eniConfigName', () => {
  const KEY = 'k8s.amazonaws.com/eniConfig';
  const ZONE = 'topology.kubernetes.io/zone';
  test.each([
    { name: 'nothing said', node: {}, expected: 'default' },
    { name: 'the label', node: { labels: { [KEY]: 'az1' } }, expected: 'az1' },
    { name: 'the annotation', node: { annotations: { [KEY]: 'az1' } }, expected: 'az1' },
    {
      name: 'the annotation before the label',
      node: { annotations: { [KEY]: 'az1' }, labels: { [KEY]: 'az2' } },
      expected: 'az1',
    },
    {
      name: 'a label of another key',
      node: { labels: { [ZONE]: 'az1', [KEY]: 'other' } },
      keys: { label: ZONE },
      expected: 'az1',
    },
    {
      name: 'the external label before all',
      node: {
        labels: { 'vpc.amazonaws.com/externalEniConfig': 'custom', [ZONE]: 'az2' },
        annotations: { [KEY]: 'az1' },
      },
      keys: { label: ZONE },
      expected: 'custom',
    },
    {
      name: 'an empty value, which is one',
      node: { annotations: { [KEY]: '' }, labels: { [KEY]: 'x' } },
      expected: '',
    },
    {
      name: 'empty keys, which are the defaults',
      node: { labels: { [KEY]: 'az1' } },
      keys: { label: '', annotation: '' },
      expected: 'az1',
    },
  ])('takes $name', ({ node, keys, expected }) => {
    expect(eniConfigName({ labels: {}, annotations: {}, ...node }, keys)).toBe(expected);
  });
});

describe('readEniConfig', () => {
  test('has the groups, or none', () => {
    const read = (spec: object) => readEniConfig({ metadata: { name: 'a' }, spec });
    const subnet = 'subnet-0a1b';
    expect(read({ subnet })).toEqual({ subnet, securityGroups: [] });
    const securityGroups = ['sg-0a'];
    expect(read({ subnet, securityGroups })).toEqual({ subnet, securityGroups });
  });

  test.each([
    [{}, 'ENIConfig a: spec.subnet is undefined'],
    [{ subnet: '10.0.0.0/24' }, 'spec.subnet is "10.0.0.0/24"'],
    [{ subnet: 'subnet-1', securityGroups: 'sg-1' }, 'spec.securityGroups is "sg-1"'],
  ])('refuses %j', (spec, message) => {
    expect(() => readEniConfig({ metadata: { name: 'a' }, spec })).toThrow(message);
  });
});

describe('a node', () => {
  const unschedulable = { key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' };
  test.each([
    [{}, true],
    [{ unschedulable: true }, false],
    [{ taints: [unschedulable] }, false],
    [{ taints: [{ ...unschedulable, effect: 'PreferNoSchedule' }] }, true],
    [{ taints: [{ key: 'other', effect: 'NoSchedule' }] }, true],
  ])('with the spec %j is schedulable: %p', (spec, expected) => {
    expect(isSchedulable(nodeFactsOf({ spec }))).toBe(expected);
  });

  test.each([
    [{ pods: '29' }, 29],
    [{ pods: 'many' }, undefined],
    [{}, undefined],
    [undefined, undefined],
  ])('with the capacity %j has max-pods %p', (capacity, expected) => {
    const status = capacity === undefined ? {} : { capacity: capacity as Record<string, string> };
    expect(nodeFactsOf({ status }).maxPods).toBe(expected);
  });

  test('loses its start-up taint and keeps the others', () => {
    const taints = [unschedulable, { key: 'agent-not-ready', effect: 'NoExecute' }];
    const patch = { spec: { taints: [unschedulable] } };
    expect(removeTaintPatch({ spec: { taints } }, 'agent-not-ready')).toEqual(patch);
    expect(removeTaintPatch({ spec: { taints } }, 'unknown')).toBeUndefined();
    expect(removeTaintPatch({}, 'unknown')).toBeUndefined();
  });

  test('gets the condition NetworkUnavailable among the others, once', () => {
    const ready = { type: 'Ready', status: 'True' };
    const state = { isUnavailable: false, reason: 'AddressesReady', message: 'an address is free' };
    const patch = networkConditionPatch({ status: { conditions: [ready] } }, state, 0);
    const now = '1970-01-01T00:00:00Z';
    expect(patch?.status?.['conditions']).toEqual([
      ready,
      {
        type: 'NetworkUnavailable',
        status: 'False',
        reason: 'AddressesReady',
        message: 'an address is free',
        lastHeartbeatTime: now,
        lastTransitionTime: now,
      },
    ]);
    const conditions = [{ type: 'NetworkUnavailable', status: 'False', reason: 'AddressesReady' }];
    expect(networkConditionPatch({ status: { conditions } }, state, 5_000)).toBeUndefined();
  });
});

describe('addFeaturePatch', () => {
  const custom = { name: 'CustomNetworking', value: 'az1' } as const;
  const sgp = { name: 'SecurityGroupsForPods' } as const;
  test.each([
    { name: 'adds the first', features: undefined, feature: sgp, expected: [sgp] },
    { name: 'adds another', features: [custom], feature: sgp, expected: [custom, sgp] },
    { name: 'leaves one that is there', features: [custom], feature: custom, expected: undefined },
    {
      name: 'takes an empty value for none',
      features: [{ name: sgp.name, value: '' }],
      feature: sgp,
      expected: undefined,
    },
    {
      name: 'replaces another value',
      features: [custom, sgp],
      feature: { ...custom, value: 'az2' },
      expected: [sgp, { ...custom, value: 'az2' }],
    },
  ])('$name', ({ features, feature, expected }) => {
    const patch = addFeaturePatch({ spec: features === undefined ? {} : { features } }, feature);
    expect(patch?.spec?.['features']).toEqual(expected);
  });
});

describe('a branch ENI', () => {
  const entry = {
    eniId: 'eni-0a',
    ifAddress: '02:AA:00:00:00:01',
    privateIp: '10.0.1.7',
    vlanId: 3,
    subnetCidr: '10.0.1.0/24',
    associationID: 'x',
  };

  test.each(['vlanId', 'vlanID', 'VlanId'])('is read with its VLAN as %s', (key) => {
    const { vlanId, ...rest } = entry;
    expect(readPodEni(JSON.stringify([{ ...rest, [key]: vlanId }]))).toEqual({
      eniId: 'eni-0a',
      mac: '02:aa:00:00:00:01',
      vlanId: 3,
      ipv4: '10.0.1.7',
      ipv6: undefined,
      subnetCidr: '10.0.1.0/24',
      subnetIpv6Cidr: undefined,
    });
  });

  test.each([
    ['not JSON', 'is no list of ENIs'],
    ['[]', 'is no list of ENIs'],
    ['{"eniId":"a"}', 'is no list of ENIs'],
    [JSON.stringify([{ ...entry, vlanId: 0 }]), 'has no vlanId'],
    [JSON.stringify([{ ...entry, ifAddress: '' }]), 'has no ifAddress'],
    [JSON.stringify([{ ...entry, privateIp: undefined }]), 'has no address'],
  ])('is not read from %s', (annotation, message) => {
    expect(() => readPodEni(annotation)).toThrow(message);
  });

  test('whatever the annotation, it is an ENI or a TypeError', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (annotation) => {
        try {
          expect(readPodEni(annotation).vlanId).toBeGreaterThan(0);
        } catch (error) {
          expect(error).toBeInstanceOf(TypeError);
        }
      }),
    );
  });

  test.each([
    [[{ limits: { 'vpc.amazonaws.com/pod-eni': '1' } }], true],
    [[{ limits: { cpu: '1' } }, { limits: { 'vpc.amazonaws.com/pod-eni': '1' } }], false],
    [[{}], false],
  ])('is wanted by the first container: %j', (resources, expected) => {
    const containers = resources.map((one, index) => ({ name: `c${index}`, resources: one }));
    expect(podFactsOf({ spec: { containers } }).wantsBranchEni).toBe(expected);
  });
});

test('a mirror pod has the UID of the static pod that it mirrors', () => {
  const annotations = { 'kubernetes.io/config.mirror': 'static' };
  expect(podFactsOf({ metadata: { uid: 'mirror', annotations } }).uid).toBe('static');
  expect(podFactsOf({ metadata: { uid: 'own' } }).uid).toBe('own');
});

test('the pod-ips annotation is written, left, emptied, and never another address taken away', () => {
  const pod = (address: string) => ({
    metadata: { annotations: { 'vpc.amazonaws.com/pod-ips': address } },
  });
  const patchTo = (address: string) => pod(address);
  expect(annotateIpPatch({}, '10.0.0.7')).toEqual(patchTo('10.0.0.7'));
  expect(annotateIpPatch(pod('10.0.0.7'), '10.0.0.7')).toBeUndefined();
  expect(forgetIpPatch(pod('10.0.0.7'), '10.0.0.7')).toEqual(patchTo(''));
  expect(forgetIpPatch(pod('10.0.0.8'), '10.0.0.7')).toBeUndefined();
  expect(forgetIpPatch({}, '10.0.0.7')).toBeUndefined();
});

test('an event has a note that the server takes', () => {
  const event = { type: 'Warning', reason: 'X', action: 'y', note: 'z'.repeat(2_000) } as const;
  const regarding = { kind: 'Pod', namespace: 'kube-system', name: 'aws-node-a' } as const;
  const who = { reportingController: 'aws-node', reportingInstance: 'aws-node-a' };
  const object = eventObject(event, { regarding, ...who, nowMs: 0 });
  expect(object.note).toHaveLength(1_024);
  expect(object).toMatchObject({
    eventTime: '1970-01-01T00:00:00.000000Z',
    metadata: { namespace: 'kube-system', generateName: 'aws-node-a.' },
  });
});

test('waits double, up to a limit, and are at least half of it', () => {
  const limits = { firstMs: 500, longestMs: 30_000 };
  expect([1, 2, 3, 8, 99].map((count) => waitAfter(count, limits, 1))).toEqual([
    500, 1_000, 2_000, 30_000, 30_000,
  ]);
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 50 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (count, random) => {
        const full = waitAfter(count, limits, 1);
        const waitMs = waitAfter(count, limits, random);
        expect(waitMs).toBeGreaterThanOrEqual(full / 2);
        expect(waitMs).toBeLessThanOrEqual(full);
      },
    ),
  );
});
