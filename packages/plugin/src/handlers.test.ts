import { beforeEach, describe, expect, test } from '@jest/globals';
import { handleRequest, KNOWN_VERSIONS, type PluginHandlers } from '@vpc-cni/cni-spec';
import { createFakeOutside, type FakeOutside } from './fake-outside.ts';
import { createPluginHandlers } from './handlers.ts';
import type { RefusalReason } from './ports.ts';

let outside: FakeOutside;
let handlers: PluginHandlers;

beforeEach(() => {
  outside = createFakeOutside();
  handlers = createPluginHandlers(outside);
});

const conf = {
  cniVersion: '0.4.0',
  name: 'aws-cni',
  type: 'aws-cni',
  vethPrefix: 'eni',
  mtu: '9001',
};

interface Call {
  readonly container?: string;
  readonly netns?: string;
  readonly args?: string;
  readonly conf?: object;
  readonly signal?: AbortSignal;
}

async function cni(command: string, call: Call = {}) {
  const { container = 'a', netns = '/run/netns/a' } = call;
  const response = await handleRequest(
    {
      environment: {
        CNI_COMMAND: command,
        CNI_CONTAINERID: container,
        CNI_NETNS: netns,
        CNI_IFNAME: 'eth0',
        CNI_ARGS: call.args ?? 'K8S_POD_NAMESPACE=default;IgnoreUnknown=1;K8S_POD_NAME=sample-pod',
        CNI_PATH: '/opt/cni/bin',
      },
      stdin: JSON.stringify({ ...conf, ...call.conf }),
    },
    handlers,
    {
      supportedVersions: KNOWN_VERSIONS,
      ...(call.signal === undefined ? {} : { signal: call.signal }),
    },
  );
  return {
    exitCode: response.exitCode,
    output: response.stdout === '' ? undefined : JSON.parse(response.stdout),
  };
}

describe('ADD', () => {
  test('prints the result that upstream prints', async () => {
    expect(await cni('ADD')).toEqual({
      exitCode: 0,
      output: {
        cniVersion: '0.4.0',
        interfaces: [
          { name: 'enicc21c2d7785' },
          { name: 'eth0', mac: '2', sandbox: '/run/netns/a' },
          { name: 'dummycc21c2d7785', mac: '0', sandbox: '1' },
        ],
        ips: [{ version: '4', interface: 1, address: '10.0.0.1/32' }],
        dns: {},
      },
    });
  });

  test.each<RefusalReason>(['starting', 'cooling', 'subnet-full', 'eni-limit', 'permission'])(
    'refused for %s asks the runtime to try again later and says why',
    async (reason) => {
      outside.refuseWith({ kind: 'refused', reason, message: 'of 3 …', retryAfterMs: 1_500 });
      expect(await cni('ADD')).toMatchObject({
        exitCode: 1,
        output: {
          code: 11,
          msg: expect.stringContaining(reason),
          details: 'of 3 …; expected within 2 s',
        },
      });
      expect(outside.log).toEqual(['reserve a']);
    },
  );

  test('that cannot be wired gives the address back', async () => {
    outside.failSetUp(new Error('RTM_NEWLINK: EPERM'));
    const { exitCode, output } = await cni('ADD');
    expect({ exitCode, code: output.code }).toEqual({ exitCode: 1, code: 100 });
    expect(outside.log).toEqual(['reserve a', 'set up a', 'release a']);
  });

  test('into a namespace that does not exist is error 8', async () => {
    outside.failSetUp(Object.assign(new Error('no such namespace'), { code: 'netns-not-found' }));
    expect((await cni('ADD')).output).toMatchObject({ code: 8, details: 'no such namespace' });
  });

  test('that the runtime gave up on holds nothing afterwards', async () => {
    const givenUp = new AbortController();
    givenUp.abort(new Error('the caller hung up'));
    expect((await cni('ADD', { signal: givenUp.signal })).exitCode).toBe(1);
    expect(outside.log).toEqual(['reserve a', 'release a']);
  });

  test('repeated without DEL fails and leaves the first one as it is', async () => {
    await cni('ADD');
    expect((await cni('ADD')).output).toMatchObject({ code: 101 });
    expect(outside.log).not.toContain('release a');
    expect(outside.wired.size).toBe(1);
  });

  test.each([
    ['vethPrefix', 'toolong'],
    ['mtu', 9001],
  ])('with a %s of %j is error 7 and names the key', async (key, value) => {
    const { output } = await cni('ADD', { conf: { [key]: value } });
    expect(output).toMatchObject({ code: 7, details: expect.stringContaining(key) });
    expect(outside.log).toEqual([]);
  });

  test('with malformed CNI_ARGS is error 4', async () => {
    expect((await cni('ADD', { args: 'K8S_POD_NAME' })).output).toMatchObject({ code: 4 });
  });

  test.each([
    ['1500', 1500],
    ['100', 9001],
    ['many', 9001],
  ])('takes the MTU %j as %d', async (mtu, expected) => {
    await cni('ADD', { conf: { mtu } });
    expect(outside.wired.get('a')?.mtuBytes).toBe(expected);
  });
});

describe('DEL', () => {
  test('takes the wiring down before the address is free again', async () => {
    await cni('ADD');
    expect(await cni('DEL')).toEqual({ exitCode: 0, output: undefined });
    expect(outside.log.slice(-2)).toEqual(['tear down a', 'release a']);
  });

  test.each([
    [
      'for the second time',
      async () => {
        await cni('ADD');
        await cni('DEL');
      },
    ],
    ['of an attachment nobody knows', async () => {}],
  ])('%s succeeds and touches nothing', async (_, before) => {
    await before();
    const logged = outside.log.length;
    expect(await cni('DEL', { netns: '' })).toEqual({ exitCode: 0, output: undefined });
    expect(outside.log.length).toBe(logged);
  });

  test('that fails keeps the address, so that the next one can finish the work', async () => {
    await cni('ADD');
    outside.failTearDown(new Error('EBUSY'));
    expect((await cni('DEL')).output).toMatchObject({ code: 100, details: 'EBUSY' });
    outside.failTearDown(undefined);
    expect((await cni('DEL')).exitCode).toBe(0);
  });

  test('waits for the ADD of the same attachment', async () => {
    const adding = cni('ADD');
    while (!outside.log.includes('set up a')) await Promise.resolve();
    await Promise.all([adding, cni('DEL')]);
    expect(outside.log).toEqual(['reserve a', 'set up a', 'tear down a', 'release a']);
  });
});

describe('CHECK', () => {
  test('succeeds when all is well', async () => {
    await cni('ADD');
    expect((await cni('CHECK')).exitCode).toBe(0);
  });

  test('of an unknown attachment is error 3', async () => {
    expect((await cni('CHECK')).output).toMatchObject({ code: 3 });
  });

  test('names everything that is missing', async () => {
    await cni('ADD');
    outside.drift(['rule 512 to 10.0.0.1', 'route 10.0.0.1']);
    expect((await cni('CHECK')).output).toMatchObject({
      code: 102,
      details: 'rule 512 to 10.0.0.1; route 10.0.0.1',
    });
  });
});

describe('GC', () => {
  const gc = (attachments: unknown) =>
    cni('GC', { conf: { cniVersion: '1.1.0', 'cni.dev/valid-attachments': attachments } });

  test('removes what the runtime no longer lists', async () => {
    await cni('ADD', { container: 'a' });
    await cni('ADD', { container: 'b' });
    expect((await gc([{ containerID: 'b', ifname: 'eth0' }])).exitCode).toBe(0);
    expect([...outside.wired.keys()]).toEqual(['b']);
  });

  test('without a list does nothing', async () => {
    await cni('ADD');
    await gc(undefined);
    expect(outside.wired.size).toBe(1);
  });

  test('goes on after a failure and reports it', async () => {
    await cni('ADD');
    outside.failTearDown(new Error('EBUSY'));
    const { exitCode, output } = await gc([]);
    expect(exitCode).toBe(1);
    expect(JSON.stringify(output)).toContain('EBUSY');
  });
});

describe('STATUS', () => {
  const status = () => cni('STATUS', { conf: { cniVersion: '1.1.0' } });

  test('succeeds when the node can serve', async () => {
    expect((await status()).exitCode).toBe(0);
  });

  test('is error 50 with the reason while it cannot', async () => {
    outside.refuseWith({ kind: 'refused', reason: 'starting', message: 'reading metadata' });
    expect((await status()).output).toMatchObject({ code: 50, details: 'reading metadata' });
  });
});
