import { expect, test } from '@jest/globals';
import type { PodAttachment, PodToTearDown } from '../desired/settings.ts';
import { createPodWiring, wiredAttachment } from './pod-wiring.ts';

const pod = {
  podNamespace: 'default',
  podName: 'sample-pod',
  netnsPath: '/run/netns/a',
  podLinkName: 'eth0',
  vethPrefix: 'eni',
  mtuBytes: 9001,
  address: '10.0.41.99',
  routeTableId: 2,
};
const attachment: PodAttachment = {
  netnsPath: '/run/netns/a',
  podLinkName: 'eth0',
  hostLinkName: 'enicc21c2d7785',
  address: '10.0.41.99',
  routeTableId: 2,
  mtuBytes: 9001,
};

const { routeTableId: _table, mtuBytes: _mtu, ...toTearDown } = attachment;

test('a pod known by name is wired by the host link that its name gives', async () => {
  const seen: (readonly [string, PodToTearDown])[] = [];
  const wiring = createPodWiring({
    setUpPod: async (given) => {
      seen.push(['set up', given]);
      return { hostMac: '', podMac: '' };
    },
    tearDownPod: async (given) => {
      seen.push(['tear down', given]);
    },
    checkPod: async (given) => {
      seen.push(['check', given]);
      return ['host: something'];
    },
  });
  expect(await wiring.setUp(pod)).toEqual({ hostLinkName: 'enicc21c2d7785' });
  expect(await wiring.check(pod)).toEqual(['host: something']);
  await wiring.tearDown(pod);
  expect(seen).toEqual([
    ['set up', attachment],
    ['check', attachment],
    ['tear down', toTearDown],
  ]);
  await expect(wiring.setUp({ ...pod, address: '10.0.41.999' })).rejects.toThrow(TypeError);
});

test('a pod that was wired is known by the same host link, with or without its MTU', () => {
  const { mtuBytes, ...unknown } = attachment;
  const { mtuBytes: _, ...podWithout } = pod;
  expect(wiredAttachment(pod)).toEqual({ ...unknown, mtuBytes });
  expect(wiredAttachment(podWithout)).toEqual(unknown);
});

test('pods of every kind keep what sets them apart, under the host link upstream gives them', async () => {
  const branch = {
    vlanId: 7,
    mac: '02:7f:de:ad:be:ef',
    router: '10.0.32.1',
    trunkLinkIndex: 4,
    mode: 'strict',
  } as const;
  const seen: unknown[] = [];
  const wiring = createPodWiring({
    setUpPod: async ({ hostLinkName, secondAddress, interfaceIndex, branch: own }) => {
      seen.push({ hostLinkName, secondAddress, interfaceIndex, own });
      return { hostMac: '', podMac: '' };
    },
    tearDownPod: async () => {},
    checkPod: async () => [],
  });
  const sgPod = { ...pod, podName: 'sg-pod' };
  await wiring.setUp({ ...pod, secondAddress: '2600:1F14::1' });
  await wiring.setUp({ ...pod, interfaceIndex: 1 });
  await wiring.setUp({ ...sgPod, branch });
  await wiring.setUp({ ...sgPod, branch: { ...branch, mode: 'standard' } });
  // plugin-and-host-network §3.1
  expect(seen).toEqual([
    { hostLinkName: 'enicc21c2d7785', secondAddress: '2600:1f14::1' },
    { hostLinkName: 'enia0b7655f3c9', interfaceIndex: 1 },
    { hostLinkName: 'vlan23145df91e4', own: branch },
    { hostLinkName: 'eni23145df91e4', own: { ...branch, mode: 'standard' } },
  ]);
});
