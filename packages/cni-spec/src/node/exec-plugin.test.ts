import { describe, expect, test } from '@jest/globals';
import { execPlugin, execPluginWithResult, getVersionInfo } from './exec-plugin.ts';
import { createFakeExecutor, type FakePlugin } from './fake-executor.ts';

const conf = '{"cniVersion":"0.4.0","name":"blue","type":"x"}';
const call = { path: '/opt/cni/bin/x', environment: { CNI_COMMAND: 'ADD' }, stdin: conf };
const having = (exit: ReturnType<FakePlugin>) => createFakeExecutor({ x: () => exit });

// Reference, "How a runtime reads a failure".
describe('a plugin that failed', () => {
  test.each([
    {
      name: 'with an error object keeps its code',
      exit: { stdout: '{"code":11,"msg":"later","details":"full"}', stderr: 'noise' },
      error: { code: 11, msg: 'later', details: 'full' },
    },
    {
      name: 'with something else on stdout is code 0, showing it',
      exit: { stdout: 'panic: x', stderr: 'noise' },
      error: { code: 0, details: 'its exit status is 1; it printed "panic: x"' },
    },
    {
      name: 'with two documents is code 0',
      exit: { stdout: '{"code":11}{"code":11}' },
      error: { code: 0 },
    },
    {
      name: 'with stderr alone is code 0, showing it',
      exit: { stderr: 'goroutine 1', exitCode: 2 },
      error: { code: 0, details: 'its exit status is 2; it wrote to stderr "goroutine 1"' },
    },
    {
      name: 'without a word is code 0, with its status',
      exit: { exitCode: 2 },
      error: { code: 0, details: 'its exit status is 2; it printed nothing' },
    },
    {
      name: 'by a signal is code 0, with the signal',
      exit: { exitCode: null, signal: 'SIGKILL' },
      error: { code: 0, details: 'it was ended by SIGKILL; it printed nothing' },
    },
  ])('$name', async ({ exit, error }) => {
    const { executor, logged } = having({ exitCode: 1, ...exit });
    await expect(execPlugin(call, { executor })).rejects.toMatchObject(error);
    expect(logged).toEqual([]);
  });

  test('to start is code 0', async () => {
    const executor = {
      ...having('').executor,
      execute: () => Promise.reject(new Error('ENOEXEC')),
    };
    await expect(execPlugin(call, { executor })).rejects.toMatchObject({
      code: 0,
      details: 'ENOEXEC',
    });
  });
});

describe('a plugin that succeeded', () => {
  test('has its stderr logged, and its stdout ignored unless it is ADD', async () => {
    const { executor, logged } = having({ stdout: 'noise', stderr: 'hint' });
    await execPlugin(call, { executor });
    expect(logged).toEqual(['hint']);
  });

  test.each([
    { name: 'its own label', stdout: '{"cniVersion":"1.0.0"}', cniVersion: '1.0.0' },
    { name: 'the request’s when it has none', stdout: '{}', cniVersion: '0.4.0' },
    { name: 'the request’s when it is empty', stdout: '{"cniVersion":""}', cniVersion: '0.4.0' },
    { name: 'the request’s when it is no text', stdout: '{"cniVersion":1}', cniVersion: '0.4.0' },
    { name: 'the request’s for null', stdout: 'null', cniVersion: '0.4.0' },
    { name: 'the request’s for an error object', stdout: '{"code":7}', cniVersion: '0.4.0' },
  ])('gave a result with $name', async ({ stdout, cniVersion }) => {
    const { executor } = having(stdout);
    const result = await execPluginWithResult(call, { executor });
    expect(result).toEqual({ cniVersion, interfaces: [], ips: [], routes: [] });
  });

  // Reference, "Standard plugins": loopback labels a result of the newest shape 0.2.0.
  test('may have mislabelled its result', async () => {
    const { executor } = having('{"cniVersion":"0.2.0","interfaces":[{"name":"lo"}]}');
    expect(await execPluginWithResult(call, { executor })).toEqual({ cniVersion: '0.2.0' });
  });

  test.each([
    { stdout: '', code: 6 },
    { stdout: '[]', code: 6 },
    { stdout: '{} {}', code: 6 },
    { stdout: 'log\n{}', code: 6 },
    { stdout: '{"cniVersion":"9.9.9"}', code: 1 },
  ])('but printed $stdout for a result: code $code', async ({ stdout, code }) => {
    const { executor } = having(stdout);
    await expect(execPluginWithResult(call, { executor })).rejects.toMatchObject({ code });
  });
});

describe('getVersionInfo', () => {
  test('asks with variables that ancient plugins need', async () => {
    const info = { cniVersion: '1.1.0', supportedVersions: ['0.4.0'] };
    const { executor, executions } = having(JSON.stringify(info));
    expect(await getVersionInfo('/opt/cni/bin/x', { executor })).toEqual(info);
    expect(executions).toEqual([
      {
        type: 'x',
        environment: {
          CNI_COMMAND: 'VERSION',
          CNI_CONTAINERID: '',
          CNI_NETNS: 'dummy',
          CNI_IFNAME: 'dummy',
          CNI_ARGS: '',
          CNI_PATH: 'dummy',
        },
        stdin: '{"cniVersion":"1.1.0"}',
      },
    ]);
  });

  test('takes a plugin that does not know the verb for one of 0.1.0', async () => {
    const { executor } = having({
      stdout: '{"code":100,"msg":"unknown CNI_COMMAND: VERSION"}',
      exitCode: 1,
    });
    expect((await getVersionInfo('/x', { executor })).supportedVersions).toEqual(['0.1.0']);
  });

  test('passes other failures on', async () => {
    const { executor } = having({ stdout: '{"code":4,"msg":"no"}', exitCode: 1 });
    await expect(getVersionInfo('/x', { executor })).rejects.toMatchObject({ code: 4 });
  });
});
