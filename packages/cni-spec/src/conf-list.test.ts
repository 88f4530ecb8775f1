import { describe, expect, test } from '@jest/globals';
import { confListFromConf, parseConfList } from './conf-list.ts';
import { parsePluginConf } from './plugin-conf.ts';

const parse = (members: object) =>
  parseConfList(JSON.stringify({ name: 'blue', plugins: [{ type: 'x' }], ...members }));

describe('parseConfList', () => {
  test('gives the protocol typed, and everything else raw', () => {
    const members = {
      cniVersion: '1.0.0',
      disableCheck: true,
      plugins: [
        { type: 'bridge', mtu: 1450, ipam: { type: 'host-local' } },
        { type: 'portmap', capabilities: { portMappings: true } },
      ],
      'example.com/own': { kept: [1] },
    };
    const list = parse(members);
    expect(list).toMatchObject({
      raw: { name: 'blue', ...members },
      name: 'blue',
      cniVersion: '1.0.0',
      disableCheck: true,
      disableGC: false,
      loadOnlyInlinedPlugins: false,
    });
    expect(list.plugins.map(({ type, raw }) => ({ type, raw }))).toEqual([
      { type: 'bridge', raw: members.plugins[0] },
      { type: 'portmap', raw: members.plugins[1] },
    ]);
    expect(parseConfList(list.text)).toEqual(list);
  });

  test.each([
    { name: 'an empty name', members: { name: '' } },
    { name: 'a malformed name', members: { name: 'a b' } },
    { name: 'a version that nobody knows', members: { cniVersion: 'banana' } },
    { name: 'no plugins: they may be in the directory', members: { plugins: undefined } },
    {
      name: 'no plugins, and the flag off',
      members: { plugins: undefined, loadOnlyInlinedPlugins: false },
    },
  ])('accepts $name', ({ members }) => {
    expect(() => parse(members)).not.toThrow();
  });

  const flags = [
    ...[true, 'true', 'TRUE', 'True'].map((value) => ({ value, expected: true })),
    ...[false, 'false', 'False', undefined].map((value) => ({ value, expected: false })),
  ];
  test.each(flags)('reads the flag $value as $expected', ({ value, expected }) => {
    expect(parse({ disableCheck: value }).disableCheck).toBe(expected);
    expect(parse({ disableGC: value }).disableGC).toBe(expected);
    expect(parse({ loadOnlyInlinedPlugins: value }).loadOnlyInlinedPlugins).toBe(expected);
  });

  test.each([
    { name: 'no JSON', text: '' },
    { name: 'a list', text: '[]' },
    { name: 'a comment', text: '{} // x' },
    { name: 'no name', text: '{"plugins":[{"type":"x"}]}' },
    ...[7, null].map((name) => ({ name: `the name ${name}`, text: JSON.stringify({ name }) })),
  ])('refuses $name with code 6', ({ text }) => {
    expect(() => parseConfList(text)).toThrow(expect.objectContaining({ code: 6 }));
  });

  test.each([
    ...[null, 1].map((cniVersion) => ({ cniVersion })),
    ...[1, null, '', '1', 'yes', []].map((disableCheck) => ({ disableCheck })),
    ...[null, {}, [], 'x', [null], ['x'], [[]]].map((plugins) => ({ plugins })),
    ...[null, '1.0.0', [1], [null], ['v1']].map((cniVersions) => ({ cniVersions })),
    { cniVersion: 'banana', cniVersions: ['1.0.0'] },
    { plugins: [{ type: 'x', capabilities: [] }] },
  ])('refuses %j with code 6', (members) => {
    expect(() => parse(members)).toThrow(expect.objectContaining({ code: 6 }));
  });

  test.each([
    { plugins: [{ type: 'x' }, {}] },
    { plugins: undefined, loadOnlyInlinedPlugins: 'True' },
  ])('refuses %j with code 7', (members) => {
    expect(() => parse(members)).toThrow(expect.objectContaining({ code: 7 }));
  });

  test('says which plugin is wrong, where, and with which value', () => {
    const plugins = [{ type: 'x' }, { type: 'y', capabilities: { mac: 'yes' } }];
    expect(() => parse({ plugins })).toThrow(
      '[6] malformed capabilities.mac; in plugins[1]: expected true or false, got "yes"',
    );
  });
});

// Reference, "Selecting the list's version".
describe('the version of a list', () => {
  test.each([
    { name: '0.1.0 when it says none', members: {}, expected: '0.1.0' },
    { name: '0.1.0 when it is empty', members: { cniVersion: '' }, expected: '0.1.0' },
    { name: 'taken as it is', members: { cniVersion: '3.0.0' }, expected: '3.0.0' },
    {
      name: 'the highest of both keys',
      members: { cniVersion: '0.4.0', cniVersions: ['0.3.1', '1.0.0', '0.2.0'] },
      expected: '1.0.0',
    },
    {
      name: 'the single one when it is the highest',
      members: { cniVersion: '1.1.0', cniVersions: ['1.0.0'] },
      expected: '1.1.0',
    },
    {
      name: 'never above 1.1.0',
      members: { cniVersions: ['1.0.0', '1.2.0', '2.0.0'] },
      expected: '1.0.0',
    },
    {
      name: 'the single one, verbatim, when all are too new',
      members: { cniVersion: '1.3.0', cniVersions: ['1.2.0'] },
      expected: '1.3.0',
    },
    {
      name: 'compared as numbers, given as spelled',
      members: { cniVersions: ['0.9.0', '0.10'] },
      expected: '0.10',
    },
    {
      name: 'an unreleased one in between',
      members: { cniVersions: ['1.0.1'] },
      expected: '1.0.1',
    },
  ])('is $name', ({ members, expected }) => {
    expect(parse(members).cniVersion).toBe(expected);
  });
});

describe('confListFromConf', () => {
  test('makes a list of the whole object, which keeps its name and version', () => {
    const raw = { type: 'bridge', name: 'blue', cniVersion: '0.4.0', own: 1 };
    const list = confListFromConf(parsePluginConf(JSON.stringify(raw)));
    expect(list.raw).toEqual({ name: 'blue', cniVersion: '0.4.0', plugins: [raw] });
    expect(list.plugins[0]?.raw).toEqual(raw);
  });

  test('leaves out a version that the object has not', () => {
    const list = confListFromConf(parsePluginConf('{"type":"x","cniVersion":null}'));
    expect({ raw: list.raw, version: list.cniVersion }).toEqual({
      raw: { name: '', plugins: [{ type: 'x', cniVersion: null }] },
      version: '0.1.0',
    });
  });
});
