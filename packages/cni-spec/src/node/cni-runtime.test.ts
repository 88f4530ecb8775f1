import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { isCniError } from '../cni-error.ts';
import { parseConfList } from '../conf-list.ts';
import { createCniRuntime } from './cni-runtime.ts';
import { createFakeExecutor, type FakePlugin } from './fake-executor.ts';

let cacheDirectory: string;
beforeEach(async () => {
  cacheDirectory = await mkdtemp(join(tmpdir(), 'cni-runtime-'));
});
afterEach(() => rm(cacheDirectory, { recursive: true }));

const listOf = (members: object = {}) =>
  parseConfList(
    JSON.stringify({
      name: 'blue',
      cniVersion: '1.1.0',
      plugins: [{ type: 'first' }, { type: 'second', capabilities: { mac: true } }],
      ...members,
    }),
  );
const attachment = {
  containerId: 'sbx-81',
  netns: '/run/netns/p7',
  ifName: 'eth0',
  args: [['K8S_POD_NAME', 'cart']] as const,
  capabilityArgs: { mac: '06:00:00:00:00:07' },
};

/** ADD adds an address to what came before, in the request's version. */
const adding =
  (address: string): FakePlugin =>
  ({ environment, stdin }) => {
    if (environment['CNI_COMMAND'] !== 'ADD') return '';
    const { cniVersion, prevResult = {} } = JSON.parse(stdin);
    return JSON.stringify({ cniVersion, ips: [...(prevResult.ips ?? []), { address }] });
  };
const failing: FakePlugin = () => ({
  stdout: '{"code":11,"msg":"later","details":"full"}',
  exitCode: 1,
});
const working = { first: adding('192.0.2.1/24'), second: adding('192.0.2.2/24') };

function runtimeWith(plugins: Readonly<Record<string, FakePlugin>> = working) {
  const { executor, executions } = createFakeExecutor(plugins);
  const runtime = createCniRuntime({
    pluginDirectories: ['/opt/cni/bin', '/b'],
    cacheDirectory,
    executor,
  });
  /** What was executed since the last call: verb, type and request. */
  const takeCalls = () =>
    executions.splice(0).map(({ type, environment, stdin }) => ({
      call: `${environment['CNI_COMMAND']} ${type}`,
      environment,
      request: JSON.parse(stdin),
    }));
  return { runtime, takeCalls };
}
const cached = () => readdir(join(cacheDirectory, 'results')).catch(() => []);
const calls = (taken: readonly { readonly call: string }[]) => taken.map(({ call }) => call);

describe('addList', () => {
  test('asks plugin after plugin, each with the result of the one before', async () => {
    const { runtime, takeCalls } = runtimeWith();
    const ips = [{ address: '192.0.2.1/24' }, { address: '192.0.2.2/24' }];
    expect(await runtime.addList(listOf(), attachment)).toMatchObject({ ips });
    const environment = {
      CNI_COMMAND: 'ADD',
      CNI_CONTAINERID: 'sbx-81',
      CNI_NETNS: '/run/netns/p7',
      CNI_IFNAME: 'eth0',
      CNI_ARGS: 'K8S_POD_NAME=cart',
      CNI_PATH: '/opt/cni/bin:/b',
    };
    expect(takeCalls()).toEqual([
      {
        call: 'ADD first',
        environment,
        request: { type: 'first', name: 'blue', cniVersion: '1.1.0' },
      },
      {
        call: 'ADD second',
        environment,
        request: {
          type: 'second',
          name: 'blue',
          cniVersion: '1.1.0',
          runtimeConfig: { mac: '06:00:00:00:00:07' },
          prevResult: { cniVersion: '1.1.0', ips: ips.slice(0, 1) },
        },
      },
    ]);
  });

  test('remembers the attachment', async () => {
    const { runtime } = runtimeWith();
    const list = listOf();
    const result = await runtime.addList(list, attachment);
    expect(await runtime.cachedResult(list, attachment)).toEqual(result);
    const remembered = { ...attachment, networkName: 'blue', config: list.text };
    expect(await runtime.cachedAttachment(list, attachment)).toEqual(remembered);
    expect(await runtime.cachedAttachments()).toEqual([remembered]);
  });

  test('hands a previous result on in the version that its plugin used', async () => {
    const { runtime, takeCalls } = runtimeWith({
      ...working,
      first: () => '{"cniVersion":"0.4.0"}',
    });
    await runtime.addList(listOf(), attachment);
    const [, second] = takeCalls();
    expect(second?.request.prevResult).toEqual({ cniVersion: '0.4.0', dns: {} });
  });

  test('stops at the first failure, undoing and remembering nothing', async () => {
    const { runtime, takeCalls } = runtimeWith({ ...working, first: failing });
    await expect(runtime.addList(listOf(), attachment)).rejects.toMatchObject({
      code: 11,
      msg: 'plugin type="first" failed (add): later',
      details: 'full',
      cause: { code: 11, msg: 'later' },
    });
    expect(calls(takeCalls())).toEqual(['ADD first']);
    expect(await cached()).toEqual([]);
  });

  test.each([
    { name: 'a malformed id', given: { ...attachment, containerId: 'a/b' }, code: 4 },
    { name: 'an empty id', given: { ...attachment, containerId: '' }, code: 3 },
    { name: 'a malformed interface', given: { ...attachment, ifName: 'a:b' }, code: 4 },
    {
      name: 'arguments that cannot be passed',
      given: { ...attachment, args: [['a', ';']] as const },
      code: 4,
    },
    { name: 'a malformed network', members: { name: 'a b' }, code: 7 },
    { name: 'a plugin that is missing', members: { plugins: [{ type: 'absent' }] }, code: 999 },
    { name: 'a list without plugins', members: { plugins: undefined }, code: 7 },
  ])('refuses $name with code $code', async ({ given = attachment, members, code }) => {
    const { runtime, takeCalls } = runtimeWith();
    await expect(runtime.addList(listOf(members), given)).rejects.toMatchObject({ code });
    expect(takeCalls()).toEqual([]);
  });
});

describe('checkList', () => {
  test('asks in the order of ADD, with the remembered result', async () => {
    const { runtime, takeCalls } = runtimeWith();
    await runtime.addList(listOf(), attachment);
    takeCalls();
    await runtime.checkList(listOf({ cniVersion: '0.4.0' }), attachment);
    const taken = takeCalls();
    expect(calls(taken)).toEqual(['CHECK first', 'CHECK second']);
    for (const { request } of taken) {
      expect(request.prevResult).toMatchObject({
        cniVersion: '0.4.0',
        ips: [{ version: '4' }, { version: '4' }],
      });
    }
  });

  test('asks without a result when none is remembered', async () => {
    const { runtime, takeCalls } = runtimeWith();
    await runtime.checkList(listOf(), attachment);
    expect(takeCalls()[0]?.request).not.toHaveProperty('prevResult');
  });

  test('fails when what is remembered cannot be understood', async () => {
    const { runtime } = runtimeWith();
    await runtime.addList(listOf(), attachment);
    await writeFile(join(cacheDirectory, 'results', 'blue-sbx-81-eth0'), 'x');
    await expect(runtime.checkList(listOf(), attachment)).rejects.toMatchObject({ code: 6 });
  });

  test('stops at the first failure', async () => {
    const { runtime, takeCalls } = runtimeWith({ ...working, first: failing });
    await expect(runtime.checkList(listOf(), attachment)).rejects.toMatchObject({ code: 11 });
    expect(calls(takeCalls())).toEqual(['CHECK first']);
  });

  test('asks nobody when the list disables it', async () => {
    const { runtime, takeCalls } = runtimeWith();
    await runtime.checkList(listOf({ disableCheck: 'true' }), attachment);
    expect(takeCalls()).toEqual([]);
  });

  test.each([true, false])(
    'refuses lists of before 0.4.0, disabled (%p) or not',
    async (disableCheck) => {
      const { runtime } = runtimeWith();
      const list = listOf({ cniVersion: '0.3.1', disableCheck });
      await expect(runtime.checkList(list, attachment)).rejects.toMatchObject({ code: 1 });
    },
  );
});

describe('delList', () => {
  test('asks in reverse, with the remembered result, and forgets it', async () => {
    const { runtime, takeCalls } = runtimeWith();
    await runtime.addList(listOf(), attachment);
    takeCalls();
    await runtime.delList(listOf(), { ...attachment, netns: '' });
    const taken = takeCalls();
    expect(calls(taken)).toEqual(['DEL second', 'DEL first']);
    for (const { request, environment } of taken) {
      expect(request.prevResult.ips).toHaveLength(2);
      expect(environment['CNI_NETNS']).toBe('');
    }
    expect(await cached()).toEqual([]);
  });

  test('asks lists of before 0.4.0 without it, and forgets it all the same', async () => {
    const { runtime, takeCalls } = runtimeWith();
    const list = listOf({ cniVersion: '0.3.1' });
    await runtime.addList(list, attachment);
    takeCalls();
    await runtime.delList(list, attachment);
    expect(takeCalls()[0]?.request).not.toHaveProperty('prevResult');
    expect(await cached()).toEqual([]);
  });

  test('may be repeated', async () => {
    const { runtime } = runtimeWith();
    await runtime.delList(listOf(), attachment);
    await runtime.delList(listOf(), attachment);
  });

  test.each(['x', '{"cniVersion":"1.1.0","ips":[{"address":"x"}]}', '{"cniVersion":"3.0.0"}'])(
    'goes on without a remembered %s',
    async (text) => {
      const { runtime, takeCalls } = runtimeWith();
      await runtime.addList(listOf(), attachment);
      takeCalls();
      await writeFile(join(cacheDirectory, 'results', 'blue-sbx-81-eth0'), text);
      await runtime.delList(listOf(), attachment);
      expect(takeCalls()[0]?.request).not.toHaveProperty('prevResult');
    },
  );

  test('stops at the first failure and remembers on', async () => {
    await runtimeWith().runtime.addList(listOf(), attachment);
    const { runtime, takeCalls } = runtimeWith({ ...working, second: failing });
    await expect(runtime.delList(listOf(), attachment)).rejects.toMatchObject({
      msg: 'plugin type="second" failed (del): later',
    });
    expect(calls(takeCalls())).toEqual(['DEL second']);
    expect(await cached()).toEqual(['blue-sbx-81-eth0']);
  });
});

describe('gcList', () => {
  const other = { ...attachment, containerId: 'sbx-82' };
  const valid = [{ containerID: 'sbx-82', ifname: 'eth0' }];

  test('deletes what is not valid, as it was added, then asks every plugin', async () => {
    const { runtime, takeCalls } = runtimeWith();
    await runtime.addList(listOf(), attachment);
    await runtime.addList(listOf(), other);
    await runtime.addList(listOf({ name: 'red' }), attachment);
    takeCalls();
    await runtime.gcList(listOf(), valid);
    const taken = takeCalls();
    expect(calls(taken)).toEqual(['DEL second', 'DEL first', 'GC first', 'GC second']);
    expect(taken[0]?.environment).toMatchObject({
      CNI_CONTAINERID: 'sbx-81',
      CNI_NETNS: '/run/netns/p7',
      CNI_ARGS: 'K8S_POD_NAME=cart',
    });
    expect(taken[0]?.request.runtimeConfig).toEqual(attachment.capabilityArgs);
    expect(taken[2]).toMatchObject({
      environment: { CNI_CONTAINERID: '', CNI_NETNS: '', CNI_IFNAME: '', CNI_ARGS: '' },
      request: {
        type: 'first',
        name: 'blue',
        cniVersion: '1.1.0',
        'cni.dev/valid-attachments': valid,
        'cni.dev/attachments': valid,
      },
    });
    expect(await cached()).toEqual(['blue-sbx-82-eth0', 'red-sbx-81-eth0']);
  });

  test('deletes, but asks for no GC, in lists of before 1.1.0', async () => {
    const { runtime, takeCalls } = runtimeWith();
    const list = listOf({ cniVersion: '1.0.0' });
    await runtime.addList(list, attachment);
    takeCalls();
    await runtime.gcList(list, []);
    expect(calls(takeCalls())).toEqual(['DEL second', 'DEL first']);
  });

  test('tries everything and tells all failures', async () => {
    await runtimeWith().runtime.addList(listOf(), attachment);
    const { runtime, takeCalls } = runtimeWith({ ...working, second: failing });
    const collecting = runtime.gcList(listOf(), []);
    await expect(collecting).rejects.toMatchObject({
      name: 'AggregateError',
      message: expect.stringMatching(/"blue".*failed \(del\).*failed \(gc\)/),
      errors: [{ code: 11 }, { code: 11 }],
    });
    expect(calls(takeCalls())).toEqual(['DEL second', 'GC first', 'GC second']);
  });

  test('does nothing when the list disables it', async () => {
    const { runtime, takeCalls } = runtimeWith();
    await runtime.addList(listOf(), attachment);
    takeCalls();
    await runtime.gcList(listOf({ disableGC: true }), []);
    expect(takeCalls()).toEqual([]);
  });
});

describe('statusList', () => {
  test('asks plugin after plugin, about no attachment', async () => {
    const { runtime, takeCalls } = runtimeWith();
    await runtime.statusList(listOf());
    const taken = takeCalls();
    expect(calls(taken)).toEqual(['STATUS first', 'STATUS second']);
    expect(taken[1]).toMatchObject({
      environment: { CNI_CONTAINERID: '', CNI_PATH: '/opt/cni/bin:/b' },
      request: { type: 'second', name: 'blue', cniVersion: '1.1.0' },
    });
  });

  test('stops at the first that is not ready, with its code', async () => {
    const full: FakePlugin = () => ({ stdout: '{"code":50,"msg":"full"}', exitCode: 1 });
    const { runtime, takeCalls } = runtimeWith({ ...working, first: full });
    await expect(runtime.statusList(listOf())).rejects.toMatchObject({ code: 50 });
    expect(calls(takeCalls())).toEqual(['STATUS first']);
  });

  test('finds lists of before 1.1.0 ready', async () => {
    const { runtime, takeCalls } = runtimeWith({});
    await runtime.statusList(listOf({ cniVersion: '1.0.0' }));
    expect(takeCalls()).toEqual([]);
  });
});

describe('validateList', () => {
  const supporting =
    (...supportedVersions: readonly string[]): FakePlugin =>
    () =>
      JSON.stringify({ cniVersion: '1.1.0', supportedVersions });

  test('gives the capabilities that are wanted, each once', async () => {
    const { runtime } = runtimeWith({
      first: supporting('0.4.0', '1.1.0'),
      second: supporting('1.1.0'),
    });
    const plugins = [
      { type: 'first', capabilities: { mac: true, dns: false } },
      { type: 'second', capabilities: { ips: true, mac: true } },
    ];
    expect(await runtime.validateList(listOf({ plugins }))).toEqual(['mac', 'ips']);
  });

  test('takes a list without version for 0.1.0', async () => {
    const { runtime } = runtimeWith({ first: supporting('0.1.0') });
    const list = listOf({ cniVersion: undefined, plugins: [{ type: 'first' }] });
    expect(await runtime.validateList(list)).toEqual([]);
  });

  test('tells every plugin that is missing, fails, or does not support the version', async () => {
    const { runtime } = runtimeWith({ first: supporting('1.0.0', '1.1'), second: failing });
    const plugins = [{ type: 'first' }, { type: 'absent' }, { type: 'second' }];
    const validating = runtime.validateList(listOf({ plugins }));
    const error: unknown = await validating.catch((caught) => caught);
    expect(error).toMatchObject({ name: 'AggregateError' });
    const { errors } = error as AggregateError;
    expect(errors.every(isCniError)).toBe(true);
    expect(errors.map(({ message }: Error) => message)).toEqual([
      '[1] plugin type="first" does not support the list’s version; cniVersion is "1.1.0", it supports 1.0.0, 1.1',
      '[999] failed to find plugin "absent"',
      '[11] plugin type="second" failed (version): later; full',
    ]);
  });
});

test('an aborted operation kills its plugin', async () => {
  const runtime = createCniRuntime({ pluginDirectories: ['/bin'], cacheDirectory });
  const list = listOf({ plugins: [{ type: 'true' }] });
  const signal = AbortSignal.abort(new Error('the pod is gone'));
  await expect(runtime.delList(list, attachment, { signal })).rejects.toMatchObject({
    msg: 'plugin type="true" failed (del): cannot execute /bin/true',
    details: 'the pod is gone',
  });
});
