import { describe, expect, test } from '@jest/globals';
import { parseConfList } from './conf-list.ts';
import { removePlugin, setPlugin } from './own-plugin.ts';

const listOf = (...plugins: readonly object[]) =>
  parseConfList(JSON.stringify({ name: 'blue', cniVersion: '1.0.0', own: { kept: [1] }, plugins }));
const [bridge, portmap] = [
  { type: 'bridge', mtu: 1450 },
  { type: 'portmap', snat: true },
];
const mine = { type: 'mine', level: 2 };

describe('setPlugin', () => {
  test.each([
    {
      name: 'is put in first',
      before: [bridge, portmap],
      place: 'first',
      after: [mine, bridge, portmap],
    },
    {
      name: 'is put in last',
      before: [bridge, portmap],
      place: 'last',
      after: [bridge, portmap, mine],
    },
    {
      name: 'is replaced where it is',
      before: [bridge, { type: 'mine', level: 1, old: true }, portmap],
      place: 'last',
      after: [bridge, mine, portmap],
    },
    {
      name: 'is replaced where it is first, and not twice',
      before: [bridge, { type: 'mine' }, portmap, { type: 'mine' }],
      place: 'first',
      after: [bridge, mine, portmap],
    },
  ] as const)('an entry $name', ({ before, place, after }) => {
    const list = setPlugin(listOf(...before), mine, place);
    expect(list.raw).toEqual(listOf(...after).raw);
    expect(parseConfList(list.text)).toEqual(list);
    expect(list.text).toMatch(/^\{\n {2}"name": .*\}\n$/s);
  });

  test('changes nothing the second time', () => {
    const once = setPlugin(listOf(bridge), mine, 'last');
    expect(setPlugin(once, mine, 'last').text).toBe(once.text);
  });

  test('does not write plugins of the network’s directory into the list', () => {
    const list = listOf(bridge);
    const merged = { ...list, plugins: [...list.plugins, ...listOf(portmap).plugins] };
    expect(setPlugin(merged, mine, 'last').raw['plugins']).toEqual([bridge, mine]);
  });

  test.each([
    { entry: { type: '' }, code: 7 },
    { entry: { type: 'mine', ipam: 'host-local' }, code: 6 },
  ])('refuses $entry with code $code', ({ entry, code }) => {
    expect(() => setPlugin(listOf(bridge), entry, 'last')).toThrow(
      expect.objectContaining({ code }),
    );
  });
});

describe('removePlugin', () => {
  test('takes out every entry of the type and keeps the rest', () => {
    const list = removePlugin(listOf(mine, bridge, mine), 'mine');
    expect(list?.raw).toEqual(listOf(bridge).raw);
  });

  test('gives nothing when nothing is left', () => {
    expect(removePlugin(listOf(mine), 'mine')).toBeUndefined();
  });
});
