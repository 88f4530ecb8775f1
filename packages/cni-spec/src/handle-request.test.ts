import { describe, expect, test } from '@jest/globals';
import { attempt, conf, errorOf, recording } from './attempt-request.ts';
import { CNI_ERROR, CniError } from './cni-error.ts';
import { handleRequest } from './handle-request.ts';
import { KNOWN_VERSIONS } from './version.ts';

const SILENT_SUCCESS = { stdout: '', stderr: '', exitCode: 0 };

describe('what the handlers get', () => {
  const attachment = {
    containerId: 'sbx-81',
    netns: '/run/netns/p7',
    ifName: 'eth0',
    args: 'K8S_POD_NAME=cart',
    path: '/opt/cni/bin',
  };
  test.each([
    { command: 'ADD', expected: attachment },
    { command: 'CHECK', expected: attachment },
    { command: 'DEL', expected: attachment },
    { command: 'STATUS', expected: { path: '/opt/cni/bin' } },
    { command: 'GC', expected: { path: '/opt/cni/bin', validAttachments: undefined } },
  ])('$command', async ({ command, expected }) => {
    const { handlers, calls } = recording();
    const stdin = conf({ mtu: '9001' });
    await attempt({ command, handlers, stdin });
    expect(calls).toEqual([
      {
        verb: command,
        ...expected,
        stdin,
        signal: expect.objectContaining({ aborted: false }),
        conf: expect.objectContaining({ name: 'blue', raw: JSON.parse(stdin) }),
      },
    ]);
  });

  test('the caller’s signal, when there is one', async () => {
    const { signal } = new AbortController();
    const { handlers, calls } = recording();
    await attempt({ handlers, options: { signal } });
    expect(calls).toEqual([expect.objectContaining({ signal })]);
  });

  test('a configuration without type: the protocol does not insist', async () => {
    expect((await attempt({ stdin: '{"name":"blue","cniVersion":"1.0.0"}' })).exitCode).toBe(0);
  });
});

describe('what is printed', () => {
  test('the result, in the version of the configuration, indented by four spaces', async () => {
    const { stdout, exitCode } = await attempt({ stdin: conf({ cniVersion: '0.4.0' }) });
    const members = {
      cniVersion: '0.4.0',
      interfaces: [{ name: 'eth0', sandbox: '/run/netns/p7' }],
      ips: [{ version: '4', address: '100.64.7.21/32', interface: 0 }],
      dns: {},
    };
    expect({ stdout, exitCode }).toEqual({ stdout: JSON.stringify(members, null, 4), exitCode: 0 });
  });

  test.each(['DEL', 'CHECK', 'GC', 'STATUS'])('nothing for %s', async (command) => {
    expect(await attempt({ command })).toEqual(SILENT_SUCCESS);
  });

  test.each(['CHECK', 'GC', 'STATUS'])('nothing for %s without handler', async (command) => {
    const { add, del } = recording().handlers;
    expect(await attempt({ command, handlers: { add, del } })).toEqual(SILENT_SUCCESS);
  });

  test.each([{ supported: ['0.4.0', '1.0.0'] }, { supported: ['whatever'] }])(
    'the versions $supported as declared, for VERSION',
    async ({ supported }) => {
      const response = await handleRequest(
        { environment: { CNI_COMMAND: 'VERSION', CNI_CONTAINERID: '///' }, stdin: 'garbage' },
        recording().handlers,
        { supportedVersions: supported },
      );
      const stdout = `{"cniVersion":"1.1.0","supportedVersions":${JSON.stringify(supported)}}\n`;
      expect(response).toEqual({ stdout, stderr: '', exitCode: 0 });
    },
  );

  test.each([undefined, ''])(
    'what the plugin is, to stderr, when the command is %p',
    async (command) => {
      const response = await attempt({ variables: { CNI_COMMAND: command, CNI_IFNAME: 'a/b' } });
      const stderr = `A plugin v1\nCNI protocol versions supported: ${KNOWN_VERSIONS.join(', ')}\n`;
      expect(response).toEqual({ stdout: '', stderr, exitCode: 0 });
    },
  );

  test('an error when it is nothing in particular', async () => {
    const error = await errorOf({ command: '', options: { about: '' } });
    expect(error).toEqual({
      code: 4,
      msg: expect.any(String),
      details: 'CNI_COMMAND is missing or empty',
    });
  });
});

describe('a handler that throws', () => {
  const later = new CniError(CNI_ERROR.tryAgainLater, 'no address yet', 'subnet-7 is full');
  test.each([
    {
      name: 'a CNI error',
      thrown: later,
      error: { code: 11, msg: 'no address yet', details: 'subnet-7 is full' },
    },
    {
      name: 'a wrapped CNI error',
      thrown: new Error('adding', { cause: later }),
      error: { code: 11, msg: 'no address yet', details: 'subnet-7 is full' },
    },
    { name: 'anything else', thrown: new Error('broken'), error: { code: 999, msg: 'broken' } },
    { name: 'no error at all', thrown: 'broken', error: { code: 999, msg: 'broken' } },
  ])('$name is printed as such', async ({ thrown, error }) => {
    for (const command of ['ADD', 'DEL', 'CHECK', 'GC', 'STATUS']) {
      const fail = async () => Promise.reject(thrown);
      const handlers = { add: fail, del: fail, check: fail, gc: fail, status: fail };
      expect(await errorOf({ command, handlers })).toEqual({ cniVersion: '1.1.0', ...error });
    }
  });
});

describe('the plugin’s own network namespace', () => {
  const own = { isOwnNetns: async (path: string) => path === '/run/netns/p7' };

  test('is refused by ADD before the handler runs', async () => {
    const { handlers, calls } = recording();
    expect(await errorOf({ handlers, options: own })).toMatchObject({ code: 8 });
    expect(calls).toEqual([]);
  });

  test('is refused by DEL after the handler ran', async () => {
    const { handlers, calls } = recording();
    expect(await errorOf({ command: 'DEL', handlers, options: own })).toMatchObject({ code: 8 });
    expect(calls).toHaveLength(1);
  });

  test('is no matter for CHECK', async () => {
    expect(await attempt({ command: 'CHECK', options: own })).toEqual(SILENT_SUCCESS);
  });

  test.each([
    { name: 'another namespace', variables: { CNI_NETNS: '/run/netns/p8' } },
    { name: 'no namespace', variables: { CNI_NETNS: '' } },
    { name: 'an override', variables: { CNI_NETNS_OVERRIDE: 'TrUe' } },
    { name: 'an override by number', variables: { CNI_NETNS_OVERRIDE: '1' } },
  ])('does not trouble DEL with $name', async ({ variables }) => {
    const isOwnNetns = (path: string) => path === '' || own.isOwnNetns(path);
    expect(await attempt({ command: 'DEL', variables, options: { isOwnNetns } })).toEqual(
      SILENT_SUCCESS,
    );
  });
});

describe('the attachments that GC keeps', () => {
  const a = { containerID: 'a', ifname: 'eth0' };
  const b = { containerID: 'b', ifname: 'net1' };
  test.each([
    { name: 'none are listed', members: {}, expected: undefined },
    { name: 'null is listed', members: { 'cni.dev/valid-attachments': null }, expected: [] },
    { name: 'the old key is null', members: { 'cni.dev/attachments': null }, expected: [] },
    {
      name: 'both keys are there',
      members: { 'cni.dev/attachments': [b], 'cni.dev/valid-attachments': [a] },
      expected: [a],
    },
    {
      name: 'only the old key is there',
      members: { 'cni.dev/attachments': [a, b] },
      expected: [a, b],
    },
  ])('$name', async ({ members, expected }) => {
    const { handlers, calls } = recording();
    await attempt({ command: 'GC', handlers, stdin: conf(members) });
    expect(calls).toEqual([expect.objectContaining({ validAttachments: expected })]);
  });

  const malformed = [
    {},
    [7],
    [null],
    [{ containerID: 'a' }],
    [{ containerId: 'a', ifName: 'eth0' }],
  ];
  test.each(malformed.map((list) => ({ list })))(
    'a malformed list ($list) is code 6, and nothing is collected',
    async ({ list }) => {
      const { handlers, calls } = recording();
      const stdin = conf({ 'cni.dev/valid-attachments': list });
      expect(await errorOf({ command: 'GC', handlers, stdin })).toMatchObject({ code: 6 });
      expect(calls).toEqual([]);
    },
  );
});
