import { readdirSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { hostLinkName } from '../desired/host-link-name.ts';
import type { PodAttachment } from '../desired/settings.ts';
import { createTestHost, type TestHost, tidyLines } from '../netns-test-host.ts';
import { type HostNetwork, openHostNetwork } from './open-host-network.ts';

let host: TestHost;
let network: HostNetwork;

beforeEach(() => {
  host = createTestHost();
  host.addEni({ name: 'eth0', mac: '0a:11:22:33:44:00', address: '10.0.40.10/19' });
  network = openHostNetwork();
});

afterEach(async () => {
  await network.close();
  host.close();
});

const coredns = hostLinkName({
  prefix: 'eni',
  podNamespace: 'kube-system',
  podName: 'coredns-57ff979f67-qqbdh',
});

function addPod(name: string, more: Partial<PodAttachment> = {}): PodAttachment {
  const [netnsPath = ''] = host.addPodNetns(name);
  return {
    netnsPath,
    podLinkName: 'eth0',
    hostLinkName: coredns,
    address: '10.0.40.77',
    routeTableId: 254,
    mtuBytes: 9001,
    ...more,
  };
}

const rules = () => tidyLines(host.sh('ip rule'));
const routes = () =>
  tidyLines(host.sh('ip -4 route show table all')).filter((l) => !/ table local /.test(l));
const links = () => tidyLines(host.sh('ip -br link')).map((line) => line.split(/[@ ]/)[0]);
const inPod = ({ netnsPath }: PodAttachment, command: string) =>
  tidyLines(host.sh(`nsenter --net=${netnsPath} ${command}`));

const ipv6Settings = (link: string) =>
  ['accept_ra', 'accept_redirects', 'forwarding'].map((name) =>
    readFileSync(`/proc/sys/net/ipv6/conf/${link}/${name}`, 'utf8').trim(),
  );

const defaultRouteInTheWay = 'ip link set lo up; ip route add default dev lo';

const connectTo = (address: string) =>
  new Promise<string>((resolve) => {
    const socket = connect({ host: address, port: 9, timeout: 5_000 });
    socket.on('error', (error) => resolve('code' in error ? String(error.code) : error.message));
    socket.on('timeout', () => resolve('timeout'));
    socket.on('connect', () => resolve('connected'));
  });

const idle = {
  rules: [
    '0: from all lookup local',
    '32766: from all lookup main',
    '32767: from all lookup default',
  ],
  routes: ['10.0.32.0/19 dev eth0 proto kernel scope link src 10.0.40.10'],
  links: ['lo', 'eth0'],
};
const expectIdle = () => expect({ rules: rules(), routes: routes(), links: links() }).toEqual(idle);

test.each([
  { accept_ra: 1, accept_redirects: 1, forwarding: 0 },
  { accept_ra: 2, accept_redirects: 0, forwarding: 1 },
  { accept_ra: 0, accept_redirects: 1, forwarding: 1 },
])(
  'a host link is closed to router advertisements whatever links begin with: %j',
  async (defaults) => {
    for (const [name, value] of Object.entries(defaults)) {
      host.sh(`echo ${value} >/proc/sys/net/ipv6/conf/default/${name}`);
    }
    await network.setUpPod(addPod('a'));
    expect(ipv6Settings(coredns)).toEqual(['0', '1', '0']);
  },
);

describe('a pod on the primary ENI', () => {
  // plugin-and-host-network §9.2
  test('is wired as ip(8) shows it', async () => {
    const pod = addPod('a');
    const { hostMac, podMac } = await network.setUpPod(pod);

    expect(rules()).toContain('512: from all to 10.0.40.77 lookup main');
    expect(rules()).toHaveLength(4);
    expect(routes()).toContain('10.0.40.77 dev enib5faff8a083 scope link');
    expect(routes()).toHaveLength(2);
    const [link = '', details = ''] = tidyLines(host.sh('ip link show enib5faff8a083'));
    expect(link).toMatch(
      /^\d+: enib5faff8a083@if2: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 9001 qdisc noqueue state UP mode DEFAULT group default$/,
    );
    expect(details).toMatch(`link/ether ${hostMac} brd ff:ff:ff:ff:ff:ff link-netns`);
    expect(tidyLines(host.sh('ip -4 addr show enib5faff8a083'))).toEqual([]);
    expect(ipv6Settings(coredns)).toEqual(['0', '1', '0']);

    const [podLink = '', podDetails, podAddress] = inPod(pod, 'ip addr show eth0');
    expect(podLink).toMatch(
      /^2: eth0@if\d+: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 9001 qdisc noqueue state UP group default$/,
    );
    expect(podDetails).toBe(`link/ether ${podMac} brd ff:ff:ff:ff:ff:ff link-netnsid 0`);
    expect(podAddress).toBe('inet 10.0.40.77/32 scope global eth0');
    expect(inPod(pod, 'ip route')).toEqual([
      'default via 169.254.1.1 dev eth0',
      '169.254.1.1 dev eth0 scope link',
    ]);
    expect(inPod(pod, 'ip -4 neigh')).toEqual([`169.254.1.1 dev eth0 lladdr ${hostMac} PERMANENT`]);
    expect(await network.checkPod(pod)).toEqual([]);
  });

  test('has a MAC that udev’s MAC policy leaves alone: set, not drawn by the kernel', async () => {
    await network.setUpPod(addPod('a'));
    // <linux/netdevice.h> NET_ADDR_SET; systemd's MACAddressPolicy=persistent replaces 0 and 1.
    const assignType = `mount -t sysfs sys /mnt && cat /mnt/class/net/${coredns}/addr_assign_type`;
    expect(host.sh(`unshare --mount sh -ec '${assignType}'`).trim()).toBe('3');
  });

  test('answers the host through its rules, and leaves nothing behind', async () => {
    const pod = addPod('a');
    await network.setUpPod(pod);
    // A refusal by the pod has crossed link, address, routes and neighbour entry both ways.
    expect(await connectTo('10.0.40.77')).toBe('ECONNREFUSED');
    await network.tearDownPod(pod);
    expect(rules()).toEqual(idle.rules);
    expect(routes()).toEqual(idle.routes);
    await network.settled();
    expectIdle();
    expect(inPod(pod, 'ip -br link')).toEqual(['lo DOWN 00:00:00:00:00:00 <LOOPBACK>']);
  });
});

describe('a pod on a secondary ENI', () => {
  // plugin-and-host-network §9.3
  test.each([
    { name: 'network card 0', routeTableId: 2 },
    { name: 'another network card', routeTableId: 10101 },
  ])('has a from-rule to the table of an ENI on $name', async ({ routeTableId }) => {
    const pod = addPod('a', {
      address: '10.0.41.99',
      routeTableId,
      hostLinkName: 'enicc21c2d7785',
    });
    await network.setUpPod(pod);
    expect(rules()).toEqual([
      '0: from all lookup local',
      '512: from all to 10.0.41.99 lookup main',
      `1536: from 10.0.41.99 lookup ${routeTableId}`,
      '32766: from all lookup main',
      '32767: from all lookup default',
    ]);
    expect(routes()).toContain('10.0.41.99 dev enicc21c2d7785 scope link');
    await network.tearDownPod(pod);
    await network.settled();
    expectIdle();
  });

  test('is not well while the table of its ENI leads nowhere', async () => {
    const pod = addPod('a', { address: '10.0.41.99', routeTableId: 2 });
    await network.setUpPod(pod);
    expect(await network.checkPod(pod)).toEqual(['host: default route in table 2']);
    host.sh('ip route add default dev eth0 table 2');
    expect(await network.checkPod(pod)).toEqual([]);
  });

  test('replaces a from-rule that an earlier holder of the address left', async () => {
    host.sh('ip rule add pref 1536 from 10.0.41.99 lookup 7');
    const pod = addPod('a', { address: '10.0.41.99', routeTableId: 2 });
    await network.setUpPod(pod);
    expect(rules().filter((rule) => rule.startsWith('1536:'))).toEqual([
      '1536: from 10.0.41.99 lookup 2',
    ]);
  });
});

describe('setUpPod', () => {
  test('refuses a pod that has the link already, and touches nothing', async () => {
    const pod = addPod('a');
    await network.setUpPod(pod);
    const before = [rules(), routes(), host.sh('ip link'), inPod(pod, 'ip -4 addr')];
    const again = { ...pod, address: '10.0.40.78', hostLinkName: 'eniother' } as const;
    await expect(network.setUpPod(again)).rejects.toMatchObject({ code: 'link-exists' });
    await expect(network.setUpPod(pod)).rejects.toMatchObject({ code: 'link-exists' });
    expect([rules(), routes(), host.sh('ip link'), inPod(pod, 'ip -4 addr')]).toEqual(before);
  });

  test('takes the place of a predecessor of the same name that was never torn down', async () => {
    const before = addPod('a');
    await network.setUpPod(before);
    const after = addPod('b', { address: '10.0.40.78' });
    await network.setUpPod(after);
    expect(await network.checkPod(after)).toEqual([]);
    expect(links()).toEqual(['lo', 'eth0', coredns]);

    // The late teardown of the predecessor does not take the successor's link.
    await network.tearDownPod(before);
    await network.settled();
    expect(await network.checkPod(after)).toEqual([]);
  });

  test('waits for the deletion of the link it replaces', async () => {
    const pod = addPod('a');
    await network.setUpPod(pod);
    await network.tearDownPod(pod);
    await network.setUpPod(pod);
    expect(await network.checkPod(pod)).toEqual([]);
  });

  test('names a namespace that is not there', async () => {
    const pod = { ...addPod('a'), netnsPath: '/run/netns/never' };
    await expect(network.setUpPod(pod)).rejects.toMatchObject({ code: 'netns-not-found' });
    expectIdle();
  });

  test('is refused after close, which may be called again', async () => {
    const pod = addPod('a');
    await network.close();
    await network.close();
    await expect(network.setUpPod(pod)).rejects.toMatchObject({ code: 'closed' });
    expectIdle();
  });

  test('takes back what it made when the kernel refuses', async () => {
    const pod = addPod('a');
    host.sh(`nsenter --net=${pod.netnsPath} sh -c '${defaultRouteInTheWay}'`);
    await expect(network.setUpPod(pod)).rejects.toMatchObject({
      code: 'kernel-refused',
      facts: {
        errno: 'EEXIST',
        operation: 'add route',
        object: 'default via 169.254.1.1 dev eth0',
      },
    });
    expectIdle();
    expect(inPod(pod, 'ip -br link')).toHaveLength(1);
  });

  test('keeps a rule that was there before when it takes back', async () => {
    host.sh('ip rule add pref 512 to 10.0.40.77 lookup main');
    const pod = addPod('a');
    host.sh(`nsenter --net=${pod.netnsPath} sh -c '${defaultRouteInTheWay}'`);
    await expect(network.setUpPod(pod)).rejects.toMatchObject({ code: 'kernel-refused' });
    expect(rules()).toContain('512: from all to 10.0.40.77 lookup main');
  });
});

describe('tearDownPod', () => {
  test.each([
    { name: 'an empty namespace path', netnsPath: '' },
    { name: 'a namespace that is gone', netnsPath: '/run/netns/gone' },
  ])('works with $name, twice', async ({ netnsPath }) => {
    const pod = addPod('a');
    await network.setUpPod(pod);
    for (let time = 1; time <= 2; time += 1) {
      await network.tearDownPod({ ...pod, netnsPath });
      await network.settled();
      expectIdle();
    }
  });

  test('works when the namespace took the links with it', async () => {
    const pod = addPod('a', { routeTableId: 2 });
    await network.setUpPod(pod);
    host.deletePodNetns('a');
    await network.tearDownPod(pod);
    await network.settled();
    expect(rules()).toEqual(idle.rules);
  });

  test('finds the link by its peer when somebody took the route away', async () => {
    const pod = addPod('a');
    await network.setUpPod(pod);
    host.sh('ip route del 10.0.40.77');
    await network.tearDownPod(pod);
    await network.settled();
    expectIdle();
  });

  test('never deletes a link that is not a pod link', async () => {
    const pod = addPod('a', { hostLinkName: 'lo' });
    await expect(network.tearDownPod(pod)).rejects.toMatchObject({ code: 'not-a-pod-link' });
    expect(links()).toContain('lo');
  });

  test('removes the rule from the pod whatever table it names', async () => {
    const pod = addPod('a', { routeTableId: 3 });
    await network.setUpPod(pod);
    host.sh(`ip rule add pref 1536 from ${pod.address} lookup 7`);
    await network.tearDownPod(pod);
    await network.settled();
    expectIdle();
  });

  test('has a form for an address whose link is unknown', async () => {
    const pod = addPod('a', { routeTableId: 3 });
    await network.setUpPod(pod);
    network.tearDownPodRules('10.0.40.77');
    network.tearDownPodRules('10.0.40.77');
    expect(rules()).toEqual(idle.rules);
    expect(routes()).toEqual(idle.routes);
    expect(await network.linkNames()).toContain(coredns);
  });
});

describe('routePods', () => {
  const fromRules = () => rules().filter((rule) => rule.startsWith('1536:'));

  test.each([
    { from: 2, to: 5, left: ['1536: from 10.0.40.77 lookup 5'] },
    { from: 2, to: 254, left: [] },
    { from: 254, to: 2, left: ['1536: from 10.0.40.77 lookup 2'] },
    { from: 2, to: 2, left: ['1536: from 10.0.40.77 lookup 2'] },
  ])('moves a pod from table $from to table $to', async ({ from, to, left }) => {
    const pod = addPod('a', { routeTableId: from });
    await network.setUpPod(pod);
    await network.routePods([{ address: pod.address, routeTableId: to }]);
    expect(fromRules()).toEqual(left);
    expect(rules()).toContain('512: from all to 10.0.40.77 lookup main');
  });

  test('leaves other pods alone', async () => {
    host.sh('ip rule add pref 1536 from 10.0.40.78 lookup 3');
    await network.routePods([{ address: '10.0.40.77', routeTableId: 2 }]);
    expect(fromRules().sort()).toEqual([
      '1536: from 10.0.40.77 lookup 2',
      '1536: from 10.0.40.78 lookup 3',
    ]);
  });
});

test('listPods knows the pods that are wired, and no left-overs', async () => {
  const pod = addPod('a', { routeTableId: 2 });
  await network.setUpPod(pod);
  const ipv6 = addPod('b', { hostLinkName: 'eni-b', address: '2600:1f14:aaa:bb00:c404::1' });
  await network.setUpPod(ipv6);
  host.sh(`ip rule add pref 512 to 10.0.40.99 lookup main
    ip -6 rule add pref 512 to 2600:1f14:aaa:bb00:c404::9 lookup main`); // without a route
  expect(await network.listPods()).toEqual([pod.address, ipv6.address]);
});

describe('checkPod', () => {
  test.each([
    { damage: 'ip rule del pref 512', missing: ['host: 512: from all to 10.0.40.77 lookup main'] },
    { damage: 'ip rule del pref 1536', missing: ['host: 1536: from 10.0.40.77 lookup 2'] },
    { damage: 'ip route del 10.0.40.77', missing: [`host: 10.0.40.77 dev ${coredns} scope link`] },
    {
      damage: `ip link set ${coredns} mtu 1400`,
      missing: [`host: link ${coredns} up mtu 9001 type veth`],
    },
  ])('says what is missing after $damage', async ({ damage, missing }) => {
    const pod = addPod('a', { routeTableId: 2 });
    host.sh('ip route add default dev eth0 table 2'); // as the ENI's set-up leaves it
    await network.setUpPod(pod);
    host.sh(damage);
    expect(await network.checkPod(pod)).toEqual(missing);
  });

  test.each([
    {
      damage: 'ip neigh del 169.254.1.1 dev eth0',
      missing: [
        expect.stringMatching(/^pod: 169\.254\.1\.1 dev eth0 lladdr [0-9a-f:]{17} PERMANENT$/),
      ],
    },
    { damage: 'ip route del default', missing: ['pod: default via 169.254.1.1 dev eth0'] },
    {
      damage: 'ip addr del 10.0.40.77/32 dev eth0',
      missing: ['pod: inet 10.0.40.77/32 scope global eth0'],
    },
  ])('says what is missing in the pod after $damage', async ({ damage, missing }) => {
    const pod = addPod('a');
    await network.setUpPod(pod);
    host.sh(`nsenter --net=${pod.netnsPath} ${damage}`);
    expect(await network.checkPod(pod)).toEqual(expect.arrayContaining(missing));
  });

  test('says so when the namespace is gone', async () => {
    const pod = addPod('a');
    await network.setUpPod(pod);
    const missing = await network.checkPod({ ...pod, netnsPath: '/run/netns/gone' });
    expect(missing).toEqual(['pod: network namespace /run/netns/gone']);
  });
});

test('two hundred pods come and go, and nothing stays', async () => {
  const names = Array.from({ length: 200 }, (_, index) => `p${index}`);
  const paths = host.addPodNetns(...names);
  const openFiles = () => readdirSync('/proc/self/fd').length;
  const filesBefore = openFiles();
  const pods = paths.map(
    (netnsPath, index): PodAttachment => ({
      netnsPath,
      podLinkName: 'eth0',
      hostLinkName: hostLinkName({ prefix: 'eni', podNamespace: 'default', podName: `p${index}` }),
      address: `10.0.42.${index}`,
      routeTableId: index % 2 === 0 ? 254 : 2,
      mtuBytes: 9001,
    }),
  );
  for (const pod of pods) await network.setUpPod(pod);
  expect(rules()).toHaveLength(3 + 200 + 100);
  expect(links()).toHaveLength(2 + 200);
  expect(openFiles()).toBe(filesBefore);

  await Promise.all(pods.map((pod) => network.tearDownPod(pod)));
  await network.settled();
  expectIdle();
  expect(openFiles()).toBe(filesBefore);
});
