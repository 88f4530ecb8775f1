import { describe, expect, test } from '@jest/globals';
import { attempt, conf, environment, errorOf, recording, result } from './attempt-request.ts';

describe('variables', () => {
  test.each([
    { command: 'ADD', required: ['CNI_CONTAINERID', 'CNI_NETNS', 'CNI_IFNAME', 'CNI_PATH'] },
    { command: 'CHECK', required: ['CNI_CONTAINERID', 'CNI_NETNS', 'CNI_IFNAME', 'CNI_PATH'] },
    { command: 'DEL', required: ['CNI_CONTAINERID', 'CNI_IFNAME', 'CNI_PATH'] },
    { command: 'GC', required: ['CNI_PATH'] },
    { command: 'STATUS', required: ['CNI_PATH'] },
  ])('$command needs $required, and names all that are missing', async ({ command, required }) => {
    const empty = Object.fromEntries(Object.keys(environment).map((name) => [name, '']));
    const verb = required.length === 1 ? 'is' : 'are';
    expect(await errorOf({ command, variables: empty, stdin: 'garbage' })).toEqual({
      code: 4,
      msg: 'required environment variables are missing',
      details: `${required.join(', ')} ${verb} missing or empty`,
    });
  });

  test.each([
    { name: 'CNI_CONTAINERID', value: 'a/b' },
    { name: 'CNI_IFNAME', value: 'way-too-long-for-a-link' },
  ])('a malformed $name comes before missing ones', async ({ name, value }) => {
    const error = await errorOf({ variables: { CNI_NETNS: '', CNI_PATH: '', [name]: value } });
    expect(error).toEqual({
      code: 4,
      msg: expect.stringMatching(/^invalid /),
      details: expect.stringContaining(value),
    });
  });

  test.each(['GC', 'STATUS'])('%s does not look at those of others', async (command) => {
    const variables = { CNI_CONTAINERID: '//', CNI_IFNAME: ':', CNI_NETNS: '' };
    expect((await attempt({ command, variables })).exitCode).toBe(0);
  });
});

describe('the configuration', () => {
  test.each([
    { name: 'no JSON', stdin: '', code: 6 },
    { name: 'a list', stdin: '[]', code: 6 },
    { name: 'two documents', stdin: `${conf()}${conf()}`, code: 6 },
    { name: 'a name that is no text', stdin: conf({ name: 7 }), code: 6 },
    { name: 'null', stdin: 'null', code: 7 },
    { name: 'no name', stdin: conf({ name: undefined }), code: 7 },
    { name: 'a malformed name', stdin: conf({ name: 'a b' }), code: 7 },
    { name: 'a member of the wrong type', stdin: conf({ capabilities: [] }), code: 6 },
  ])('$name is code $code', async ({ stdin, code }) => {
    expect(await errorOf({ stdin })).toMatchObject({ code });
  });

  test.each([
    { name: 'no JSON', stdin: '', code: 6 },
    { name: 'no name', stdin: '{}', code: 7 },
    { name: 'fine', stdin: conf({ cniVersion: 'latest' }), code: 4 },
  ])('is looked at before an unknown command: $name is code $code', async ({ stdin, code }) => {
    expect(await errorOf({ command: 'add', stdin })).toMatchObject({ code });
  });

  test.each([
    {
      name: 'a config that says its version',
      stdin: conf({ cniVersion: '9.9.9' }),
      cniVersion: '9.9.9',
    },
    { name: 'a config without version', stdin: '{"cniVersion":null}', cniVersion: '0.1.0' },
    { name: 'a version that is no text', stdin: conf({ cniVersion: 1 }), cniVersion: undefined },
    { name: 'no config', stdin: '}', cniVersion: undefined },
  ])('gives errors its version: $name', async ({ stdin, cniVersion }) => {
    expect((await errorOf({ stdin }))['cniVersion']).toBe(cniVersion);
  });
});

describe('versions', () => {
  const supportedVersions = ['0.3.1', '0.4.0', '1.0.0'];
  test.each([
    { command: 'ADD', cniVersion: '0.2.0', code: 1 },
    { command: 'ADD', cniVersion: undefined, code: 1 },
    { command: 'ADD', cniVersion: 'latest', code: 1 },
    { command: 'DEL', cniVersion: '1.0', code: 1 },
    { command: 'ADD', cniVersion: 7, code: 6 },
    { command: 'CHECK', cniVersion: 'latest', code: 6 },
    { command: 'CHECK', cniVersion: 7, code: 6 },
    { command: 'CHECK', cniVersion: '0.3.1', code: 1 },
    { command: 'CHECK', cniVersion: '1.1.0', code: 1 },
    { command: 'CHECK', cniVersion: '0.4', code: 1 },
    { command: 'GC', cniVersion: '1.0.0', code: 1 },
    { command: 'GC', cniVersion: '1.1.0', code: 1 },
    { command: 'STATUS', cniVersion: 'v1.1.0', code: 6 },
    { command: 'STATUS', cniVersion: '1.0.0', code: 1 },
  ])('$command of a $cniVersion config is code $code', async ({ command, cniVersion, code }) => {
    const stdin = conf({ cniVersion });
    expect(await errorOf({ command, stdin, options: { supportedVersions } })).toMatchObject({
      code,
    });
  });

  test('the error names both sides', async () => {
    const { details } = await errorOf({
      stdin: conf({ cniVersion: '0.2.0' }),
      options: { supportedVersions },
    });
    expect(details).toBe('the configuration is "0.2.0", the plugin supports 0.3.1, 0.4.0, 1.0.0');
  });

  test('gates pass over declared texts that are no versions', async () => {
    const options = { supportedVersions: ['next', '1.1.0'] };
    expect((await attempt({ command: 'STATUS', options })).exitCode).toBe(0);
  });

  test('a result that the version cannot express is code 1', async () => {
    const { handlers } = recording({ add: async () => ({ ...result, ips: [] }) });
    expect(await errorOf({ handlers, stdin: conf({ cniVersion: '0.2.0' }) })).toMatchObject({
      code: 1,
    });
  });

  test('declaring none is a mistake of the plugin’s author', async () => {
    await expect(attempt({ options: { supportedVersions: [] } })).rejects.toThrow(TypeError);
  });
});
