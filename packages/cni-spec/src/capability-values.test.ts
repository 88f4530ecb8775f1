import { describe, expect, test } from '@jest/globals';
import { type CapabilityValues, capabilityOf } from './capability-values.ts';

type Name = keyof CapabilityValues;

// Reference, "Payloads as really sent".
describe('what runtimes send is read', () => {
  const cases: readonly { name: string; key: Name; value: unknown; expected: unknown }[] = [
    {
      name: 'port mappings of containerd',
      key: 'portMappings',
      value: [{ HostPort: 8443, ContainerPort: 443, Protocol: 'tcp', HostIP: '' }],
      expected: [{ hostPort: 8443, containerPort: 443, protocol: 'tcp' }],
    },
    {
      name: 'port mappings of CRI-O',
      key: 'portMappings',
      value: [{ hostPort: 1, containerPort: 2, protocol: 'UDP', hostIP: '192.0.2.1' }],
      expected: [{ hostPort: 1, containerPort: 2, protocol: 'udp', hostIP: '192.0.2.1' }],
    },
    {
      name: 'a port mapping without protocol',
      key: 'portMappings',
      value: [{ hostPort: 1, containerPort: 2 }],
      expected: [{ hostPort: 1, containerPort: 2, protocol: 'tcp' }],
    },
    {
      name: 'bandwidth of containerd',
      key: 'bandwidth',
      value: { IngressRate: 1, IngressBurst: 4294967295, EgressRate: 0, EgressBurst: null },
      expected: { ingressRate: 1, ingressBurst: 4294967295, egressRate: 0 },
    },
    {
      name: 'a burst above 32 bits, of CRI-O',
      key: 'bandwidth',
      value: { ingressBurst: 34359738359 },
      expected: { ingressBurst: 34359738359 },
    },
    {
      name: 'dns of containerd',
      key: 'dns',
      value: { Servers: ['192.0.2.53'], Searches: null, Options: null },
      expected: { servers: ['192.0.2.53'], searches: [], options: [] },
    },
    {
      name: 'ranges',
      key: 'ipRanges',
      value: [[{ subnet: '10.1.0.0/16', rangeStart: '10.1.0.9', rangeEnd: '', gateway: null }], []],
      expected: [[{ subnet: '10.1.0.0/16', rangeStart: '10.1.0.9' }], []],
    },
    {
      name: 'addresses with and without prefix length',
      key: 'ips',
      value: ['192.0.2.7', '2001:DB8::7/64'],
      expected: ['192.0.2.7', '2001:db8::7/64'],
    },
    { name: 'a MAC address, unseen', key: 'mac', value: 'any', expected: 'any' },
    { name: 'aliases', key: 'aliases', value: ['a', 'b'], expected: ['a', 'b'] },
    {
      name: 'annotations, case and all',
      key: 'io.kubernetes.cri.pod-annotations',
      value: { 'Example.com/A': 'b', empty: null },
      expected: { 'Example.com/A': 'b', empty: '' },
    },
  ];
  test.each(cases)('$name', ({ key, value, expected }) => {
    expect(capabilityOf({ [key]: value }, key)).toEqual(expected);
  });
});

const names: readonly Name[] = [
  ...(['portMappings', 'ipRanges', 'bandwidth', 'dns', 'ips', 'mac', 'infinibandGUID'] as const),
  ...(['deviceID', 'cgroupPath', 'aliases', 'io.kubernetes.cri.pod-annotations'] as const),
  'CNIDeviceInfoFile',
];
test.each(names)('%s that is absent or null is none', (key) => {
  expect([{}, { [key]: null }].map((conf) => capabilityOf(conf, key))).toEqual([
    undefined,
    undefined,
  ]);
});

test.each(['mac', 'deviceID', 'cgroupPath'] as const)('an empty %s is none', (key) => {
  expect(capabilityOf({ [key]: '' }, key)).toBeUndefined();
});

test('the name of a capability matches exactly', () => {
  expect(capabilityOf({ PortMappings: [] }, 'portMappings')).toBeUndefined();
});

const malformed: readonly { key: Name; value: unknown }[] = [
  ...[{}, 'x', [null], [{ hostPort: '80', containerPort: 80 }], [{ hostPort: 80 }]].map(
    (value) => ({ key: 'portMappings' as const, value }),
  ),
  { key: 'portMappings', value: [{ hostPort: 65536, containerPort: 1 }] },
  { key: 'portMappings', value: [{ hostPort: 1, containerPort: 1, hostIP: 'x' }] },
  { key: 'bandwidth', value: [] },
  { key: 'bandwidth', value: { ingressRate: -1 } },
  { key: 'bandwidth', value: { ingressRate: '1' } },
  { key: 'dns', value: { servers: 'x' } },
  { key: 'ipRanges', value: [{ Subnet: '10.1.0.0/16' }] },
  { key: 'ipRanges', value: [[{}]] },
  { key: 'ips', value: ['x'] },
  { key: 'mac', value: 7 },
  { key: 'aliases', value: { network: ['a'] } },
  { key: 'io.kubernetes.cri.pod-annotations', value: { a: 1 } },
];
test.each(malformed)('$key of $value is code 6', ({ key, value }) => {
  expect(() => capabilityOf({ [key]: value }, key)).toThrow(expect.objectContaining({ code: 6 }));
});

test('errors name place and value', () => {
  const portMappings = [{ HostPort: 1, ContainerPort: 'http' }];
  expect(() => capabilityOf({ portMappings }, 'portMappings')).toThrow(
    '[6] malformed portMappings[0].containerPort; expected an integer, got "http"',
  );
});
