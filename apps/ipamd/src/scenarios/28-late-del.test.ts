import { expect, test } from '@jest/globals';
import { problemsOf } from './invariants.fixture.ts';
import type { Node } from './node.fixture.ts';
import {
  createSandboxRuntime,
  type Sandbox,
  type SandboxRuntime,
} from './sandbox-runtime.fixture.ts';
import { createWorld, type World } from './world.fixture.ts';

// Pain 28: sandboxes that are made anew, and DELs that come late, leave addresses to nobody.

/** Turns in which pods come, crash and go while everything takes as long as chance has it. */
const TURNS = 1_000;
const POD_NAMES = ['a', 'b', 'c'];

/** A number from 0 up to 1; the same series for the same seed (a linear congruential generator). */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

interface Stage {
  readonly world: World;
  readonly node: Node;
  readonly runtime: SandboxRuntime;
  readonly random: () => number;
  /** Sandboxes that have their address. */
  readonly alive: Set<Sandbox>;
  /** So far, those that had none among them. */
  sandboxCount: number;
  /** The runtime does not remember all sandboxes of this turn: it needs GC. */
  forgetsSome: boolean;
}

const chance = ({ random }: Stage, share: number) => random() < share;
const pause = ({ world, random }: Stage, longestMs: number) =>
  world.clock.sleep(Math.floor(random() * longestMs));

/** A pod gets up to three new sandboxes; the one before goes meanwhile, or after. */
async function liveOnePod(stage: Stage, podName: string): Promise<void> {
  const predecessors = [...stage.alive].filter((sandbox) => sandbox.podName === podName);
  const ends = predecessors.map((sandbox) => endSandbox(stage, sandbox));
  for (let left = Math.floor(stage.random() * 4); left > 0; left -= 1) {
    stage.sandboxCount += 1;
    const sandbox = { containerId: `${podName}-${stage.sandboxCount}`, podName };
    const isWell = await beginSandbox(stage, sandbox);
    if (!isWell || left > 1 || chance(stage, 0.5)) ends.push(endSandbox(stage, sandbox));
    if (chance(stage, 0.5)) await ends.at(-1);
  }
  await Promise.all(ends);
}

/** @returns false when the ADD failed, or took so long that the runtime gave it up. */
async function beginSandbox(stage: Stage, sandbox: Sandbox): Promise<boolean> {
  const patience = new AbortController();
  const adding = stage.runtime.add(sandbox, patience.signal).then((hasAddress) => {
    if (hasAddress) stage.alive.add(sandbox);
    return hasAddress;
  });
  if (chance(stage, 0.7)) return adding;
  await pause(stage, 30);
  if (chance(stage, 0.5)) patience.abort(); // else its launcher lives on
  return false;
}

/** Its DEL is late, comes twice, or, seldom, never. */
async function endSandbox(stage: Stage, sandbox: Sandbox): Promise<void> {
  const { runtime, alive } = stage;
  await pause(stage, 15);
  alive.delete(sandbox);
  if (chance(stage, 0.03)) {
    stage.forgetsSome = true;
    return runtime.forget(sandbox);
  }
  const dels = chance(stage, 0.2) ? 2 : 1;
  await Promise.all(Array.from({ length: dels }, () => runtime.del(sandbox)));
}

/** Now and then the daemon is killed and started again. */
async function liveOneDaemon(stage: Stage): Promise<void> {
  const { node, runtime } = stage;
  if (!chance(stage, 0.2)) return;
  await pause(stage, 60);
  node.kill();
  await pause(stage, 20);
  start(stage);
  await runtime.connect();
}

const start = (stage: Stage) => stage.node.start(undefined, { pace: () => pause(stage, 4) });

/** Who has an address, and who should; where packets to a pod go, and where they should. */
function compare({ node, alive }: Stage) {
  const reservations = node.daemon.pool?.book.reservations() ?? [];
  const isAlive = new Set([...alive].map(({ containerId }) => containerId));
  const links = reservations
    .filter(({ key }) => isAlive.has(key.containerId))
    .map(({ metadata: { podName = '' }, address }) => ({ podName, address }));
  return {
    holders: reservations.map(({ key }) => key.containerId).toSorted(),
    sandboxes: [...isAlive].toSorted(),
    links,
    wired: links.map(({ podName }) => node.site.host.pods.get(podName)),
  };
}

test('no address is held by a sandbox that is gone, and none by two', async () => {
  const world = await createWorld({
    latencyMs: {},
    environment: { IP_COOLDOWN_PERIOD: '0', DISABLE_NETWORK_RESOURCE_PROVISIONING: 'true' },
  });
  const node = await world.newNode();
  await world.cloud.outside.assign(node.instance.primaryEniId, { addressCount: 6 });
  const stage: Stage = {
    world,
    node,
    runtime: createSandboxRuntime(node, world.witness),
    random: randomFrom(28),
    alive: new Set(),
    sandboxCount: 0,
    forgetsSome: false,
  };
  start(stage);
  await world.settle(stage.runtime.connect());
  for (let turn = 0; turn < TURNS; turn += 1) {
    const pods = POD_NAMES.map((podName) => liveOnePod(stage, podName));
    await world.settle(Promise.all([...pods, liveOneDaemon(stage)]));
    if (stage.forgetsSome) await world.settle(stage.runtime.collect(stage.alive));
    stage.forgetsSome = false;
    const { holders, sandboxes, links, wired } = compare(stage);
    expect({ turn, holders, wired }).toEqual({ turn, holders: sandboxes, wired: links });
    expect(world.violations).toEqual([]);
  }
  expect(stage.sandboxCount).toBeGreaterThan(4 * TURNS);
  expect(problemsOf(node)).toEqual([]);
  await node.stop();
  await world.close();
});
