import { expect, test } from '@jest/globals';
import type { PodAttachment, PodToTearDown } from '../desired/settings.ts';
import { createPodWiring } from './pod-wiring.ts';

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

const { routeTableId: _, ...toTearDown } = attachment;

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
  await expect(wiring.setUp({ ...pod, address: 'fd00::1' })).rejects.toThrow(TypeError);
});
