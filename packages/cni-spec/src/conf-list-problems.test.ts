import { describe, expect, test } from '@jest/globals';
import { findConfListProblems } from './conf-list-problems.ts';

const problemsOf = (members: object) =>
  findConfListProblems(
    JSON.stringify({ name: 'blue', cniVersion: '1.0.0', plugins: [{ type: 'x' }], ...members }),
  );

describe('findConfListProblems', () => {
  test.each([
    {},
    { cniVersion: undefined },
    { cniVersions: ['0.4.0', '1.1.0'], disableCheck: 'true' },
    { plugins: undefined },
    { plugins: [{ type: 'x', 'example.com/own': 1, ipam: { type: 'host-local' } }] },
  ])('finds none in %j', (members) => {
    expect(problemsOf(members)).toEqual([]);
  });

  const known = 'known are 0.1.0, 0.2.0, 0.3.0, 0.3.1, 0.4.0, 1.0.0, 1.1.0';
  test.each([
    {
      name: 'a malformed name',
      members: { name: 'a b' },
      problems: [
        'invalid network name: "a b"; expected a letter or digit, followed by letters, digits, underscores, dots and hyphens',
      ],
    },
    {
      name: 'no name',
      members: { name: undefined },
      problems: ['malformed name: expected a text, got undefined'],
    },
    { name: 'an empty name', members: { name: '' }, problems: ['missing network name'] },
    {
      name: 'unknown versions',
      members: { cniVersion: '1.0', cniVersions: ['1.0.0', '1.2.0'] },
      problems: [`unknown version "1.0": ${known}`, `unknown version "1.2.0": ${known}`],
    },
    {
      name: 'a flag that is none',
      members: { disableGC: 1 },
      problems: ['malformed disableGC: expected true or false, got 1'],
    },
    {
      name: 'no plugins',
      members: { plugins: [] },
      problems: ['malformed plugins: expected a list of at least one plugin, got a list'],
    },
    {
      name: 'a plugin that is no object',
      members: { plugins: [{ type: 'x' }, 'portmap'] },
      problems: ['malformed plugins[1]: expected an object, got "portmap"'],
    },
    {
      name: 'a type that is a path',
      members: { plugins: [{ type: './x', ipam: { type: 'a\\b' } }] },
      problems: [
        'plugins[0]: invalid type "./x": it names a file, not a path',
        'plugins[0]: invalid type "a\\\\b": it names a file, not a path',
      ],
    },
    {
      name: 'what only runtimes write',
      members: { plugins: [{ type: 'x', prevResult: {} }] },
      problems: [
        'plugins[0]: prevResult is not for configuration: runtimes write it into requests',
      ],
    },
  ])('finds $name', ({ members, problems }) => {
    expect(problemsOf(members)).toEqual(problems);
  });

  test('finds all of several', () => {
    const plugins = [{}, { type: 'y', capabilities: { mac: 1 } }];
    expect(problemsOf({ name: '', disableCheck: null, plugins })).toEqual([
      'malformed disableCheck: expected true or false, got null',
      'missing network name',
      'invalid network configuration: type: in plugins[0]: type is missing or empty; it names the plugin to execute',
      'malformed capabilities.mac: in plugins[1]: expected true or false, got 1',
    ]);
  });

  test.each(['', '[]', '{"name":"blue",}', '\ufeff{}'])('finds one in %j', (text) => {
    expect(findConfListProblems(text)).toEqual([
      expect.stringMatching(/^malformed the network configuration list: /),
    ]);
  });
});
