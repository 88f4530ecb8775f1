import { expect, test } from '@jest/globals';
import type { BranchPod } from './branch-pods.ts';
import { decodeBranchPods, encodeBranchPods } from './branch-pods-codec.ts';

const pod: BranchPod = {
  key: { networkName: 'aws-cni', containerId: 'a', interfaceName: 'eth0' },
  address: '10.0.42.5',
  branch: {
    vlanId: 7,
    mac: '02:7f:de:ad:be:ef',
    router: '10.0.32.1',
    trunkLinkIndex: 4,
    mode: 'standard',
  },
  reservedAtMs: 1_000,
  metadata: {
    podNamespace: 'default',
    podName: 'web',
    wiring: { netnsPath: '/run/netns/a', vethPrefix: 'eni', mtuBytes: 9001 },
  },
};
const { wiring: _, ...names } = pod.metadata;

test('pods are read as they were written, in the time of the clock that reads', () => {
  const pods = [pod, { ...pod, metadata: names }];
  const text = encodeBranchPods(pods, 500);
  expect(decodeBranchPods(text, 500)).toEqual(pods);
  expect(decodeBranchPods(text, 0)[0]?.reservedAtMs).toBe(1_500);
});

const fileOf = (pods: unknown, version = 'vpc-cni-branch-pods/1') =>
  JSON.stringify({ version, pods });

test.each([
  ['no JSON', '{'],
  ['nothing', 'null'],
  ['another version', fileOf([], 'vpc-cni-branch-pods/2')],
  ['no list', fileOf({})],
  ['a key that is not whole', fileOf([{ ...pod, key: { containerId: 'a' } }])],
  ['a mode nobody knows', fileOf([{ ...pod, branch: { ...pod.branch, mode: '' } }])],
  ['no VLAN', fileOf([{ ...pod, branch: { ...pod.branch, vlanId: '7' } }])],
  ['no names', fileOf([{ ...pod, metadata: null }])],
  ['half a wiring', fileOf([{ ...pod, metadata: { ...names, wiring: { netnsPath: '' } } }])],
  ['no time', fileOf([{ ...pod, reservedAtMs: null }])],
])('a file with %s is refused', (_what, text) => {
  expect(() => decodeBranchPods(text, 0)).toThrow();
});
