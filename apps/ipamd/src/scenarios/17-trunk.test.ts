import { afterEach, expect, test } from '@jest/globals';
import { IN_CLUSTER, NODE_NAME, registerNode } from './cluster.fixture.ts';
import { enisOf } from './ec2-view.fixture.ts';
import { keyOf } from './node.fixture.ts';
import { createWorld, type World } from './world.fixture.ts';

// Pain 17, the node's side: the trunk ENI is another's, carries pods' ENIs, and serves no pods itself.

const IPV6 = { ENABLE_IPv4: 'false', ENABLE_IPv6: 'true', ENABLE_PREFIX_DELEGATION: 'true' };
const KEY = 'vpc.amazonaws.com/pod-eni';
const ENI = {
  eniId: 'eni-0123456789abcdef0',
  ifAddress: '02:7f:de:ad:be:ef',
  privateIp: '10.0.2.5',
  ipv6Addr: '2001:db8:0:2::5',
  vlanId: 7,
  subnetCidr: '10.0.2.0/24',
  subnetV6Cidr: '2001:db8:0:2::/64',
};

let world: World;
afterEach(() => world.close());

test.each([
  { family: 'IPv4', environment: {}, address: '10.0.2.5', router: '10.0.2.1' },
  { family: 'IPv6', environment: IPV6, address: '2001:db8:0:2::5', router: 'fe80:ec2::1' },
])(
  'a pod of an $family cluster gets its own ENI on a trunk that is wired without a rule',
  async (pod) => {
    const hasIpv6 = pod.family === 'IPv6';
    const environment = { ...IN_CLUSTER, ...pod.environment, ENABLE_POD_ENI: 'true' };
    world = await createWorld({ hasIpv6, environment: { ...environment, WARM_IP_TARGET: '4' } });
    const { cluster, cloud, clock } = world;
    registerNode(cluster);
    const node = await world.newNode();
    node.start();
    const { instanceId } = node.instance;
    // It has an IPv4 address alone, whatever the family of the cluster, in a subnet that serves no pods.
    const subnet = world.addSubnet('10.0.64.0/24', { 'kubernetes.io/role/cni': '0' });
    const trunk = await cloud.outside.createEni({
      subnetId: subnet.subnetId,
      interfaceType: 'trunk',
    });
    await cloud.outside.attachEni(trunk.eniId, { instanceId, deviceIndex: 2 });
    await clock.advance(90_000);
    expect(node.daemon.pool?.trunk()).toMatchObject({ isTrunk: true, mac: trunk.mac });

    const created = cluster.create({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: {
        name: 'web',
        namespace: 'default',
        annotations: { [KEY]: JSON.stringify([ENI]) },
      },
      spec: {
        nodeName: NODE_NAME,
        containers: [{ name: 'main', image: 'any', resources: { limits: { [KEY]: '1' } } }],
      },
    });
    const identity = { podNamespace: 'default', podName: 'web' };
    const asking = node.daemon.addresses?.addresses.reserve(keyOf('web'), identity, {
      signal: new AbortController().signal,
      podUid: String(created.metadata['uid']),
    });
    if (asking === undefined) throw new Error('the daemon is not ready');
    expect(await world.settle(asking)).toMatchObject({
      kind: 'reserved',
      held: {
        address: pod.address,
        branch: { vlanId: 7, mac: ENI.ifAddress, router: pod.router, mode: 'strict' },
      },
    });
    expect(node.daemon.pool?.book.reservations()).toEqual([]);
    const [held] = enisOf(cloud, instanceId).filter(({ eniId }) => eniId === trunk.eniId);
    expect(held).toMatchObject({ secondaryAddresses: [], prefixes: [], ipv6Prefixes: [] });
    await node.stop();
  },
);
