import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { codeOf } from './book-fixture.ts';
import type { Checkpoint, CheckpointAllocation } from './checkpoint.ts';
import { decodeCheckpoint, encodeCheckpoint } from './checkpoint-codec.ts';
import type { Ec2Intent } from './ec2-intent.ts';
import type { EniId } from './eni-description.ts';
import type { Ipv4Address } from './ipv4-address.ts';
import { prefixOf } from './ipv4-prefix.ts';

// As the reference implementation writes it: reference behaviour, "Checkpoint", "Format".
const UPSTREAM = `{"version":"vpc-cni-ipam/1","allocations":[{"networkName":"aws-cni","containerID":"5a1f9118a712","ifName":"eth0","ipv4":"192.168.9.106","allocationTimestamp":1718000000123456789,"metadata":{"k8sPodNamespace":"kube-system","k8sPodName":"coredns-57ff979f67-qqbdh","interfacesCount":1}},{"networkName":"aws-cni","containerID":"d0437ce8","ifName":"eth0","ipv6":"2600:1f13:abcd::3","allocationTimestamp":1718000001000000000,"metadata":{}}]}
`;

const DECODED: Checkpoint = {
  allocations: [
    {
      key: { networkName: 'aws-cni', containerId: '5a1f9118a712', interfaceName: 'eth0' },
      networkCardIndex: 0,
      ipv4: '192.168.9.106',
      allocatedAtNs: 1718000000123456789n,
      metadata: {
        podNamespace: 'kube-system',
        podName: 'coredns-57ff979f67-qqbdh',
        interfacesCount: 1,
      },
    },
    {
      key: { networkName: 'aws-cni', containerId: 'd0437ce8', interfaceName: 'eth0' },
      networkCardIndex: 0,
      ipv6: '2600:1f13:abcd::3',
      allocatedAtNs: 1718000001000000000n,
      metadata: {},
    },
  ],
  recentReleases: [],
  intents: [],
};

describe('the checkpoint format', () => {
  test("reads the reference implementation's file", () => {
    expect(decodeCheckpoint(UPSTREAM)).toEqual(DECODED);
  });

  test('writes the same file, digit for digit, with our own members added', () => {
    expect(encodeCheckpoint(DECODED)).toBe(
      UPSTREAM.replace(/\}\n$/, ',"recentReleases":[],"ec2Intents":[]}\n'),
    );
  });

  test('reads the files of its older releases, which knew less of a pod', () => {
    const migrated =
      '{"networkName":"_migrated-from-cri","containerID":"c1","ifName":"unknown","ipv4":"10.0.0.7"}';
    const bare = '{"networkName":"aws-cni","containerID":"c2","ifName":"eth0","ipv4":"10.0.0.8"}';
    const text = `{"version":"vpc-cni-ipam/1","allocations":[${migrated},${bare}]}`;
    expect(decodeCheckpoint(text).allocations).toEqual([
      {
        key: { networkName: '_migrated-from-cri', containerId: 'c1', interfaceName: 'unknown' },
        networkCardIndex: 0,
        ipv4: '10.0.0.7',
        allocatedAtNs: 0n,
        metadata: {},
      },
      {
        key: { networkName: 'aws-cni', containerId: 'c2', interfaceName: 'eth0' },
        networkCardIndex: 0,
        ipv4: '10.0.0.8',
        allocatedAtNs: 0n,
        metadata: {},
      },
    ]);
  });

  test('reads and writes its file of another network card', () => {
    const part = { networkCardIndex: 1 };
    const decoded = decodeCheckpoint(UPSTREAM, part);
    expect(decoded.allocations.map(({ networkCardIndex }) => networkCardIndex)).toEqual([1, 1]);
    expect(encodeCheckpoint(decoded, part)).toBe(
      UPSTREAM.replace(/\}\n$/, ',"recentReleases":[],"ec2Intents":[]}\n'),
    );
    expect(decodeCheckpoint(encodeCheckpoint(decoded)).allocations).toEqual([]);
  });

  test('carries how a pod is wired, apart from the members that the reference implementation has', () => {
    const wiring = { netnsPath: '/run/netns/a', vethPrefix: 'eni', mtuBytes: 9001 };
    const [first, ...others] = DECODED.allocations;
    if (first === undefined) throw new Error('there are two');
    const wired = { ...first, metadata: { ...first.metadata, wiring } };
    const text = encodeCheckpoint({ ...DECODED, allocations: [wired, ...others] });
    expect(text).toContain(
      '"interfacesCount":1},"wiring":{"netnsPath":"/run/netns/a","vethPrefix":"eni","mtuBytes":9001}},',
    );
    expect(decodeCheckpoint(text).allocations).toEqual([wired, ...others]);
  });

  test('carries releases', () => {
    const recentReleases = [{ address: '10.0.0.7', releasedAtMs: 1_718_000_000_123 }] as const;
    const text = encodeCheckpoint({ allocations: [], recentReleases, intents: [] });
    expect(text).toContain('"recentReleases":[{"ipv4":"10.0.0.7","releasedAtMs":1718000000123}]');
    expect(decodeCheckpoint(text)).toEqual({ allocations: [], recentReleases, intents: [] });
  });

  test('are of a whole millisecond, whatever the clock gives, and never earlier', () => {
    const release = (releasedAtMs: number) => [{ address: '10.0.0.7', releasedAtMs }] as const;
    const text = encodeCheckpoint({
      allocations: [],
      recentReleases: release(1000.25),
      intents: [],
    });
    expect(decodeCheckpoint(text).recentReleases).toEqual(release(1001));
  });

  test('ignores members it does not know', () => {
    const text = UPSTREAM.replace('{"version"', '{"later":[{"a":1.5}],"version"').replaceAll(
      '"metadata":{',
      '"later":null,"metadata":{"x":{},',
    );
    expect(decodeCheckpoint(text.replaceAll(',}', '}'))).toEqual(DECODED);
  });

  test('takes what is left out for empty', () => {
    expect(decodeCheckpoint('{"version":"vpc-cni-ipam/1","allocations":[{}]}')).toEqual({
      allocations: [
        {
          key: { networkName: '', containerId: '', interfaceName: '' },
          networkCardIndex: 0,
          allocatedAtNs: 0n,
          metadata: {},
        },
      ],
      recentReleases: [],
      intents: [],
    });
    expect(decodeCheckpoint('{"version":"vpc-cni-ipam/1","allocations":null}').allocations).toEqual(
      [],
    );
  });

  const allocation = (members: string) =>
    `{"version":"vpc-cni-ipam/1","allocations":[{${members}}]}`;

  test.each([
    { name: 'an empty file', text: '', code: 'checkpoint-garbled' },
    { name: 'a file cut short', text: UPSTREAM.slice(0, 200), code: 'checkpoint-garbled' },
    { name: 'something other than an object', text: '[]', code: 'checkpoint-garbled' },
    { name: 'no version', text: '{"allocations":[]}', code: 'checkpoint-version' },
    { name: 'another version', text: '{"version":"vpc-cni-ipam/2"}', code: 'checkpoint-version' },
    {
      name: 'allocations that are no list',
      text: '{"version":"vpc-cni-ipam/1","allocations":{}}',
      code: 'checkpoint-garbled',
    },
    {
      name: 'an allocation that is no object',
      text: '{"version":"vpc-cni-ipam/1","allocations":[7]}',
      code: 'checkpoint-garbled',
    },
    {
      name: 'an address that is none',
      text: allocation('"ipv4":"10.0.0"'),
      code: 'checkpoint-garbled',
    },
    {
      name: 'an address with leading zeros',
      text: allocation('"ipv4":"10.0.0.07"'),
      code: 'checkpoint-garbled',
    },
    {
      name: 'a container id that is no string',
      text: allocation('"containerID":7'),
      code: 'checkpoint-garbled',
    },
    {
      name: 'a time with a fraction',
      text: allocation('"allocationTimestamp":1.5'),
      code: 'checkpoint-garbled',
    },
    {
      name: 'a time in scientific notation',
      text: allocation('"allocationTimestamp":1.718e18'),
      code: 'checkpoint-garbled',
    },
    {
      name: 'an MTU that is no number',
      text: allocation('"wiring":{"netnsPath":"","vethPrefix":"eni","mtuBytes":"9001"}'),
      code: 'checkpoint-garbled',
    },
    {
      name: 'a release without a time',
      text: '{"version":"vpc-cni-ipam/1","recentReleases":[{"ipv4":"10.0.0.7"}]}',
      code: 'checkpoint-garbled',
    },
  ])('refuses $name', ({ text, code }) => {
    expect(codeOf(() => decodeCheckpoint(text))).toBe(code);
  });

  test('refuses a file cut off anywhere', () => {
    const whole = encodeCheckpoint(DECODED).trimEnd();
    for (let length = 0; length < whole.length; length++) {
      expect(codeOf(() => decodeCheckpoint(whole.slice(0, length)))).toBe('checkpoint-garbled');
    }
  });
});

const octet = fc.nat({ max: 255 });
const ipv4 = fc
  .tuple(octet, octet, octet, octet)
  .map(([a, b, c, d]): Ipv4Address => `${a}.${b}.${c}.${d}`);
const word = fc.string({ unit: 'binary', minLength: 1 });

const anyAllocation: fc.Arbitrary<CheckpointAllocation> = fc.record(
  {
    key: fc.record({ networkName: fc.string(), containerId: word, interfaceName: word }),
    networkCardIndex: fc.constant(0),
    ipv4,
    allocatedAtNs: fc.bigInt({ min: 0n, max: 2n ** 63n - 1n }),
    metadata: fc.record(
      {
        podNamespace: word,
        podName: word,
        interfacesCount: fc.integer({ min: 1, max: 9 }),
        wiring: fc.record({ netnsPath: word, vethPrefix: word, mtuBytes: fc.nat() }),
      },
      { requiredKeys: [] },
    ),
  },
  { requiredKeys: ['key', 'networkCardIndex', 'allocatedAtNs', 'metadata'] },
);

const base = { intentId: word, atMs: fc.maxSafeNat() };
const eniId = word.map((text): EniId => `eni-${text}`);
const onEni = { ...base, eniId };
const small = fc.nat({ max: 50 });

const anyIntent: fc.Arbitrary<Ec2Intent> = fc.oneof(
  fc.record({
    ...base,
    kind: fc.constant('create-eni' as const),
    clientToken: word,
    networkCardIndex: small,
  }),
  fc.record({
    ...onEni,
    kind: fc.constant('attach-eni' as const),
    networkCardIndex: small,
    deviceNumber: small,
  }),
  fc.record({
    ...onEni,
    kind: fc.constantFrom('assign-addresses', 'assign-prefixes'),
    count: small,
  }),
  fc.record({
    ...onEni,
    kind: fc.constant('unassign' as const),
    blocks: fc.array(fc.oneof(ipv4, ipv4.map(prefixOf))),
  }),
  fc.record({ ...onEni, kind: fc.constant('delete-eni' as const) }),
);

const anyCheckpoint: fc.Arbitrary<Checkpoint> = fc.record({
  allocations: fc.array(anyAllocation),
  recentReleases: fc.array(fc.record({ address: ipv4, releasedAtMs: fc.maxSafeNat() })),
  intents: fc.array(anyIntent),
});

test('a checkpoint survives being written and read', () => {
  fc.assert(
    fc.property(anyCheckpoint, (checkpoint) => {
      const text = encodeCheckpoint(checkpoint);
      expect(decodeCheckpoint(text)).toEqual(checkpoint);
      expect(encodeCheckpoint(decodeCheckpoint(text))).toBe(text);
    }),
  );
});

test('whatever the file holds, the answer is a checkpoint or a typed error', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
      expect(codeOf(() => decodeCheckpoint(text))).toMatch(/^checkpoint-(garbled|version)$/);
    }),
  );
});
