// Whatever text comes in, nothing but CniError comes out; whatever result goes out, it comes back the same.
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { parseArgs } from './cni-args.ts';
import { isCniError } from './cni-error.ts';
import { decodeCniError } from './cni-error-codec.ts';
import { convertResult } from './convert-result.ts';
import { handleRequest } from './handle-request.ts';
import { validateContainerID, validateInterfaceName, validateNetworkName } from './identifiers.ts';
import { present } from './json-object.ts';
import { parsePluginConf } from './plugin-conf.ts';
import { parsePrevResult } from './prev-result.ts';
import type { Result040 } from './result-040.ts';
import type { Result110 } from './result-110.ts';
import { decodeResult, encodeResult } from './result-codec.ts';
import { KNOWN_VERSIONS, parseVersion } from './version.ts';

const optional = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });
const text = fc.string({ unit: 'binary', minLength: 1, maxLength: 10 });

// Canonical texts only: the round trip is exact for them.
const cidr = fc.oneof(
  fc.tuple(fc.ipV4(), fc.integer({ min: 0, max: 32 })).map((parts) => parts.join('/')),
  fc
    .tuple(fc.integer({ min: 1, max: 0xffff }), fc.integer({ min: 0, max: 128 }))
    .map(([group, length]) => `2001:db8::${group.toString(16)}/${length}`),
);
const ip = cidr.map((both) => both.split('/')[0] ?? '');
const nonZero = fc.integer().filter((value) => value !== 0);
const dns = fc
  .record({
    nameservers: fc.array(text, { minLength: 1 }),
    domain: text,
    options: fc.array(text, { minLength: 1 }),
  })
  .chain((full) => fc.subarray(Object.entries(full), { minLength: 1 }))
  .map((entries) => Object.fromEntries(entries));
const route = fc
  .record({
    dst: cidr,
    gw: optional(ip),
    mtu: optional(nonZero),
    advmss: optional(nonZero),
    priority: optional(nonZero),
    table: optional(fc.nat()),
    scope: optional(fc.nat()),
  })
  .map(present);
const link040 = { name: fc.string(), mac: optional(text), sandbox: optional(text) };
const address = {
  address: cidr,
  gateway: optional(ip),
  interface: optional(fc.integer().map((n) => n || 0)),
};

const result110: fc.Arbitrary<Result110> = fc
  .record({
    cniVersion: fc.constantFrom('1.0.0' as const, '1.1.0' as const),
    interfaces: fc.array(
      fc
        .record({
          ...link040,
          mtu: optional(nonZero),
          socketPath: optional(text),
          pciID: optional(text),
        })
        .map(present),
    ),
    ips: fc.array(fc.record(address).map(present)),
    routes: fc.array(route),
    dns: optional(dns),
  })
  .map(present);
const result040: fc.Arbitrary<Result040> = fc
  .record({
    cniVersion: fc.constantFrom('0.3.0' as const, '0.3.1' as const, '0.4.0' as const),
    interfaces: fc.array(fc.record(link040).map(present)),
    ips: fc.array(fc.record({ version: fc.string(), ...address }).map(present)),
    routes: fc.array(route),
    dns: optional(dns),
  })
  .map(present);

test('a result comes back from its text as it was', () => {
  fc.assert(
    fc.property(fc.oneof(result110, result040), (result) => {
      expect(decodeResult(encodeResult(result))).toEqual(result);
    }),
    { numRuns: 500 },
  );
});

test('a result of the middle family survives the way up but for its versions', () => {
  fc.assert(
    fc.property(result040, (result) => {
      const back = convertResult(convertResult(result, '1.1.0'), result.cniVersion);
      const withoutVersion = ({ ips, ...rest }: Result040) => ({
        ...rest,
        ips: ips.map(({ version: _, ...ip }) => ip),
      });
      expect(withoutVersion(back)).toEqual(withoutVersion(result));
    }),
  );
});

/** Texts that get past the first check: JSON made of the protocol's own words. */
const likelyText = fc
  .dictionary(
    fc.constantFrom(
      ...[
        'cniVersion',
        'name',
        'type',
        'ips',
        'interfaces',
        'routes',
        'dns',
        'ip4',
        'ip6',
        'prevResult',
      ],
      ...[
        'capabilities',
        'runtimeConfig',
        'ipam',
        'code',
        'msg',
        'cni.dev/attachments',
        '__proto__',
      ],
    ),
    fc.oneof(
      fc.constantFrom<unknown>(...KNOWN_VERSIONS, null, [], {}, [null], [{}], 'blue', 7, -0, 1e300),
      fc.constantFrom<unknown>([{ address: '192.0.2.1/24' }], [{ dst: '::/0', gw: 'x' }], {
        ip: '::/0',
      }),
      fc.jsonValue({ maxDepth: 3 }),
    ),
  )
  .map((members) => JSON.stringify(members));
const anyText = fc.oneof(likelyText, fc.json(), fc.string({ unit: 'binary', maxLength: 60 }));

describe('nothing but CniError is thrown by', () => {
  const version = fc.oneof(fc.constantFrom(...KNOWN_VERSIONS, ''), fc.string());
  const readers: Readonly<Record<string, (input: string, target: string) => unknown>> = {
    parsePluginConf,
    parsePrevResult: (input) => parsePrevResult(parsePluginConf(input)),
    decodeResult: (input) => decodeResult(input),
    'decodeResult as a version': decodeResult,
    convertResult: (input, target) => encodeResult(decodeResult(input), target),
    decodeCniError,
    parseArgs: (input) => parseArgs(input, { A: 'string', B: 'bool', C: 'ip' }),
    parseVersion,
    validateContainerID,
    validateNetworkName,
    validateInterfaceName,
  };
  test.each(Object.entries(readers))('%s', (_, read) => {
    fc.assert(
      fc.property(anyText, version, (input, target) => {
        try {
          read(input, target);
        } catch (error) {
          expect(isCniError(error)).toBe(true);
        }
      }),
      { numRuns: 1000 },
    );
  });

  test('JSON nested as deeply as 1 MiB allows', () => {
    const nested = '['.repeat(500_000) + ']'.repeat(500_000);
    for (const key of ['ips', 'dns', 'name', 'capabilities', 'unknown']) {
      const input = `{"cniVersion":"1.0.0","type":"x","${key}":${nested}}`;
      for (const read of [parsePluginConf, decodeResult]) {
        try {
          read(input);
        } catch (error) {
          expect(isCniError(error)).toBe(true);
        }
      }
    }
  });
});

test('handleRequest answers every request with one JSON document or nothing', async () => {
  const handlers = {
    add: async () => ({ interfaces: [], ips: [{ address: '192.0.2.1/24' }], routes: [] }),
    del: async () => undefined,
  };
  const command = fc.constantFrom('ADD', 'DEL', 'CHECK', 'GC', 'STATUS', 'VERSION', 'X', '');
  const names = ['CNI_CONTAINERID', 'CNI_NETNS', 'CNI_IFNAME', 'CNI_ARGS', 'CNI_PATH'] as const;
  const variables = fc.dictionary(
    fc.constantFrom(...names),
    fc.oneof(fc.constant('ok'), fc.string()),
  );
  await fc.assert(
    fc.asyncProperty(command, variables, anyText, async (CNI_COMMAND, some, stdin) => {
      const environment = {
        CNI_CONTAINERID: 'a',
        CNI_NETNS: '/n',
        CNI_IFNAME: 'e',
        CNI_PATH: '/',
        ...some,
      };
      const response = await handleRequest(
        { environment: { ...environment, CNI_COMMAND }, stdin },
        handlers,
        {
          supportedVersions: KNOWN_VERSIONS,
        },
      );
      if (response.stdout !== '') JSON.parse(response.stdout);
      expect(response.exitCode === 0 || response.stdout !== '').toBe(true);
    }),
    { numRuns: 1000 },
  );
});
