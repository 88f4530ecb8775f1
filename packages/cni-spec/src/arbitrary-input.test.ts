// Whatever text comes in, nothing but CniError comes out; whatever result goes out, it comes back the same.
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { capabilityOf } from './capability-values.ts';
import { formatArgs, parseArgs } from './cni-args.ts';
import { isCniError } from './cni-error.ts';
import { decodeCniError } from './cni-error-codec.ts';
import { confListFromConf, parseConfList } from './conf-list.ts';
import { findConfListProblems } from './conf-list-problems.ts';
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
import { decodeVersionInfo } from './version-info.ts';

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
      ...['cniVersion', 'cniVersions', 'supportedVersions', 'name', 'type', 'plugins', 'ipam'],
      ...['ips', 'interfaces', 'routes', 'dns', 'ip4', 'ip6', 'prevResult', 'code', 'msg'],
      ...['capabilities', 'runtimeConfig', 'portMappings', 'ipRanges', 'bandwidth', 'mac'],
      ...['cni.dev/attachments', 'disableCheck', 'loadOnlyInlinedPlugins', '__proto__'],
    ),
    fc.oneof(
      fc.constantFrom<unknown>(...KNOWN_VERSIONS, null, [], {}, [null], [{}], 'blue', 7, -0, 1e300),
      fc.constantFrom<unknown>([{ address: '192.0.2.1/24' }], [{ dst: '::/0', gw: 'x' }]),
      fc.constantFrom<unknown>({ ip: '::/0' }, [{ type: 'x' }], ['1.0.0'], 'true', { mac: true }),
      fc.jsonValue({ maxDepth: 3 }),
    ),
  )
  .map((members) => JSON.stringify(members));

/** What real programs said, with a few pieces replaced. */
const corpus = new URL('../corpus/', import.meta.url);
const captured = readdirSync(corpus).map((name) => readFileSync(new URL(name, corpus), 'utf8'));
const edit = fc.record({
  at: fc.nat(2000),
  removed: fc.nat(12),
  inserted: fc.oneof(
    fc.constantFrom('"', '{', '[', ']', ',', 'null', '-1', '1e9', '\\', '/', '::', ';', '='),
    fc.string({ unit: 'binary', maxLength: 4 }),
  ),
});
const mutatedText = fc
  .tuple(fc.constantFrom(...captured), fc.array(edit, { maxLength: 4 }))
  .map(([original, edits]) =>
    edits.reduce(
      (mutated, { at, removed, inserted }) =>
        mutated.slice(0, at) + inserted + mutated.slice(at + removed),
      original,
    ),
  );
const anyText = fc.oneof(
  likelyText,
  mutatedText,
  fc.json(),
  fc.string({ unit: 'binary', maxLength: 60 }),
);

/** Every reader of text, and what it may throw. */
const readers: Readonly<Record<string, (input: string, version: string) => unknown>> = {
  parsePluginConf,
  parsePrevResult: (input) => parsePrevResult(parsePluginConf(input)),
  parseConfList,
  confListFromConf: (input) => confListFromConf(parsePluginConf(input)),
  findConfListProblems,
  decodeResult: (input) => decodeResult(input),
  'decodeResult as a version': decodeResult,
  convertResult: (input, target) => encodeResult(decodeResult(input), target),
  decodeCniError,
  decodeVersionInfo,
  capabilityOf: (input) => {
    const conf = parsePluginConf(input).raw;
    for (const name of ['portMappings', 'ipRanges', 'bandwidth', 'dns', 'mac'] as const) {
      capabilityOf(conf, name);
    }
  },
  parseArgs: (input) => parseArgs(input, { A: 'string', B: 'bool', C: 'ip' }),
  formatArgs: (input) => formatArgs([[input, input]]),
  parseVersion,
  validateContainerID,
  validateNetworkName,
  validateInterfaceName,
};

/** The name of the reader that broke the rule, if one did: only CniError may be thrown. */
function offender(input: string, version: string): string | undefined {
  for (const [name, read] of Object.entries(readers)) {
    try {
      read(input, version);
    } catch (error) {
      if (!isCniError(error)) return `${name}: ${error}`;
    }
  }
  return undefined;
}

// FUZZ_RUNS=1000000 npm run --silent test:unit -- --testPathPatterns arbitrary-input
const numRuns = Number(process.env['FUZZ_RUNS'] ?? 10_000);
const MS_PER_RUN = 20;

describe('nothing but CniError is thrown', () => {
  const version = fc.oneof(fc.constantFrom(...KNOWN_VERSIONS, ''), fc.string());
  test(
    `by any reader, for ${numRuns} texts`,
    () => {
      fc.assert(
        fc.property(anyText, version, (input, target) => {
          expect(offender(input, target)).toBeUndefined();
        }),
        { numRuns },
      );
    },
    numRuns * MS_PER_RUN,
  );

  const long = 1024 * 1024;
  const unit = [
    '[',
    '{"a":',
    '"',
    '\\',
    '"\\',
    ';',
    '=',
    'a=;',
    ':',
    '1',
    '1.',
    '/',
    ' ',
    '\u0085',
    'é',
  ];
  test.each(unit)('by any reader, for a text of 1 MiB of %j, at once', (piece) => {
    const text = piece.repeat(Math.floor(long / piece.length));
    const inside = (key: string) => JSON.stringify({ cniVersion: '1.0.0', type: 'x', [key]: text });
    for (const input of [text, ...['name', 'cniVersion', 'type', 'mac'].map(inside)]) {
      expect(offender(input, text)).toBeUndefined();
    }
    const result = { cniVersion: '1.0.0', ips: [{ address: text.slice(0, long - 100) }] };
    expect(offender(JSON.stringify(result), '0.2.0')).toBeUndefined();
  });

  test('for JSON nested as deeply as 1 MiB allows', () => {
    const nested = '['.repeat(500_000) + ']'.repeat(500_000);
    for (const key of ['ips', 'dns', 'name', 'capabilities', 'unknown', 'plugins']) {
      const input = `{"cniVersion":"1.0.0","type":"x","${key}":${nested}}`;
      expect(offender(input, '1.0.0')).toBeUndefined();
    }
  });
});

test('a configuration keeps every key that it came with', () => {
  const conf = fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 3 })).map((own) => ({
    ...own,
    ...{ name: 'blue', cniVersion: '1.0.0', type: 'x', capabilities: {}, runtimeConfig: {} },
    ...{ ipam: {}, dns: {}, prevResult: {} },
  }));
  fc.assert(
    fc.property(conf, (members) => {
      const text = JSON.stringify(members);
      const list = parseConfList(JSON.stringify({ ...members, plugins: [members] }));
      expect(JSON.stringify(parsePluginConf(text).raw)).toBe(text);
      expect(JSON.stringify(list.plugins[0]?.raw)).toBe(text);
      expect(JSON.stringify({ ...list.raw, plugins: undefined })).toBe(text);
    }),
    { numRuns: 500 },
  );
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
