import { beforeEach, describe, expect, test } from '@jest/globals';
import { createFakeOutside, type FakeOutside } from './fake-outside.ts';
import { createFakeRuntime, type FakeRuntime } from './fake-runtime.ts';
import { createPluginHandlers } from './handlers.ts';
import type { RefusalReason } from './ports.ts';

/** A record, so that no reason is forgotten. */
const everyReason: Readonly<Record<RefusalReason, true>> = {
  starting: true,
  cooling: true,
  'subnet-full': true,
  'no-free-prefix': true,
  'eni-limit': true,
  'at-max-pods': true,
  'not-schedulable': true,
  terminating: true,
  'provisioning-disabled': true,
  throttled: true,
  permission: true,
  'ec2-unavailable': true,
  'checkpoint-unwritable': true,
  'eni-absent': true,
  kubernetes: true,
  'branch-eni-pending': true,
  'multi-nic-disabled': true,
  'capacity-pending': true,
};

const annotated = (annotations: object) => ({
  runtimeConfig: { 'io.kubernetes.cri.pod-annotations': annotations },
});

let outside: FakeOutside;
let cni: FakeRuntime;

beforeEach(() => {
  outside = createFakeOutside();
  cni = createFakeRuntime(createPluginHandlers(outside));
});

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

  test.each(Object.keys(everyReason) as readonly RefusalReason[])(
    'refused for %s asks the runtime to try again later and says why',
    async (reason) => {
      outside.refuseWith({ kind: 'refused', reason, message: 'of 3 …', retryAfterMs: 1_500 });
      expect(await cni('ADD')).toMatchObject({
        exitCode: 1,
        output: {
          code: reason === 'multi-nic-disabled' ? 2 : 11,
          msg: expect.stringContaining(reason),
          details: 'of 3 …; expected within 2 s',
        },
      });
      expect(outside.log).toEqual(['reserve a']);
    },
  );

  test('that cannot be wired gives the address back', async () => {
    outside.failSetUp(new Error('RTM_NEWLINK: EPERM'));
    expect(await cni('ADD')).toMatchObject({ exitCode: 1, output: { code: 100 } });
    expect(outside.log).toEqual(['reserve a', 'set up a', 'release a']);
  });

  test('that cannot be wired says why, even when giving the address back fails', async () => {
    outside.failSetUp(new Error('RTM_NEWLINK: EPERM'));
    outside.failRelease(new Error('the disk is full'));
    expect((await cni('ADD')).output).toMatchObject({ code: 100, details: 'RTM_NEWLINK: EPERM' });
    expect(outside.log.at(-1)).toBe('release a');
  });

  test('into a namespace that does not exist is error 8', async () => {
    outside.failSetUp(Object.assign(new Error('no such namespace'), { code: 'netns-not-found' }));
    expect((await cni('ADD')).output).toMatchObject({ code: 8, details: 'no such namespace' });
  });

  test('that the runtime gave up on before its turn reserves nothing', async () => {
    const signal = AbortSignal.abort(new Error('the caller hung up'));
    expect((await cni('ADD', { signal })).output).toMatchObject({ code: 11 });
    expect(outside.log).toEqual([]);
  });

  test('that the runtime gave up on after it had its address gives it back', async () => {
    const givenUp = new AbortController();
    const { reserve } = outside.addresses;
    const handlers = createPluginHandlers({
      ...outside,
      addresses: {
        ...outside.addresses,
        reserve: async (...asked) => {
          const reply = await reserve(...asked);
          givenUp.abort(new Error('the caller hung up'));
          return reply;
        },
      },
    });
    const { output } = await createFakeRuntime(handlers)('ADD', { signal: givenUp.signal });
    expect(output).toMatchObject({ code: 11 });
    expect(outside.log).toEqual(['reserve a', 'release a']);
  });

  test('has its address remembered with how it is wired', async () => {
    await cni('ADD', { conf: { mtu: '1500' } });
    expect(outside.places.get('a')).toEqual({
      netnsPath: '/run/netns/a',
      vethPrefix: 'eni',
      mtuBytes: 1500,
      branchMode: 'strict',
    });
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

  test.each([
    ['malformed CNI_ARGS', { args: 'K8S_POD_NAME' }, 4],
    ['CNI_ARGS that nobody knows', { args: 'K8S_POD_NAME=a;COLOUR=blue' }, 4],
    ['a previous result that cannot be read', { conf: { prevResult: { ips: 7 } } }, 6],
    ['a previous result of another family', { conf: { prevResult: { cniVersion: '9.9.9' } } }, 1],
    ['annotations that are none', { conf: annotated({ a: 7 }) }, 6],
  ])('with %s is refused before anything is reserved', async (_, call, code) => {
    expect((await cni('ADD', call)).output).toMatchObject({ code });
    expect(outside.log).toEqual([]);
  });

  test.each([
    ['no CNI_ARGS', { args: '' }],
    ['CNI_ARGS to be ignored', { args: 'COLOUR=blue;IgnoreUnknown=true' }],
    ['annotations that do not concern it', { conf: annotated({ colour: 'blue' }) }],
    [
      'another wish for network cards',
      { conf: annotated({ 'k8s.amazonaws.com/nicConfig': 'one' }) },
    ],
    ['capabilities of other plugins', { conf: { runtimeConfig: { portMappings: [] } } }],
  ])('with %s succeeds', async (_, call) => {
    expect((await cni('ADD', call)).exitCode).toBe(0);
  });

  test('does not pass on the result of another plugin', async () => {
    const prevResult = { cniVersion: '0.4.0', ips: [{ version: '4', address: '192.0.2.1/24' }] };
    const { output } = await cni('ADD', { conf: { prevResult } });
    expect(output).toMatchObject({ ips: [{ address: '10.0.0.1/32' }] });
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
    expect(outside.log.slice(-3)).toEqual(['tear down a', 'a is torn down', 'release a']);
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
  ])('%s succeeds, takes nothing down, and makes that durable', async (_, before) => {
    await before();
    const logged = outside.log.length;
    expect(await cni('DEL', { netns: '' })).toEqual({ exitCode: 0, output: undefined });
    expect(outside.log.slice(logged)).toEqual(['release a']);
  });

  test.each([
    ['0.4.0', { ips: [{ version: '4', address: '10.0.0.1/32', interface: 0 }] }],
    ['1.1.0', { ips: [{ address: '10.0.0.1/32' }] }],
  ])(
    'finds what is held by the result the runtime remembers (%s)',
    async (cniVersion, prevResult) => {
      await cni('ADD');
      outside.loseKey('a');
      const withResult = { cniVersion, prevResult: { cniVersion, ...prevResult } };
      expect((await cni('DEL', { conf: withResult })).exitCode).toBe(0);
      expect(outside.tornDown()).toMatchObject({ address: '10.0.0.1', podName: 'sample-pod' });
      expect(outside.log.at(-1)).toBe('release a');
    },
  );

  test.each([
    ['of another pod’s address', { ips: [{ version: '4', address: '10.0.0.7/32' }] }],
    ['without addresses', { ips: [] }],
    ['that cannot be read', { ips: 7 }],
  ])('with a result %s succeeds and takes nothing down', async (_, prevResult) => {
    const withResult = { prevResult: { cniVersion: '0.4.0', ...prevResult } };
    expect((await cni('DEL', { conf: withResult })).exitCode).toBe(0);
    expect(outside.tornDown()).toBeUndefined();
  });

  test('that fails keeps the address, so that the next one can finish the work', async () => {
    await cni('ADD');
    outside.failTearDown(new Error('EBUSY'));
    expect((await cni('DEL')).output).toMatchObject({ code: 100, details: 'EBUSY' });
    outside.failTearDown(undefined);
    expect((await cni('DEL')).exitCode).toBe(0);
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

  const remembering = (prevResult: object) => ({
    conf: { prevResult: { cniVersion: '0.4.0', ...prevResult } },
  });
  const ip = (address: string) => ({ ips: [{ version: '4', address }] });

  test.each([
    ['as it is', ip('10.0.0.1/32'), undefined],
    ['without addresses', { ips: [] }, undefined],
    ['with another address', ip('10.0.0.7/32'), 102],
    ['that cannot be read', { ips: 7 }, 6],
  ])('with a result %s is answered by code %s', async (_, prevResult, code) => {
    await cni('ADD');
    const { output } = await cni('CHECK', remembering(prevResult));
    expect((output as { readonly code?: number } | undefined)?.code).toBe(code);
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
    const before = outside.log.length;
    expect((await gc([{ containerID: 'b', ifname: 'eth0' }])).exitCode).toBe(0);
    expect([...outside.wired.keys()]).toEqual(['b']);
    expect(outside.log.slice(before)).toEqual(['tear down a', 'a is torn down', 'release a']);
    expect((await cni('CHECK', { container: 'a' })).output).toMatchObject({ code: 3 });
    expect((await cni('CHECK', { container: 'b' })).exitCode).toBe(0);
  });

  test('without a list does nothing', async () => {
    await cni('ADD');
    await gc(undefined);
    expect(outside.wired.size).toBe(1);
  });

  test('goes on after a failure, reports it, and keeps what it could not take down', async () => {
    await cni('ADD', { container: 'a' });
    await cni('ADD', { container: 'b' });
    outside.failTearDown(new Error('EBUSY'));
    expect(await gc([])).toMatchObject({
      exitCode: 1,
      output: { msg: expect.stringMatching(/eth0 of a; EBUSY.*eth0 of b; EBUSY/) },
    });
    expect(outside.log).not.toContain('release a');
  });
});

describe('an address whose ENI is not attached to the node', () => {
  const gcAll = { conf: { cniVersion: '1.1.0', 'cni.dev/valid-attachments': [] } };
  beforeEach(async () => {
    await cni('ADD');
    outside.strand('a');
  });

  test.each([
    ['DEL', {}],
    ['GC', gcAll],
  ])('is torn down by %s, and released', async (verb, call) => {
    expect((await cni(verb, call)).exitCode).toBe(0);
    expect(outside.tornDown()).toMatchObject({ address: '10.0.0.1' });
    expect(outside.log.slice(-3)).toEqual(['tear down a', 'a is torn down', 'release a']);
  });

  test('fails CHECK with 102, naming the address', async () => {
    expect(await cni('CHECK')).toMatchObject({
      exitCode: 1,
      output: {
        code: 102,
        details: expect.stringMatching(/ENI of 10\.0\.0\.1 is not among/),
      },
    });
  });

  test('is refused to another ADD, and kept', async () => {
    expect((await cni('ADD')).output).toMatchObject({ code: 11 });
    expect(outside.log.at(-1)).toBe('reserve a');
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
