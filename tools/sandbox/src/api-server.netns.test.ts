import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { ping } from './checks/probes.ts';
import {
  type CustomNetwork,
  createCustomNetwork,
  ENI_CONFIG_KEY,
  enisOf,
  type Place,
  untilAddSays,
} from './custom-networking.fixture.ts';
import { settledAccounts } from './invariants.ts';
import type { Pod } from './node.ts';

// The daemon and its API server over sockets: away, hanging, back again; and what the two tell each other.

let world: CustomNetwork;
let one: Place;
let two: Place;

/** A node whose pods are by the ENIConfig `one`. */
beforeEach(async () => {
  world = await createCustomNetwork();
  const { cluster, node } = world;
  [one, two] = [world.addPlace('10.0.64.0/20'), world.addPlace('10.0.80.0/20')];
  cluster.addEniConfig('one', one);
  cluster.addEniConfig('two', two);
  cluster.registerNode(node.name, { labels: { [ENI_CONFIG_KEY]: 'one' } });
});
afterEach(() => world.close());

const POD_ADDRESS = /10\.0\.64\./;
/** No ENI more than the pods need; a server that hangs is given ten seconds, and an ADD three times that. */
const start = (environment = {}) =>
  world.node.start({
    ...world.environment,
    WARM_IP_TARGET: '1',
    AWS_VPC_K8S_CNI_ADD_WAIT: '30',
    ...environment,
  });
const setServer = (mode: false | 'hanging' | 'refused') =>
  world.cluster.api.knobs.setUnavailable(mode);
const placesOfEnis = () =>
  enisOf(world.box, world.node).secondary.map(({ subnetId, securityGroupIds }) => ({
    subnet: subnetId,
    securityGroups: securityGroupIds,
  }));

/** Waits for the daemon to say so. */
async function untilIntrospected(path: string, value: unknown): Promise<void> {
  for (let tries = 0; tries < 300; tries += 1) {
    if ((await world.node.introspect(path)) === value) return;
    await sleep(100);
  }
  throw new Error(`${path} does not become ${value}`);
}

/** Starts pods until one fails, and gives back why. */
async function fill(): Promise<string> {
  for (let count = 0; count < 12; count += 1) {
    try {
      await world.addPod(world.node, `pod-${count}`);
    } catch (error) {
      return String(error);
    }
  }
  throw new Error('the node does not fill up');
}

describe('while the API server is away', () => {
  /** A t3.small has three addresses for pods on each ENI. */
  async function addFourPods(): Promise<readonly Pod[]> {
    const names = ['a', 'b', 'c', 'd'];
    return Promise.all(names.map((name) => world.addPod(world.node, name)));
  }

  async function expectPodsTalk([first, ...others]: readonly Pod[]): Promise<void> {
    for (const { address } of others) await ping(first?.netns ?? '', address);
  }

  test.each(['refused', 'hanging'] as const)(
    '(%s), ENIs come from the ENIConfig as it was last',
    async (mode) => {
      await start();
      expect(placesOfEnis()).toEqual([one]);
      await setServer(mode);
      await expectPodsTalk(await addFourPods());
      expect(placesOfEnis()).toEqual([one, one]);
    },
  );

  test('another ENIConfig that the node gets counts once the server is back', async () => {
    await start();
    await setServer('refused');
    const labels = { [ENI_CONFIG_KEY]: 'two' };
    world.cluster.changeNode(world.node.name, { metadata: { labels } });
    await setServer(false);
    await untilIntrospected('/v1/eni-configs', 'two');
    await expectPodsTalk(await addFourPods());
    expect(placesOfEnis()).toEqual([one, two]);
  });

  test('a start waits, names it, and goes on when it is back; pods that run keep their addresses', async () => {
    const { node, box } = world;
    await start();
    const [kept, ended] = [await world.addPod(node, 'kept'), await node.addPod('ended')];
    await node.stop('SIGKILL');
    await setServer('hanging');
    node.launch(world.environment);
    const waiting = /Kubernetes.*AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG/;
    expect(await untilAddSays(node, waiting)).toMatchObject({ exitCode: 1, output: { code: 11 } });
    await ping(node.netns, kept.address);
    await node.deletePod(ended);

    await setServer(false);
    expect(await untilAddSays(node, POD_ADDRESS)).toMatchObject({ exitCode: 0 });
    await ping(node.netns, kept.address);
    expect((await settledAccounts(node, box.emulator)).reserved).toEqual([kept.address]);
  });
});

test('while the node is cordoned its pool does not grow, and pods are told so', async () => {
  const { node, box, cluster } = world;
  await start({ AWS_VPC_K8S_CNI_ADD_WAIT: '2' });
  const { pool } = await settledAccounts(node, box.emulator);
  cluster.changeNode(node.name, { spec: { unschedulable: true } });
  await sleep(1_000); // the watch
  expect(await fill()).toContain('not-schedulable');
  expect((await settledAccounts(node, box.emulator)).pool).toEqual(pool);
  cluster.changeNode(node.name, { spec: { unschedulable: false } });
  expect(await untilAddSays(node, POD_ADDRESS)).toMatchObject({ exitCode: 0 });
});

test('an action that EC2 does not allow is told by an event of the node', async () => {
  const { node, box, cluster } = world;
  box.emulator.knobs.deny('CreateNetworkInterface');
  node.launch(world.environment);
  expect(await untilAddSays(node, /permission/)).toMatchObject({ exitCode: 1 });
  expect(cluster.api.list({ apiVersion: 'v1', kind: 'Event' })).toMatchObject([
    {
      type: 'Warning',
      reason: 'MissingIAMPermissions',
      action: 'ec2:CreateNetworkInterface',
      involvedObject: { kind: 'Node', name: node.name },
    },
  ]);
});
