import { describe, expect, test } from '@jest/globals';
import { parsePluginConf } from './plugin-conf.ts';
import { parsePrevResult } from './prev-result.ts';

const conf = (members: object) => parsePluginConf(JSON.stringify({ type: 'x', ...members }));

describe('parsePluginConf', () => {
  test('gives the protocol typed and everything else raw', () => {
    const members = {
      name: 'blue',
      type: 'aws-cni',
      cniVersion: '1.0.0',
      mtu: '9001',
      capabilities: { portMappings: true, dns: false },
      runtimeConfig: { portMappings: [{ HostPort: 1 }] },
      prevResult: {},
      'cni.dev/unheard-of': [1],
    };
    expect(conf(members)).toEqual({
      raw: members,
      name: 'blue',
      type: 'aws-cni',
      cniVersion: '1.0.0',
      capabilities: { portMappings: true, dns: false },
      runtimeConfig: { portMappings: [{ HostPort: 1 }] },
      prevResult: {},
    });
  });

  test.each([
    { name: 'absent', members: {} },
    {
      name: 'null',
      members: {
        name: null,
        cniVersion: null,
        capabilities: null,
        prevResult: null,
        ipam: null,
        dns: null,
      },
    },
    { name: 'empty', members: { name: '', cniVersion: '', capabilities: {}, runtimeConfig: {} } },
  ])('takes what is $name for not there', ({ members }) => {
    const { raw: _, ...typed } = conf(members);
    expect(typed).toEqual({
      name: '',
      type: 'x',
      cniVersion: '0.1.0',
      capabilities: {},
      runtimeConfig: {},
    });
  });

  test('leaves versions that nobody knows to others', () => {
    expect(conf({ cniVersion: 'banana' }).cniVersion).toBe('banana');
  });

  test.each([
    { name: 'no type', text: '{"TYPE":"x"}' },
    { name: 'an empty type', text: '{"type":""}' },
    { name: 'null', text: 'null' },
  ])('refuses $name with code 7', ({ text }) => {
    expect(() => parsePluginConf(text)).toThrow(expect.objectContaining({ code: 7 }));
  });

  test.each([
    ...[
      '',
      '[]',
      '"x"',
      '{"type":"x"} x',
      '{"type":"x",}',
      '\ufeff{"type":"x"}',
      '{"type":"x"} // y',
    ],
    ...[
      '{"type":7}',
      '{"type":"x","name":7}',
      '{"type":"x","cniVersion":1}',
      '{"type":"x","ipam":"host-local"}',
    ],
    ...[
      '{"type":"x","ipam":{"type":1}}',
      '{"type":"x","dns":[]}',
      '{"type":"x","capabilities":["a"]}',
    ],
    ...[
      '{"type":"x","capabilities":{"a":1}}',
      '{"type":"x","runtimeConfig":[]}',
      '{"type":"x","prevResult":[]}',
    ],
    ...['{"type":"x","prevResult":"{}"}'],
  ])('refuses %s with code 6', (text) => {
    expect(() => parsePluginConf(text)).toThrow(expect.objectContaining({ code: 6 }));
  });
});

describe('parsePrevResult', () => {
  const ips = [{ address: '192.0.2.1/24' }];
  test.each([
    { name: 'absent', members: { cniVersion: '1.0.0' } },
    { name: 'null', members: { cniVersion: '1.0.0', prevResult: null } },
  ])('gives none when it is $name', ({ members }) => {
    expect(parsePrevResult(conf(members))).toBeUndefined();
  });

  test.each([
    { name: 'without label takes the configuration’s', label: undefined, expected: '1.0.0' },
    { name: 'with null for a label does, too', label: null, expected: '1.0.0' },
    { name: 'of the same family keeps its label', label: '1.1.0', expected: '1.1.0' },
  ])('one $name', ({ label, expected }) => {
    const prevResult = { cniVersion: label, ips };
    const parsed = parsePrevResult(conf({ cniVersion: '1.0.0', prevResult }));
    expect(parsed).toEqual({ cniVersion: expected, interfaces: [], ips, routes: [] });
  });

  test('an empty object is one', () => {
    expect(parsePrevResult(conf({ cniVersion: '0.4.0', prevResult: {} }))?.cniVersion).toBe(
      '0.4.0',
    );
  });

  test.each([
    { name: 'of another family', confVersion: '1.0.0', label: '0.4.0', code: 1 },
    { name: 'with an empty label', confVersion: '1.0.0', label: '', code: 1 },
    { name: 'for an unknown version', confVersion: '1.0', label: undefined, code: 1 },
    { name: 'with a label that is no text', confVersion: '1.0.0', label: 1, code: 6 },
  ])('one $name is code $code', ({ confVersion, label, code }) => {
    const parsed = () =>
      parsePrevResult(conf({ cniVersion: confVersion, prevResult: { cniVersion: label } }));
    expect(parsed).toThrow(expect.objectContaining({ code }));
  });

  test('an empty label is fine in the oldest family', () => {
    const parsed = parsePrevResult(conf({ cniVersion: '0.2.0', prevResult: { cniVersion: '' } }));
    expect(parsed?.cniVersion).toBe('0.1.0');
  });
});
