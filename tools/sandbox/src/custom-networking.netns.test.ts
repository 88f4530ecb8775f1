import { afterEach, expect, test } from '@jest/globals';
import { ping, seenSource } from './checks/probes.ts';
import {
  type CustomNetwork,
  createCustomNetwork,
  ENI_CONFIG_KEY,
  enisOf,
  statusOf,
  tryToAdd,
  untilAddSays,
} from './custom-networking.fixture.ts';
import { settledAccounts } from './invariants.ts';
import type { Pod } from './node.ts';

// Nodes whose pods have subnets and security groups of their own: the daemon, an API server over sockets, packets.

const NAT_GATEWAY = '203.0.113.254';
const ZONE = 'topology.kubernetes.io/zone';
/** Nodes, what they say of their ENIConfig, and what their daemon is told besides. */
const cases = [
  {
    eniConfig: 'external',
    cidr: '10.0.64.0/20',
    network: /^10\.0\.64\./,
    node: {
      labels: { 'vpc.amazonaws.com/externalEniConfig': 'external', [ENI_CONFIG_KEY]: 'label' },
      annotations: { [ENI_CONFIG_KEY]: 'annotation' },
    },
    settings: {},
  },
  {
    eniConfig: 'annotation',
    cidr: '10.0.80.0/20',
    network: /^10\.0\.80\./,
    node: {
      labels: { [ENI_CONFIG_KEY]: 'label' },
      annotations: { [ENI_CONFIG_KEY]: 'annotation' },
    },
    settings: {},
  },
  {
    eniConfig: 'us-west-2a',
    cidr: '10.0.96.0/20',
    network: /^10\.0\.96\./,
    node: { labels: { [ENI_CONFIG_KEY]: 'label', [ZONE]: 'us-west-2a' } },
    settings: { ENI_CONFIG_LABEL_DEF: ZONE },
  },
  {
    eniConfig: 'default',
    cidr: '10.0.112.0/20',
    network: /^10\.0\.112\./,
    node: {},
    settings: { ENABLE_PREFIX_DELEGATION: 'true' },
  },
];

let world: CustomNetwork;
afterEach(() => world.close());

/** Whom a server on the internet sees. */
const seenOutside = ({ netns: clientNetns }: Pod) =>
  seenSource({
    clientNetns,
    serverNetns: world.box.fabric.internet.netnsPath,
    serverAddress: world.box.fabric.internet.address,
  });

/** A node for each case, with a pod. */
async function startCases() {
  world = await createCustomNetwork({ nodeCount: cases.length });
  const { box, cluster, environment } = world;
  return Promise.all(
    box.nodes.map(async (node, index) => {
      const one = cases[index];
      if (one === undefined) throw new Error('there are more nodes than cases');
      const place = world.addPlace(one.cidr);
      cluster.addEniConfig(one.eniConfig, place);
      cluster.registerNode(node.name, one.node);
      await node.start({ ...environment, ...one.settings });
      return { node, place, network: one.network, pod: await world.addPod(node, 'web') };
    }),
  );
}

test('label, annotation, zone and default name the ENIConfig, in this order, and pods talk from its subnet', async () => {
  const running = await startCases();
  const { box } = world;
  for (const { node, pod, place, network } of running) {
    expect(pod.address).toMatch(network);
    const { primary, secondary } = enisOf(box, node);
    expect(primary).toMatchObject({ secondaryAddresses: [], prefixes: [] });
    expect(secondary).not.toEqual([]);
    for (const { subnetId, securityGroupIds } of secondary) {
      expect({ subnet: subnetId, securityGroups: securityGroupIds }).toEqual(place);
    }
    for (const { pod: peer } of running) await ping(pod.netns, peer.address);
    await ping(node.netns, pod.address);
    expect(await seenOutside(pod)).toBe(node.publicAddress);
    expect((await settledAccounts(node, box.emulator)).reserved).toEqual([pod.address]);
  }
  const [one, two] = running.map(({ pod }) => pod);
  if (one === undefined || two === undefined) throw new Error('pods lack');
  const { netns: serverNetns, address: serverAddress } = two;
  const seen = await seenSource({ clientNetns: one.netns, serverNetns, serverAddress });
  expect(seen).toBe(one.address);
});

test('with external SNAT, pods leave by the gateway of the ENIConfig’s subnet', async () => {
  world = await createCustomNetwork();
  const { cluster, node, environment } = world;
  cluster.registerNode(node.name);
  cluster.addEniConfig('default', world.addPlace('10.0.64.0/20', { isPublic: false }));
  await node.start({ ...environment, AWS_VPC_K8S_CNI_EXTERNALSNAT: 'true' });
  expect(await seenOutside(await world.addPod(node, 'web'))).toBe(NAT_GATEWAY);
});

test('an ENIConfig that is missing is named, and pods start once it is there, though the server hung meanwhile', async () => {
  world = await createCustomNetwork();
  const { cluster, node, environment } = world;
  cluster.registerNode(node.name, { annotations: { [ENI_CONFIG_KEY]: 'late' } });
  node.launch(environment);
  const missing = /eniconfigs\.crd\.k8s\.amazonaws\.com \\"late\\" not found/;
  expect(await untilAddSays(node, missing)).toMatchObject({
    exitCode: 1,
    output: { code: 11, details: expect.stringContaining('ENIConfig "late"') },
  });
  expect(await statusOf(node)).toMatchObject({ exitCode: 1, output: { code: 50 } });

  await cluster.api.knobs.setUnavailable('hanging');
  cluster.addEniConfig('late', world.addPlace('10.0.64.0/20'));
  expect(await tryToAdd(node)).toMatchObject({ exitCode: 1, output: { code: 11 } });
  await cluster.api.knobs.setUnavailable(false);
  expect(await untilAddSays(node, /10\.0\.64\./)).toMatchObject({ exitCode: 0 });
  expect(await statusOf(node)).toMatchObject({ exitCode: 0 });
});
