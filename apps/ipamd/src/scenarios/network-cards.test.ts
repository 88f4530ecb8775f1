import { afterEach, describe, expect, test } from '@jest/globals';
import { decodeCheckpoint } from '@vpc-cni/ipam';
import { enisOf, leakedEnis } from './ec2-view.fixture.ts';
import { askPlugin, type CniRequest, MULTI } from './network-cards.fixture.ts';
import type { Node } from './node.fixture.ts';
import { createWorld, type World, type WorldOptions } from './world.fixture.ts';

// Nodes with several network cards. c6in.32xlarge: two, of eight ENIs with 49 addresses for pods each.

const MULTI_NIC = { ENABLE_MULTI_NIC: 'true', WARM_IP_TARGET: '2' };
const TWO_CARDS = 'c6in.32xlarge';

let world: World;
let node: Node;

afterEach(() => world.close());

async function newNode(options: WorldOptions = {}): Promise<void> {
  const { environment = MULTI_NIC, instanceType = TWO_CARDS, ...more } = options;
  world = await createWorld({ environment, instanceType, ...more });
  node = await world.newNode();
}

/** Starts a daemon, and lets it fill its pool. */
async function start(environment?: Readonly<Record<string, string>>): Promise<void> {
  await world.settle(node.start(environment).ready);
  await world.clock.advance(20_000);
}

/** Secondary ENIs by network card and device number. */
const secondaryEnis = () =>
  enisOf(world.cloud, node.instance.instanceId).filter(({ isPrimary }) => !isPrimary);
const slots = () =>
  secondaryEnis().map(({ networkCardIndex, deviceIndex }) => `${networkCardIndex}/${deviceIndex}`);

/** What the container runtime asks of the daemon that runs. */
async function cni(...words: [command: string, podName: string, request?: CniRequest]) {
  const reply = await world.settle(askPlugin(node, ...words));
  if (reply === undefined) throw new Error('the daemon was killed');
  const { exitCode, stdout } = reply;
  return { exitCode, output: stdout === '' ? undefined : JSON.parse(stdout) };
}

/** Table and interface of each address that the pod holds, as its result tells. */
async function add(podName: string, request?: CniRequest) {
  const { exitCode, output } = await cni('ADD', podName, request);
  if (exitCode !== 0) throw new Error(JSON.stringify(output));
  return output as {
    readonly interfaces: readonly { readonly name: string; readonly mac?: string }[];
    readonly ips: readonly { readonly address: string; readonly interface: number }[];
  };
}
const placesOf = ({ interfaces, ips }: Awaited<ReturnType<typeof add>>) =>
  ips.map((ip) => `${interfaces[ip.interface]?.name} ${interfaces[ip.interface]?.mac}`);

const wired = () =>
  [...node.site.host.attachments.values()].map(
    ({ podLinkName, routeTableId, interfaceIndex = 0 }) =>
      `${podLinkName} ${routeTableId} ${interfaceIndex}`,
  );
const reserved = () => node.daemon.pool?.book.reservations() ?? [];
const saved = (file: string) =>
  decodeCheckpoint(node.site.disk.files.get(file) ?? '').allocations.map(({ ipv4 }) => ipv4);

describe('with ENABLE_MULTI_NIC', () => {
  test('there is an ENI with one address on the second card, at a device number of its own', async () => {
    await newNode();
    await start();
    expect(slots()).toEqual(['1/0']);
    expect(secondaryEnis().map(({ secondaryAddresses }) => secondaryAddresses.length)).toEqual([1]);
    expect(node.daemon.pool?.eniLinks().map(({ routeTableId }) => routeTableId)).toEqual([10_100]);
  });

  test('a pod that asks for it gets an address and an interface of each, DEL takes all', async () => {
    await newNode();
    await start();
    expect(placesOf(await add('web', MULTI))).toEqual(['eth0 254', 'mNicIf1 10100']);
    expect(wired()).toEqual(['eth0 254 0', 'mNicIf1 10100 1']);
    expect([saved('ipam.json'), saved('ipam-nic-1.json')].map(({ length }) => length)).toEqual([
      1, 1,
    ]);
    // As the AWS VPC CNI would have it, should it come back.
    expect(JSON.parse(node.site.disk.files.get('ipam-nic-1.json') ?? '')).toMatchObject({
      version: 'vpc-cni-ipam/1',
      allocations: [{ containerID: 'web', ifName: 'eth0', metadata: { interfacesCount: 2 } }],
    });
    expect((await cni('CHECK', 'web')).exitCode).toBe(0);
    expect((await cni('DEL', 'web')).exitCode).toBe(0);
    expect([wired(), reserved()]).toEqual([[], []]);
    expect([saved('ipam.json'), saved('ipam-nic-1.json')]).toEqual([[], []]);
  });

  test('another pod gets one, of the first card', async () => {
    await newNode();
    await start();
    expect(placesOf(await add('web'))).toEqual(['eth0 254']);
  });

  test('many pods at once are served, and the card grows by what they need', async () => {
    await newNode();
    await start();
    const pods = await Promise.all(
      Array.from({ length: 20 }, (_, index) => add(`web-${index}`, MULTI)),
    );
    expect(new Set(pods.flatMap(({ ips }) => ips.map(({ address }) => address))).size).toBe(40);
    expect(slots()).toEqual(['1/0']);
  });

  test.each([
    { name: 'killed', leaves: ['ipam.json', 'ipam-nic-1.json'] },
    { name: 'killed, its second checkpoint gone', leaves: ['ipam.json'] },
  ])('a daemon that was $name finds the pod again, on both cards', async ({ leaves }) => {
    await newNode();
    await start();
    const { ips } = await add('web', MULTI);
    for (const [index, { address }] of ips.entries()) {
      // What the kernel's rules tell.
      const [bare = ''] = address.split('/');
      node.site.host.wire({
        podName: `web.${index}`,
        address: bare as `${number}.${number}.${number}.${number}`,
      });
    }
    node.kill();
    for (const name of node.site.disk.files.keys())
      if (!leaves.includes(name)) node.site.disk.files.delete(name);
    await start();
    const held = reserved().map(({ address }) => `${address}/32`);
    expect(held.sort()).toEqual(ips.map(({ address }) => address).sort());
    expect(reserved().every(({ eni }) => eni !== undefined)).toBe(true);

    const result = {
      cniVersion: '1.0.0',
      interfaces: [],
      ips: ips.map(({ address }) => ({ address })),
    };
    expect((await cni('DEL', 'web', { prevResult: result })).exitCode).toBe(0);
    expect([wired(), reserved()]).toEqual([[], []]);
  });

  test('a pod of the AWS VPC CNI is taken over, whose checkpoints say less', async () => {
    await newNode();
    await start();
    const { ips } = await add('web', MULTI);
    node.kill();
    const { files } = node.site.disk;
    for (const name of ['ipam.json', 'ipam-nic-1.json']) {
      const text = files.get(name) ?? '';
      files.set(
        name,
        text.replaceAll(/,"wiring":\{[^}]*\}/g, '').replace(/,"recentReleases".*/s, '}\n'),
      );
    }
    expect([...files.values()].map((text) => Object.keys(JSON.parse(text)))).toEqual([
      ['version', 'allocations'],
      ['version', 'allocations'],
    ]);
    await start();
    expect(reserved().map(({ address, eni }) => `${address}/32 ${eni?.networkCardIndex}`)).toEqual(
      ips.map(({ address }, card) => `${address} ${card}`),
    );
    await cni('DEL', 'web');
    expect([wired(), reserved()]).toEqual([[], []]);
  });

  test('of a pod that came half-way before the kill nothing is left but what its DEL takes', async () => {
    await newNode();
    await start();
    const adding = cni('ADD', 'web', MULTI).catch(() => {});
    for (let steps = 0; wired().length < 1 && steps < 200; steps++) await world.clock.advance(10);
    node.kill();
    await start();
    await cni('DEL', 'web');
    expect([wired(), reserved()]).toEqual([[], []]);
    expect(leakedEnis(world.cloud)).toEqual([]);
    void adding;
  });

  test('the pod is told which card has none, and keeps nothing of the other', async () => {
    await newNode({ environment: { ...MULTI_NIC, AWS_VPC_K8S_CNI_ADD_WAIT: '5' } });
    await start();
    await add('web-0', MULTI);
    world.cloud.knobs.deny('AssignPrivateIpAddresses');
    const before = reserved().length;
    const { exitCode, output } = await cni('ADD', 'web-1', MULTI);
    expect(exitCode).toBe(1);
    expect(output.details).toMatch(/of 1 addresses on network card 1 of this node 1 are in use/);
    expect(reserved()).toHaveLength(before);
  });

  test('with prefixes the card keeps its one, however long it is empty', async () => {
    await newNode({ environment: { ...MULTI_NIC, ENABLE_PREFIX_DELEGATION: 'true' } });
    await start();
    world.takeCalls();
    await world.clock.advance(1_800_000);
    expect(secondaryEnis().map(({ prefixes }) => prefixes.length)).toEqual([1]);
    expect(world.takeCalls().filter((call) => !call.startsWith('Describe'))).toEqual([]);
    expect(placesOf(await add('web', MULTI))).toEqual(['eth0 254', 'mNicIf1 10100']);
  });

  test('in an IPv6 cluster each empty card gets one ENI with one prefix, and no more', async () => {
    const environment = {
      ENABLE_IPv6: 'true',
      ENABLE_PREFIX_DELEGATION: 'true',
      ENABLE_MULTI_NIC: 'true',
    };
    await newNode({ environment, hasIpv6: true, instanceType: 'p4d.24xlarge' });
    await start();
    await world.clock.advance(60_000);
    expect(slots()).toEqual(['1/0', '2/0', '3/0']);
    expect(secondaryEnis().map(({ ipv6Prefixes }) => ipv6Prefixes.length)).toEqual([1, 1, 1]);
    expect(placesOf(await add('web', MULTI))).toEqual([
      'eth0 254',
      'mNicIf1 10100',
      'mNicIf2 10200',
      'mNicIf3 10300',
    ]);
  });

  test('a card that others use for EFA alone is left to them', async () => {
    await newNode({ instanceType: 'p4d.24xlarge' });
    await attach('efa-only', 1);
    await attach('efa-only', 2);
    await attach('interface', 2, 1);
    await start();
    expect(slots().sort()).toEqual(['1/0', '2/0', '2/1', '3/0']);
    expect(placesOf(await add('web', MULTI))).toEqual([
      'eth0 254',
      'mNicIf1 10201',
      'mNicIf2 10300',
    ]);
  });

  test('and ENABLE_IMDS_ONLY_MODE pods have what others gave each card, and EC2 is not asked', async () => {
    await newNode({ environment: { ENABLE_MULTI_NIC: 'true', ENABLE_IMDS_ONLY_MODE: 'true' } });
    const primary = enisOf(world.cloud, node.instance.instanceId).find(
      ({ isPrimary }) => isPrimary,
    );
    if (primary === undefined) throw new Error('no primary ENI');
    await world.cloud.outside.assign(primary.eniId, { addressCount: 2 });
    await attach('interface', 1);
    world.takeCalls();
    await start();
    expect(placesOf(await add('web', MULTI))).toEqual(['eth0 254', 'mNicIf1 10100']);
    expect(world.takeCalls()).toEqual([]);
  });

  test('a daemon that may not ask EC2 any more serves the cards it knows, and says what it lacks', async () => {
    await newNode();
    await start();
    const { ips } = await add('web', MULTI);
    node.kill();
    world.cloud.knobs.deny('DescribeNetworkInterfaces');
    await start();
    expect(node.daemon.log.some(({ text }) => /which network cards are for EFA/.test(text))).toBe(
      true,
    );
    expect(reserved().map(({ address, eni }) => `${address}/32 ${eni?.networkCardIndex}`)).toEqual(
      ips.map(({ address }, card) => `${address} ${card}`),
    );
  });
});

/** Somebody else's ENI. */
async function attach(interfaceType: string, networkCardIndex: number, deviceIndex = 0) {
  const { outside } = world.cloud;
  const { subnetId } = world.subnet;
  const { eniId } = await outside.createEni({ subnetId, interfaceType, addressCount: 1 });
  const { instanceId } = node.instance;
  const attaching = outside.attachEni(eniId, { instanceId, deviceIndex, networkCardIndex });
  await world.clock.advance(10_000);
  await attaching;
}

describe('without ENABLE_MULTI_NIC', () => {
  test('other cards are not touched, whatever is on them', async () => {
    await newNode({ environment: { WARM_IP_TARGET: '2' } });
    await attach('interface', 1);
    await start();
    expect(slots()).toEqual(['1/0']);
    expect(node.daemon.pool?.book.enis(0)).toHaveLength(1);
  });

  test('a pod that asks for every card is refused, and told what to set', async () => {
    await newNode({ environment: { WARM_IP_TARGET: '2' } });
    await start();
    const { exitCode, output } = await cni('ADD', 'web', MULTI);
    expect(exitCode).toBe(1);
    expect(output).toMatchObject({ code: 2, details: expect.stringContaining('ENABLE_MULTI_NIC') });
    expect(reserved()).toEqual([]);
  });

  test('any more, pods of several cards keep what they have, and their DEL takes it all', async () => {
    await newNode();
    await start();
    const { ips } = await add('web', MULTI);
    await node.stop();
    await start({ WARM_IP_TARGET: '2' });
    expect(reserved().map(({ address }) => `${address}/32`)).toEqual(
      ips.map(({ address }) => address),
    );
    expect((await cni('DEL', 'web')).exitCode).toBe(0);
    expect([wired(), reserved()]).toEqual([[], []]);
    expect([saved('ipam.json'), saved('ipam-nic-1.json')]).toEqual([[], []]);
  });
});
