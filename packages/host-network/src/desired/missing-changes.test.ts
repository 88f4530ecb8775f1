import { expect, test } from '@jest/globals';
import { describePod } from './describe-pod.ts';
import { diff } from './diff.ts';
import { missingChanges } from './missing-changes.ts';
import { changeText } from './network-change.ts';
import { type NetworkState, untouched } from './network-state.ts';

const { pod } = describePod({
  netnsPath: '/run/netns/a',
  podLinkName: 'eth0',
  hostLinkName: 'enicc21c2d7785',
  address: '10.0.41.99',
  routeTableId: 2,
  mtuBytes: 9001,
});
const mac = '02:00:00:00:00:01';
const link = {
  index: 2,
  name: 'eth0',
  mac,
  mtuBytes: 9001,
  isUp: true,
  hasCarrier: true,
  group: 0,
  kind: 'veth',
};
const [toGateway, byDefault] = pod.routes;
if (toGateway === undefined || byDefault === undefined) throw new Error('a pod has two routes');
const whole: NetworkState = {
  ...untouched([link]),
  addresses: pod.addresses,
  routes: pod.routes,
  neighbours: [{ address: '169.254.1.1', linkName: 'eth0', mac }],
};

test.each<{ name: string; state: Partial<NetworkState>; words: readonly unknown[] }>([
  { name: 'nothing where nothing is missing', state: {}, words: [] },
  {
    name: 'a route that is gone',
    state: { routes: [toGateway] },
    words: ['route add default via 169.254.1.1 dev eth0'],
  },
  {
    name: 'no default route beside one of the pod’s own',
    state: { routes: [toGateway, { ...byDefault, linkName: 'tun0', metric: 50 }] },
    words: [],
  },
  {
    name: 'no default route in the place of one of the pod’s own',
    state: { routes: [toGateway, { ...byDefault, linkName: 'tun0' }] },
    words: [],
  },
  { name: 'not the MTU', state: { links: [{ ...link, mtuBytes: 1300 }] }, words: [] },
  {
    name: 'a link that is down, with the MTU it has',
    state: { links: [{ ...link, mtuBytes: 1300, isUp: false }] },
    words: [expect.stringContaining('link change link eth0 up')],
  },
  {
    name: 'a neighbour entry that leads elsewhere',
    state: {
      neighbours: [{ address: '169.254.1.1', linkName: 'eth0', mac: '02:00:00:00:00:99' }],
    },
    words: [expect.stringContaining(`neighbour replace 169.254.1.1 dev eth0 lladdr ${mac}`)],
  },
  {
    name: 'an address that is gone, and not the routes that stayed',
    state: { addresses: [] },
    words: ['address add inet 10.0.41.99/32 scope global eth0'],
  },
])('brings back $name', ({ state, words }) => {
  const there = { ...whole, ...state };
  const changes = diff(there, pod, new Map([['enicc21c2d7785', mac]]));
  expect(missingChanges(there, changes).map(changeText)).toEqual(words);
});
