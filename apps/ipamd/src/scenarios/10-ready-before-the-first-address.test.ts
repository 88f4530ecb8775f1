import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { Emulator } from '@vpc-cni/aws-emulator';
import { handleRequest, KNOWN_VERSIONS } from '@vpc-cni/cni-spec';
import { createPluginHandlers } from '@vpc-cni/plugin';
import { refusingPorts } from '../refusing-ports.ts';
import { IN_CLUSTER, registerNode } from './cluster.fixture.ts';
import { enisOf, podAddressesOf } from './ec2-view.fixture.ts';
import { problemsOf } from './invariants.fixture.ts';
import type { Node } from './node.fixture.ts';
import { createWorld, type World } from './world.fixture.ts';

// Pain 10: a node is Ready before it can give an address, and pods are sent to it that cannot start.

const MINUTE_MS = 60_000;

let world: World;
let node: Node;

afterEach(() => world.close());

/** What a runtime hears from STATUS: nothing when all is well, else the error. */
async function status(): Promise<object | undefined> {
  const { pool, phase } = node.daemon;
  const ports = refusingPorts(() => ({ kind: 'refused', reason: 'starting', message: phase.name }));
  const { exitCode, stdout } = await handleRequest(
    {
      environment: { CNI_COMMAND: 'STATUS', CNI_PATH: '/opt/cni/bin' },
      stdin: '{"cniVersion":"1.1.0","name":"aws-cni","type":"aws-cni"}',
    },
    createPluginHandlers(pool === undefined ? ports : { ...ports, readiness: pool.controller }),
    { supportedVersions: KNOWN_VERSIONS },
  );
  return exitCode === 0 ? undefined : { exitCode, ...JSON.parse(stdout) };
}

const refusal = () => node.daemon.pool?.controller.refusal();

/** How long it takes until STATUS says yes, ms. */
async function readyAfterMs(limitMs: number): Promise<number> {
  const startedAtMs = world.clock.nowMs();
  for (;;) {
    if (node.daemon.pool !== undefined && refusal() === undefined) break;
    if (world.clock.nowMs() - startedAtMs > limitMs) throw new Error(`not ready in ${limitMs} ms`);
    await world.clock.advance(50);
  }
  return world.clock.nowMs() - startedAtMs;
}

async function ends(): Promise<void> {
  await world.clock.advance(2 * MINUTE_MS);
  expect(problemsOf(node)).toEqual([]);
  await node.stop();
}

describe('in a full subnet', () => {
  /** All that a /28 has beside what AWS and the primary ENI take. */
  const rest = Array.from({ length: 10 }, (_, n) => `10.0.0.${5 + n}`);
  const fillUp = () => {
    const taken = enisOf(world.cloud, node.instance.instanceId).flatMap(podAddressesOf);
    const free = rest.filter((address) => !taken.some((one) => one === address));
    world.cloud.outside.occupy(world.subnet.subnetId, free);
  };
  const makeRoom = () => world.cloud.outside.vacate(world.subnet.subnetId, rest);

  beforeEach(async () => {
    world = await createWorld({ subnetCidr: '10.0.0.0/28', environment: { WARM_IP_TARGET: '2' } });
    node = await world.newNode();
    fillUp();
    node.start();
    await world.clock.advance(20_000);
  });

  test('STATUS says no, and why', async () => {
    expect(await status()).toEqual({
      exitCode: 1,
      cniVersion: '1.1.0',
      code: 50,
      msg: 'the node cannot give addresses (subnet-full)',
      details: expect.stringMatching(
        /^of 0 addresses on this node 0 are in use.*subnet-00000000000000001/,
      ),
    });
    await node.stop();
  });

  test('an ADD is told the same, and when to come back', async () => {
    const reply = await world.settle(node.add('a'));
    // EC2 refused a second after the start; it is asked again two minutes later.
    expect(reply).toEqual({ ...refusal(), reason: 'subnet-full', retryAfterMs: 101_250 });
    await node.stop();
  });

  test('the node is ready within 100 ms of its first address, and says so from then on', async () => {
    makeRoom();
    await readyAfterMs(2 * MINUTE_MS);
    const readyAtMs = world.clock.nowMs();
    const assigned = world.cloud.journal.findLast(
      ({ operation, outcome }) => operation === 'AssignPrivateIpAddresses' && outcome === 'ok',
    );
    expect(readyAtMs - ((assigned?.atMs ?? 0) + (assigned?.elapsedMs ?? 0))).toBeLessThan(100);
    expect(await status()).toBeUndefined();
    await ends();
  });

  test('the node asks EC2 five times an hour, and is ready 16 minutes after there is room', async () => {
    world.takeCalls();
    await world.clock.advance(60 * MINUTE_MS);
    const changes = world.takeCalls().filter((call) => !call.startsWith('Describe'));
    expect(changes.filter((call) => call === 'CreateNetworkInterface')).toHaveLength(5);
    expect(changes.filter((call) => call === 'AssignPrivateIpAddresses')).toHaveLength(5);
    makeRoom();
    await readyAfterMs(16 * MINUTE_MS);
    await ends();
  });

  test('a node that was ready stays so when its pods have taken all, and after a restart', async () => {
    makeRoom();
    await readyAfterMs(2 * MINUTE_MS);
    fillUp();
    const pods = ['a', 'b', 'c'].map((name) => node.add(name));
    const replies = await world.settle(Promise.all(pods));
    expect(replies.map(({ kind }) => kind)).toEqual(['reserved', 'reserved', 'refused']);
    expect(await status()).toBeUndefined();
    await node.stop();
    node.start();
    await world.clock.advance(20_000);
    expect(await status()).toBeUndefined();
    await ends();
  });
});

describe('a node that cannot get its first address', () => {
  const deny = ({ knobs }: Emulator) => {
    for (const action of ['CreateNetworkInterface', 'AssignPrivateIpAddresses'] as const) {
      knobs.deny(action);
    }
  };

  test.each<{
    name: string;
    environment?: Readonly<Record<string, string>>;
    prepare?: (cloud: Emulator) => void;
    isCordoned?: boolean;
    reason: string;
    says: RegExp;
  }>([
    {
      name: 'it may not ask for one',
      prepare: deny,
      reason: 'permission',
      says: /ec2:AssignPrivateIpAddresses|ec2:CreateNetworkInterface/,
    },
    {
      name: 'EC2 throttles it',
      prepare: ({ knobs }) => {
        knobs.setBucket(['CreateNetworkInterface', 'AssignPrivateIpAddresses'], {
          burst: 0,
          perSecond: 0.0001,
        });
      },
      reason: 'throttled',
      says: /RequestLimitExceeded/,
    },
    {
      name: 'EC2 does not answer',
      prepare: ({ knobs }) => {
        const cut = { cut: true, count: 100 } as const;
        knobs.failNext('CreateNetworkInterface', cut);
        knobs.failNext('AssignPrivateIpAddresses', cut);
      },
      reason: 'ec2-unavailable',
      says: /ec2:AssignPrivateIpAddresses|ec2:CreateNetworkInterface/,
    },
    {
      name: 'others are to provide it',
      environment: { DISABLE_NETWORK_RESOURCE_PROVISIONING: 'true' },
      reason: 'provisioning-disabled',
      says: /DISABLE_NETWORK_RESOURCE_PROVISIONING/,
    },
    {
      name: 'it is cordoned',
      isCordoned: true,
      reason: 'not-schedulable',
      says: /of 0 addresses/,
    },
  ])(
    'because $name says so: $reason',
    async ({ environment, prepare, isCordoned = false, reason, says }) => {
      world = await createWorld({
        environment: { ...IN_CLUSTER, WARM_IP_TARGET: '2', ...environment },
      });
      registerNode(world.cluster, { isCordoned });
      node = await world.newNode();
      prepare?.(world.cloud);
      node.start();
      await world.clock.advance(30_000);
      expect(refusal()).toMatchObject({
        kind: 'refused',
        reason,
        message: expect.stringMatching(says),
      });
      expect(await status()).toMatchObject({ exitCode: 1, code: 50, details: refusal()?.message });
      await node.stop();
    },
  );
});
