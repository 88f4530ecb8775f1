import { beforeEach, describe, expect, test } from '@jest/globals';
import { createFakeOutside, type FakeOutside } from './fake-outside.ts';
import { createFakeRuntime, type FakeRuntime } from './fake-runtime.ts';
import { createPluginHandlers } from './handlers.ts';

// Pods that have security groups, and so an ENI, of their own: a VLAN of the trunk.

const ENI = { vlanId: 7, mac: '02:7f:de:ad:be:ef', router: '10.0.32.1', trunkLinkIndex: 4 };
const STANDARD = { podSGEnforcingMode: 'standard' };

let outside: FakeOutside;
let cni: FakeRuntime;

beforeEach(() => {
  outside = createFakeOutside();
  outside.giveBranchEnis(ENI);
  cni = createFakeRuntime(createPluginHandlers(outside));
});

/** What upstream prints of such a pod. */
const result = (hostLink: string, dummy = {}) => ({
  cniVersion: '0.4.0',
  interfaces: [
    { name: hostLink },
    { name: 'eth0', mac: '0', sandbox: '/run/netns/a' },
    { name: 'dummycc21c2d7785', mac: '7', ...dummy },
  ],
  ips: [{ version: '4', address: '10.0.0.1/32', gateway: '10.0.32.1', interface: 1 }],
});

describe('ADD', () => {
  test.each([
    { name: 'strict', conf: {}, hostLink: 'vlancc21c2d7785' },
    { name: 'standard', conf: STANDARD, hostLink: 'enicc21c2d7785' },
  ])('wires a $name pod on its ENI, and tells the VLAN', async ({ name, conf, hostLink }) => {
    expect(await cni('ADD', { conf })).toMatchObject({ exitCode: 0, output: result(hostLink) });
    expect(outside.wired.get('a')).toMatchObject({
      routeTableId: 0,
      branch: { ...ENI, mode: name },
    });
  });

  test('prints no device number, which upstream leaves out', async () => {
    const { output } = await cni('ADD');
    expect(output).toHaveProperty('interfaces.2', { name: 'dummycc21c2d7785', mac: '7' });
  });

  test('takes a mode that nobody knows for strict', async () => {
    await cni('ADD', { conf: { podSGEnforcingMode: '__PODSGENFORCINGMODE__' } });
    expect(outside.wired.get('a')?.branch?.mode).toBe('strict');
  });

  test('is told to come back while there is no such ENI', async () => {
    const refusal = { reason: 'branch-eni-pending', message: 'no annotation' } as const;
    outside.refuseWith({ kind: 'refused', ...refusal });
    expect((await cni('ADD')).output).toMatchObject({ code: 11, details: refusal.message });
  });
});

describe('CHECK', () => {
  const remembering = (...words: Parameters<typeof result>) => ({
    conf: { prevResult: result(...words) },
  });
  beforeEach(() => cni('ADD'));

  test('looks at the wiring that ADD made', async () => {
    expect((await cni('CHECK', remembering('vlancc21c2d7785'))).exitCode).toBe(0);
    outside.drift(['host: link vlan.eth.7']);
    expect((await cni('CHECK')).output).toMatchObject({
      code: 102,
      details: 'host: link vlan.eth.7',
    });
  });

  test.each([
    { mode: 'strict', hostLink: 'vlancc21c2d7785' },
    { mode: 'standard', hostLink: 'enicc21c2d7785' },
  ])('of a $mode pod that others wired goes by the runtime’s memory', async (pod) => {
    outside.loseKey('a');
    expect(await cni('CHECK', remembering(pod.hostLink))).toEqual({
      exitCode: 0,
      output: undefined,
    });
    expect(outside.checked()).toMatchObject({ podName: 'sample-pod', address: '10.0.0.1' });
    expect(outside.checked()?.branch).toEqual({
      vlanId: 7,
      mode: pod.mode,
      router: '10.0.32.1',
    });
  });

  test.each([
    { name: 'an ordinary pod', dummy: { mac: '0', sandbox: '1' }, isElsewhere: false },
    { name: 'a pod whose VLAN another has by now', dummy: {}, isElsewhere: true },
  ])('of $name that nobody knows is error 3', async ({ dummy, isElsewhere }) => {
    if (isElsewhere) await cni('DEL');
    else outside.loseKey('a');
    const { output } = await cni('CHECK', remembering('vlancc21c2d7785', dummy));
    expect(output).toMatchObject({ code: 3 });
    expect(outside.checked()).toBeUndefined();
  });
});

describe('DEL', () => {
  test('takes down as it was wired, whatever the configuration says by now', async () => {
    await cni('ADD', { conf: STANDARD });
    await cni('DEL');
    expect(outside.tornDown()).toMatchObject({ branch: { vlanId: 7, mode: 'standard' } });
  });

  test.each([
    { mode: 'strict', hostLink: 'vlancc21c2d7785' },
    { mode: 'standard', hostLink: 'enicc21c2d7785' },
  ])('of a $mode pod that only the runtime remembers', async ({ mode, hostLink }) => {
    await cni('ADD');
    outside.loseKey('a');
    await cni('DEL', { conf: { prevResult: result(hostLink) } });
    expect(outside.tornDown()).toMatchObject({
      address: '10.0.0.1',
      branch: { vlanId: 7, mode },
    });
  });

  test.each([
    { name: 'of an ordinary pod', dummy: { mac: '0', sandbox: '1' } },
    { name: 'whose VLAN is no number', dummy: { mac: '0a:00:00:00:00:07' } },
    { name: 'with the dummy of another pod', dummy: { name: 'dummy0123456789a' } },
  ])('with a result $name takes no branch ENI down', async ({ dummy }) => {
    await cni('ADD');
    outside.loseKey('a');
    await cni('DEL', { conf: { prevResult: result('enicc21c2d7785', dummy) } });
    expect(outside.tornDown()).toMatchObject({ address: '10.0.0.1' });
    expect(outside.tornDown()).not.toHaveProperty('branch');
  });
});
