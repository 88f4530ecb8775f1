import { expect, test } from '@jest/globals';
import type { Reservation } from '@vpc-cni/ipam';
import type { BranchPod } from '../branch/branch-pods.ts';
import { GRACE_MS } from '../cri/dead-attachments.ts';
import { podsToRepair } from './pods-to-repair.ts';

const NOW_MS = 10 * GRACE_MS;

const web: Reservation = {
  key: { networkName: 'aws-cni', containerId: 'a', interfaceName: 'eth0' },
  address: '10.0.41.99',
  eni: { eniId: 'eni-1', deviceNumber: 1, networkCardIndex: 0, routeTableId: 2 },
  networkCardIndex: 0,
  reservedAtMs: NOW_MS - 1_000,
  metadata: {
    podNamespace: 'default',
    podName: 'sample-pod',
    interfacesCount: 1,
    wiring: { netnsPath: '/run/netns/a', vethPrefix: 'abc', mtuBytes: 1500 },
  },
};
const { eni: _, ...stranded } = web;
const nextSandbox: Reservation = {
  ...web,
  key: { ...web.key, containerId: 'b' },
  address: '10.0.41.100',
  reservedAtMs: NOW_MS,
};
const onCard1: Reservation = {
  ...web,
  address: '10.0.51.7',
  eni: { eniId: 'eni-2', deviceNumber: 1, networkCardIndex: 1, routeTableId: 10_101 },
  networkCardIndex: 1,
};
const { wiring: __, ...names } = web.metadata;
const unwritten = { ...web, metadata: names };

const attachment = {
  netnsPath: '/run/netns/a',
  podLinkName: 'eth0',
  hostLinkName: 'abccc21c2d7785',
  address: '10.0.41.99',
  routeTableId: 2,
  mtuBytes: 1500,
};
const onSecondCard = {
  ...attachment,
  podLinkName: 'mNicIf1',
  hostLinkName: 'abca0b7655f3c9',
  interfaceIndex: 1,
  address: '10.0.51.7',
  routeTableId: 10_101,
};
const { mtuBytes: ___, ...hostSide } = {
  ...attachment,
  netnsPath: '',
  hostLinkName: 'enicc21c2d7785',
};

const branch = {
  vlanId: 7,
  mac: '02:7f:de:ad:be:ef',
  router: '10.0.32.1',
  trunkLinkIndex: 4,
  mode: 'strict',
} as const;
const sgPod: BranchPod = {
  key: { ...web.key, containerId: 'c' },
  address: '10.0.42.5',
  branch,
  reservedAtMs: NOW_MS,
  metadata: {
    podNamespace: 'default',
    podName: 'sample-pod',
    wiring: { netnsPath: '/run/netns/c', vethPrefix: 'abc', mtuBytes: 1500 },
  },
};
const onItsEni = {
  ...attachment,
  netnsPath: '/run/netns/c',
  hostLinkName: 'vlancc21c2d7785',
  address: '10.0.42.5',
  routeTableId: 0,
  branch,
};

test.each<{
  name: string;
  pods: readonly (Reservation | BranchPod)[];
  busy?: string;
  expected: unknown[];
}>([
  { name: 'a pod as it was wired', pods: [web], expected: [attachment] },
  { name: 'no pod in the middle of an operation', pods: [web], busy: 'a', expected: [] },
  { name: 'a pod that has an ENI of its own', pods: [sgPod], expected: [onItsEni] },
  {
    name: 'of a pod’s sandboxes the last, whichever kind it is',
    pods: [sgPod, web],
    expected: [onItsEni],
  },
  { name: 'no pod whose ENI is away', pods: [stranded], expected: [] },
  {
    name: 'each interface of a pod on two network cards',
    pods: [onCard1, web],
    expected: [attachment, onSecondCard],
  },
  {
    name: 'the interface that is left to it by its number, when the ENI of the other is away',
    pods: [stranded, onCard1],
    expected: [onSecondCard],
  },
  {
    name: 'of sandboxes on two network cards the last, all of it',
    pods: [web, onCard1, nextSandbox],
    expected: [{ ...attachment, address: '10.0.41.100' }],
  },
  {
    name: 'of a pod’s sandboxes the last, whatever the order they are listed in',
    pods: [nextSandbox, web],
    expected: [{ ...attachment, address: '10.0.41.100' }],
  },
  {
    name: 'none of a pod’s sandboxes while something is done to the last',
    pods: [web, nextSandbox],
    busy: 'b',
    expected: [],
  },
  {
    name: 'the host’s side of a pod for which nobody wrote down how it is wired',
    pods: [{ ...unwritten, reservedAtMs: NOW_MS - GRACE_MS - 1 }],
    expected: [hostSide],
  },
  { name: 'no such pod while its ADD may go on elsewhere', pods: [unwritten], expected: [] },
  {
    name: 'no pod without a name',
    pods: [{ ...unwritten, metadata: {}, reservedAtMs: 0 }],
    expected: [],
  },
])('looks after $name', ({ pods, busy, expected }) => {
  const isBusy = ({ containerId }: Reservation['key']) => containerId === busy;
  expect(podsToRepair(pods, { vethPrefix: 'eni', isBusy, nowMs: NOW_MS })).toEqual(expected);
});
