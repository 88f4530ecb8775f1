import { beforeEach, describe, expect, test } from '@jest/globals';
import { createFakeOutside, type FakeOutside } from './fake-outside.ts';
import { createFakeRuntime, type FakeRuntime } from './fake-runtime.ts';
import { createPluginHandlers } from './handlers.ts';
import type { PolicyPort } from './ports.ts';

// Pods whose annotation asks for an interface on every network card; the node has two.

const annotated = (value: string) => ({
  runtimeConfig: { 'io.kubernetes.cri.pod-annotations': { 'k8s.amazonaws.com/nicConfig': value } },
});
const MULTI = annotated('multi-nic-attachment');

let outside: FakeOutside;
let cni: FakeRuntime;

beforeEach(() => {
  outside = createFakeOutside();
  cni = createFakeRuntime(createPluginHandlers(outside));
});

const previous = async () => ({ prevResult: (await cni('ADD', { conf: MULTI })).output as object });

describe('ADD', () => {
  test('wires an interface for each card, and prints the result that upstream prints', async () => {
    expect((await cni('ADD', { conf: MULTI })).output).toEqual({
      cniVersion: '0.4.0',
      interfaces: [
        { name: 'enicc21c2d7785' },
        { name: 'eth0', mac: '2', sandbox: '/run/netns/a' },
        { name: 'enicc21c2d7785' }, // the fake host names all links alike
        { name: 'mNicIf1', mac: '10101', sandbox: '/run/netns/a' },
        { name: 'dummycc21c2d7785', mac: '0', sandbox: '1' },
      ],
      ips: [
        { version: '4', interface: 1, address: '10.0.0.1/32' },
        { version: '4', interface: 3, address: '10.0.1.2/32' },
      ],
      dns: {},
    });
    expect(outside.wired.get('a')).not.toHaveProperty('interfaceIndex');
    expect(outside.wired.get('a/1')).toMatchObject({
      podLinkName: 'mNicIf1',
      interfaceIndex: 1,
      address: '10.0.1.2',
      routeTableId: 10_101,
    });
  });

  test.each(['multi-nic', '', 'true'])('takes %j for no wish', async (value) => {
    expect((await cni('ADD', { conf: annotated(value) })).exitCode).toBe(0);
    expect([...outside.wired.keys()]).toEqual(['a']);
  });

  test('whose second interface cannot be wired leaves nothing of the first', async () => {
    outside.failSetUp(new Error('RTM_NEWLINK: EPERM'), 1);
    expect((await cni('ADD', { conf: MULTI })).output).toMatchObject({ code: 100 });
    expect(outside.wired.size).toBe(0);
    expect(await outside.addresses.list('aws-cni')).toEqual([]);
  });

  test('keeps its addresses while the first interface cannot be taken down again', async () => {
    outside.failSetUp(new Error('RTM_NEWLINK: EPERM'), 1);
    outside.failTearDown(new Error('RTM_DELLINK: EBUSY'));
    expect((await cni('ADD', { conf: MULTI })).output).toMatchObject({
      code: 100,
      details: 'RTM_NEWLINK: EPERM',
    });
    expect(await outside.addresses.list('aws-cni')).toHaveLength(2);
  });

  test('tells the network policy agent how many interfaces there are, once all are wired', async () => {
    const told: string[] = [];
    const policies: PolicyPort = {
      enforce: async (_, { interfaceCount }) => {
        told.push(`${interfaceCount}: ${[...outside.wired.keys()]}`);
        return undefined;
      },
      forget: async () => undefined,
    };
    await createFakeRuntime(createPluginHandlers({ ...outside, policies }))('ADD', { conf: MULTI });
    expect(told).toEqual(['2: a,a/1']);
  });

  test('repeated without DEL leaves the first one as it is', async () => {
    await cni('ADD', { conf: MULTI });
    expect((await cni('ADD', { conf: MULTI })).output).toMatchObject({ code: 101 });
    expect(outside.wired.size).toBe(2);
    expect(await outside.addresses.list('aws-cni')).toHaveLength(2);
  });

  test('where several cards are not allowed says so, and cannot be helped by waiting', async () => {
    const message = 'set ENABLE_MULTI_NIC';
    outside.refuseWith({ kind: 'refused', reason: 'multi-nic-disabled', message });
    expect((await cni('ADD', { conf: MULTI })).output).toMatchObject({ code: 2, details: message });
  });
});

describe('CHECK', () => {
  test('passes with the addresses that the runtime remembers', async () => {
    const conf = await previous();
    expect(await cni('CHECK', { conf })).toMatchObject({ exitCode: 0 });
  });

  test.each([0, 1])('names another address of interface %d', async (index) => {
    const { prevResult } = (await previous()) as {
      prevResult: { ips: readonly { address: string }[] };
    };
    const ips = prevResult.ips.map((ip, at) =>
      at === index ? { ...ip, address: '10.0.9.9/32' } : ip,
    );
    expect(
      (await cni('CHECK', { conf: { prevResult: { ...prevResult, ips } } })).output,
    ).toMatchObject({ code: 102, details: expect.stringContaining('10.0.9.9') });
  });
});

describe('DEL', () => {
  test('takes all interfaces down, whatever the annotation says by now', async () => {
    await cni('ADD', { conf: MULTI });
    expect((await cni('DEL')).exitCode).toBe(0);
    expect(outside.wired.size).toBe(0);
    expect(await outside.addresses.list('aws-cni')).toEqual([]);
  });

  test('finds all that the runtime remembers once the checkpoint is lost', async () => {
    const conf = await previous();
    outside.loseKey('a');
    expect((await cni('DEL', { conf })).exitCode).toBe(0);
    expect(outside.tornDown()).toMatchObject({ address: '10.0.1.2', interfaceIndex: 1 });
    expect(outside.log.filter((line) => line.startsWith('tear down'))).toHaveLength(2);
  });

  test('is as complete when the runtime has given the sandbox up: GC', async () => {
    await cni('ADD', { conf: MULTI });
    const conf = { cniVersion: '1.1.0', 'cni.dev/valid-attachments': [] };
    expect((await cni('GC', { conf })).exitCode).toBe(0);
    expect(outside.wired.size).toBe(0);
    expect(outside.log.filter((line) => line.startsWith('release'))).toHaveLength(1);
  });
});
