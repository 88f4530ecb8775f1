import { describe, expect, test } from '@jest/globals';
import { decodeResult, encodeResult } from './result-codec.ts';

const printed = (members: object) => JSON.stringify(members, null, 4);

describe('a result survives decoding and encoding', () => {
  test.each([
    {
      name: '0.2.0 with everything',
      members: {
        cniVersion: '0.2.0',
        ip4: {
          ip: '100.64.7.21/19',
          gateway: '100.64.0.1',
          routes: [{ dst: '0.0.0.0/0', gw: '100.64.0.1', mtu: 8900, table: 0 }],
        },
        ip6: { ip: '2001:db8::7/64' },
        dns: {
          nameservers: ['100.64.0.2', 'not validated'],
          domain: 'x',
          search: ['y'],
          options: ['z'],
        },
      },
    },
    { name: '0.1.0 with nothing', members: { cniVersion: '0.1.0', dns: {} } },
    {
      name: '0.4.0 with everything',
      members: {
        cniVersion: '0.4.0',
        interfaces: [
          { name: 'eni7f', mac: '42' },
          { name: '', sandbox: 'opaque' },
        ],
        ips: [
          { version: '4', address: '100.64.7.21/19', gateway: '100.64.0.1', interface: 0 },
          { version: '', address: '2001:db8::7/64', interface: -1 },
          { version: 'any text', address: '100.64.7.22/32', interface: 99 },
        ],
        routes: [{ dst: '10.1.2.3/8', scope: 0 }],
        dns: { domain: 'x' },
      },
    },
    { name: '0.3.0 with nothing', members: { cniVersion: '0.3.0', dns: {} } },
    {
      name: '1.1.0 with everything',
      members: {
        cniVersion: '1.1.0',
        interfaces: [
          {
            name: 'eth0',
            mac: 'x',
            mtu: 8900,
            sandbox: '/run/netns/p7',
            socketPath: '/s',
            pciID: '0:0',
          },
        ],
        ips: [{ address: '100.64.7.21/19', gateway: '100.64.0.1', interface: 0 }],
        routes: [
          {
            dst: '0.0.0.0/0',
            gw: '100.64.0.1',
            mtu: 1,
            advmss: 2,
            priority: 3,
            table: 0,
            scope: 253,
          },
        ],
        dns: { nameservers: ['100.64.0.2'] },
      },
    },
    {
      name: '1.0.0 with keys of 1.1.0',
      members: { cniVersion: '1.0.0', interfaces: [{ name: 'eth0', mtu: 1500 }] },
    },
    { name: '1.0.0 with nothing', members: { cniVersion: '1.0.0' } },
  ])('$name', ({ members }) => {
    expect(encodeResult(decodeResult(printed(members)))).toBe(printed(members));
  });
});

describe('what is equivalent reads the same', () => {
  test.each([
    { name: 'null, empty and absent lists', members: { interfaces: null, ips: [], routes: null } },
    { name: 'an empty dns', members: { dns: { search: [], domain: '', options: null } } },
    { name: 'a null dns', members: { dns: null } },
    { name: 'unknown members', members: { ip: [{ address: 'x' }], '__proto__.x': 1, foo: {} } },
  ])('$name', ({ members }) => {
    const decoded = decodeResult(JSON.stringify({ cniVersion: '1.0.0', ...members }));
    expect(decoded).toEqual({ cniVersion: '1.0.0', interfaces: [], ips: [], routes: [] });
  });

  test('empty and zero members of interfaces, addresses and routes', () => {
    const decoded = decodeResult(
      JSON.stringify({
        cniVersion: '1.1.0',
        interfaces: [{ mac: '', mtu: 0, sandbox: null, socketPath: '', pciID: '' }],
        ips: [{ address: '192.0.2.1/24', gateway: '', interface: null }],
        routes: [{ dst: '::/0', gw: '', mtu: 0, advmss: 0, priority: 0, table: null, scope: null }],
      }),
    );
    expect(decoded).toEqual({
      cniVersion: '1.1.0',
      interfaces: [{ name: '' }],
      ips: [{ address: '192.0.2.1/24' }],
      routes: [{ dst: '::/0' }],
    });
  });
});

describe('addresses are canonical on both ways', () => {
  const text =
    '{"cniVersion":"1.0.0","ips":[{"address":"2001:DB8::0/64","gateway":"::FFFF:192.0.2.1"}]}';
  test('read', () => {
    const { ips } = decodeResult(text, '1.0.0') as { ips: unknown };
    expect(ips).toEqual([{ address: '2001:db8::/64', gateway: '192.0.2.1' }]);
  });
  test('written', () => {
    const ips = [{ address: '2001:DB8::0/64', gateway: '::FFFF:192.0.2.1' }];
    const encoded = encodeResult({ interfaces: [], ips, routes: [] });
    expect(JSON.parse(encoded)).toEqual({
      ...JSON.parse(encodeResult(decodeResult(text))),
      cniVersion: '1.1.0',
    });
  });
});

describe('the version a result is read as', () => {
  test.each([
    { name: 'its own', text: '{"cniVersion":"0.4.0"}', asVersion: undefined, label: '0.4.0' },
    { name: 'absent: 0.1.0', text: '{}', asVersion: undefined, label: '0.1.0' },
    { name: 'empty: 0.1.0', text: '{"cniVersion":""}', asVersion: undefined, label: '0.1.0' },
    { name: 'JSON null: an empty 0.1.0', text: 'null', asVersion: undefined, label: '0.1.0' },
    {
      name: 'another of the same family',
      text: '{"cniVersion":"0.3.0"}',
      asVersion: '0.4.0',
      label: '0.3.0',
    },
    { name: 'absent, in the oldest family', text: '{}', asVersion: '0.2.0', label: '0.1.0' },
  ])('$name', ({ text, asVersion, label }) => {
    expect(decodeResult(text, asVersion).cniVersion).toBe(label);
  });

  test.each([
    { name: 'another family', text: '{"cniVersion":"0.4.0"}', asVersion: '1.0.0' },
    { name: 'a newer family', text: '{"cniVersion":"1.0.0"}', asVersion: '0.2.0' },
    { name: 'absent, in a newer family', text: '{}', asVersion: '0.4.0' },
    { name: 'empty, in the newest family', text: '{"cniVersion":""}', asVersion: '1.0.0' },
    { name: 'unknown', text: '{"cniVersion":"1.0"}', asVersion: undefined },
    { name: 'asked for but unknown', text: '{"cniVersion":"1.0.0"}', asVersion: '1.0.1' },
  ])('$name is code 1', ({ text, asVersion }) => {
    expect(() => decodeResult(text, asVersion)).toThrow(expect.objectContaining({ code: 1 }));
  });
});

describe('malformed results are code 6', () => {
  const in110 = (members: object) => JSON.stringify({ cniVersion: '1.1.0', ...members });
  const ip = { address: '192.0.2.1/24' };
  test.each([
    { name: 'nothing', text: '' },
    { name: 'a list', text: '[]' },
    { name: 'a number', text: '7' },
    { name: 'trailing bytes', text: '{} {}' },
    { name: 'a byte order mark', text: '\ufeff{}' },
    { name: 'a comment', text: '{} // x' },
    { name: 'a version that is no text', text: '{"cniVersion":1}' },
    { name: 'null among the addresses', text: in110({ ips: [null] }) },
    { name: 'null among the routes', text: in110({ routes: [null] }) },
    { name: 'an address that is no object', text: in110({ ips: ['192.0.2.1/24'] }) },
    { name: 'an address without address', text: in110({ ips: [{}] }) },
    { name: 'an address without prefix length', text: in110({ ips: [{ address: '192.0.2.1' }] }) },
    { name: 'a malformed gateway', text: in110({ ips: [{ ...ip, gateway: '192.0.2.1/24' }] }) },
    { name: 'a fractional index', text: in110({ ips: [{ ...ip, interface: 0.5 }] }) },
    { name: 'an index as text', text: in110({ ips: [{ ...ip, interface: '0' }] }) },
    { name: 'a route without destination', text: in110({ routes: [{ gw: '192.0.2.1' }] }) },
    { name: 'an MTU as text', text: in110({ interfaces: [{ name: 'x', mtu: '9001' }] }) },
    { name: 'a fractional table', text: in110({ routes: [{ dst: '::/0', table: 1.5 }] }) },
    { name: 'interfaces that are no list', text: in110({ interfaces: {} }) },
    { name: 'a dns that is a list', text: in110({ dns: [] }) },
    { name: 'a search that is a text', text: in110({ dns: { search: 'x' } }) },
    { name: 'a nameserver that is a number', text: in110({ dns: { nameservers: [1] } }) },
    {
      name: 'a version as number',
      text: '{"cniVersion":"0.4.0","ips":[{"version":4,"address":"192.0.2.1/24"}]}',
    },
    { name: 'a slot without address', text: '{"ip4":{}}' },
    { name: 'a slot that is a text', text: '{"ip4":"192.0.2.1/24"}' },
  ])('$name', ({ text }) => {
    expect(() => decodeResult(text)).toThrow(expect.objectContaining({ code: 6 }));
  });

  test('and so is printing a malformed address', () => {
    const result = { interfaces: [], ips: [{ address: 'x' }], routes: [] };
    expect(() => encodeResult(result)).toThrow(expect.objectContaining({ code: 6 }));
  });
});
