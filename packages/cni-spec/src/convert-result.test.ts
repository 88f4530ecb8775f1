import { describe, expect, test } from '@jest/globals';
import { convertResult } from './convert-result.ts';
import type { Result020 } from './result-020.ts';
import type { Result040 } from './result-040.ts';
import type { Result110 } from './result-110.ts';
import { decodeResult, encodeResult } from './result-codec.ts';
import type { AnyResult } from './result-family.ts';
import { KNOWN_VERSIONS } from './version.ts';

const attributes = { mtu: 8900, advmss: 1400, priority: 5, table: 0, scope: 0 };

const full110: Result110 = {
  cniVersion: '1.1.0',
  interfaces: [
    { name: 'eni7f', mac: '06:aa:00:00:00:01' },
    { name: 'eth0', mtu: 8900, sandbox: '/run/netns/p7', socketPath: '/s', pciID: '0:0' },
  ],
  ips: [
    { address: '100.64.7.21/19', gateway: '100.64.0.1', interface: 1 },
    { address: '2001:db8::7/64', interface: 0 },
    { address: '100.64.7.22/32', interface: 1 },
  ],
  routes: [
    { dst: '0.0.0.0/0', gw: '100.64.0.1', ...attributes },
    { dst: '::/0', gw: '2001:db8::1' },
  ],
  dns: { nameservers: ['100.64.0.2'] },
};

const full040: Result040 = {
  cniVersion: '0.4.0',
  interfaces: [
    { name: 'eni7f', mac: '06:aa:00:00:00:01' },
    { name: 'eth0', sandbox: '/run/netns/p7' },
  ],
  ips: [
    { version: '4', address: '100.64.7.21/19', gateway: '100.64.0.1', interface: 1 },
    { version: '6', address: '2001:db8::7/64', interface: 0 },
    { version: '4', address: '100.64.7.22/32', interface: 1 },
  ],
  routes: full110.routes,
  dns: { nameservers: ['100.64.0.2'] },
};

const full020: Result020 = {
  cniVersion: '0.2.0',
  ip4: {
    ip: '100.64.7.21/19',
    gateway: '100.64.0.1',
    routes: [{ dst: '0.0.0.0/0', gw: '100.64.0.1' }],
  },
  ip6: { ip: '2001:db8::7/64', routes: [{ dst: '::/0', gw: '2001:db8::1' }] },
  dns: { nameservers: ['100.64.0.2'] },
};

// Reference, "Conversion", loss table.
describe('what is lost, kept and derived', () => {
  test('C to C keeps everything', () => {
    expect(convertResult(full110, '1.0.0')).toEqual({ ...full110, cniVersion: '1.0.0' });
  });

  test('C to B derives versions, loses what 1.1.0 says of interfaces, keeps all of routes', () => {
    expect(convertResult(full110, '0.4.0')).toEqual(full040);
  });

  test('C to B counts IPv4-mapped addresses as IPv4', () => {
    const ips = [{ address: '::ffff:192.0.2.1/120' }];
    expect(convertResult({ interfaces: [], ips, routes: [] }, '0.3.1').ips[0]?.version).toBe('4');
  });

  test('B to C drops versions and keeps the rest', () => {
    const ips = full040.ips.map(({ version: _, ...ip }) => ip);
    expect(convertResult(full040, '1.1.0')).toEqual({ ...full040, cniVersion: '1.1.0', ips });
  });

  test('B to A keeps one address per family, with the routes of that family', () => {
    expect(convertResult(full040, '0.2.0')).toEqual(full020);
  });

  test('C to A goes by way of B', () => {
    expect(convertResult(full110, '0.2.0')).toEqual(full020);
  });

  test('A to B takes versions from the slots, and routes with all attributes', () => {
    const routes = [{ dst: '10.0.0.0/8', gw: '100.64.0.1', ...attributes }];
    const swapped: Result020 = {
      cniVersion: '0.1.0',
      ip4: { ip: '2001:db8::7/64', routes },
      ip6: { ip: '100.64.7.21/19', gateway: '100.64.0.1', routes: [{ dst: '::/0' }] },
      dns: { domain: 'x' },
    };
    expect(convertResult(swapped, '0.3.0')).toEqual({
      cniVersion: '0.3.0',
      interfaces: [],
      ips: [
        { version: '4', address: '2001:db8::7/64' },
        { version: '6', address: '100.64.7.21/19', gateway: '100.64.0.1' },
      ],
      routes: [...routes, { dst: '::/0' }],
      dns: { domain: 'x' },
    });
  });

  test('A to C goes by way of B', () => {
    expect(convertResult(full020, '1.0.0')).toEqual({
      cniVersion: '1.0.0',
      interfaces: [],
      ips: [{ address: '100.64.7.21/19', gateway: '100.64.0.1' }, { address: '2001:db8::7/64' }],
      routes: [
        { dst: '0.0.0.0/0', gw: '100.64.0.1' },
        { dst: '::/0', gw: '2001:db8::1' },
      ],
      dns: { nameservers: ['100.64.0.2'] },
    });
  });
});

describe('the hard cases', () => {
  const b = (ips: Result040['ips'], routes: Result040['routes'] = []): Result040 => ({
    cniVersion: '0.3.1',
    interfaces: [],
    ips,
    routes,
  });

  test('a version that contradicts its address lands in the named slot', () => {
    const result = b([{ version: '6', address: '192.0.2.1/24' }]);
    expect(convertResult(result, '0.2.0')).toEqual({
      cniVersion: '0.2.0',
      ip6: { ip: '192.0.2.1/24', routes: [] },
    });
  });

  test('routes without an address of their family vanish silently', () => {
    const result = b([{ version: '4', address: '192.0.2.1/24' }], [{ dst: '::/0' }]);
    expect(convertResult(result, '0.2.0').ip4?.routes).toEqual([]);
  });

  test('an IPv4-mapped destination goes to the IPv4 slot', () => {
    const result = b([{ version: '4', address: '192.0.2.1/24' }], [{ dst: '::ffff:10.0.0.0/104' }]);
    expect(convertResult(result, '0.2.0').ip4?.routes).toHaveLength(1);
  });

  test('addresses without version go up but never down', () => {
    const result = b([{ version: '', address: '192.0.2.1/24' }]);
    expect(convertResult(result, '1.0.0').ips).toEqual([{ address: '192.0.2.1/24' }]);
    expect(() => convertResult(result, '0.2.0')).toThrow(expect.objectContaining({ code: 1 }));
  });

  test.each(['0.1.0', '0.2.0'])('no address cannot go to %s', (target) => {
    const empty = { interfaces: [], ips: [], routes: [] };
    expect(() => convertResult(empty, target)).toThrow(expect.objectContaining({ code: 1 }));
  });

  test('an empty result goes up from 0.2.0 without error', () => {
    expect(convertResult(decodeResult('{}'), '0.4.0')).toEqual({ ...b([]), cniVersion: '0.4.0' });
  });

  test('the same label gives back the very object, mislabelled or not', () => {
    const odd: Result040 = b([{ version: 'x', address: 'not even an address' }]);
    expect(convertResult(odd, '0.3.1')).toBe(odd);
  });

  test('an empty target means 0.1.0', () => {
    expect(convertResult(full040, '').cniVersion).toBe('0.1.0');
  });

  test('a result without label counts as the newest', () => {
    const { cniVersion: _, ...unlabelled } = full110;
    expect(convertResult(unlabelled, '1.1.0')).toEqual(full110);
    expect(convertResult(unlabelled, '0.4.0')).toEqual(full040);
  });

  test.each(['0.5.0', '1.0', '1.0.1', '1.2.0', 'latest'])('%s is unknown: code 1', (target) => {
    expect(() => convertResult(full110, target)).toThrow(expect.objectContaining({ code: 1 }));
  });
});

test('a result of an unknown version cannot be converted, not even to its own', () => {
  const unknown = { ...full110, cniVersion: '1.2.0' } as unknown as Result110;
  for (const target of ['1.2.0', '1.1.0', '0.2.0']) {
    expect(() => convertResult(unknown, target)).toThrow(expect.objectContaining({ code: 1 }));
  }
});

// Reference, "Conversion": the example.
test('the example of the reference, printed', () => {
  const result = decodeResult(`{"cniVersion":"1.1.0",
    "interfaces":[{"name":"eni7f","mac":"06:aa:00:00:00:01"},{"name":"eth0","mtu":8900,"sandbox":"/run/netns/p7"}],
    "ips":[{"interface":1,"address":"100.64.7.21/19","gateway":"100.64.0.1"},{"interface":1,"address":"100.64.7.22/32"}],
    "routes":[{"dst":"0.0.0.0/0","gw":"100.64.0.1","mtu":8900},{"dst":"::/0"}]}`);
  const ip4 = {
    ip: '100.64.7.21/19',
    gateway: '100.64.0.1',
    routes: [{ dst: '0.0.0.0/0', gw: '100.64.0.1' }],
  };
  expect(JSON.parse(encodeResult(result, '0.2.0'))).toEqual({ cniVersion: '0.2.0', ip4, dns: {} });
});

describe('every pair of versions', () => {
  const versionless = full040.ips.map(({ version: _, ...ip }) => ip);
  const up020 = {
    interfaces: [],
    ips: [
      { version: '4', address: '100.64.7.21/19', gateway: '100.64.0.1' },
      { version: '6', address: '2001:db8::7/64' },
    ],
    routes: [
      { dst: '0.0.0.0/0', gw: '100.64.0.1' },
      { dst: '::/0', gw: '2001:db8::1' },
    ],
    dns: { nameservers: ['100.64.0.2'] },
  };
  const familyOf = (version: string) => (version < '0.3.0' ? 'A' : version < '1.0.0' ? 'B' : 'C');
  const sources = { A: full020, B: full040, C: full110 };
  const expected = {
    A: {
      A: full020,
      B: up020,
      C: { ...up020, ips: up020.ips.map(({ version: _, ...ip }) => ip) },
    },
    B: { A: full020, B: full040, C: { ...full040, ips: versionless } },
    C: { A: full020, B: full040, C: full110 },
  };
  const pairs = KNOWN_VERSIONS.flatMap((from) => KNOWN_VERSIONS.map((to) => ({ from, to })));

  test.each(pairs)('$from to $to', ({ from, to }) => {
    const source = { ...sources[familyOf(from)], cniVersion: from } as AnyResult;
    const converted = { ...expected[familyOf(from)][familyOf(to)], cniVersion: to };
    expect(convertResult(source, to)).toEqual(converted);
    expect(decodeResult(encodeResult(source, to), to)).toEqual(converted);
  });
});
