import { problemsAtAnyMoment, problemsOf } from './invariants.fixture.ts';
import type { Node } from './node.fixture.ts';
import { createWorld, type World, type WorldOptions } from './world.fixture.ts';

/** A node's life as kubelet and runtime see it: daemons come and go, pods are started until they run. */
export interface Life {
  readonly world: World;
  readonly node: Node;
  /** Starts pods at once, each as often as it takes. */
  addPods(...podNames: readonly string[]): Promise<void>;
  removePods(...podNames: readonly string[]): Promise<void>;
  /** Lets time pass; a daemon that dies meanwhile is started again. */
  pass(ms: number): Promise<void>;
}

/** What came of killing the daemon at one moment. */
export interface Outcome {
  /** The last moment it passed. */
  readonly after: string;
  readonly problems: readonly string[];
}

export type PlayOptions = WorldOptions & {
  readonly prepare?: (world: World) => void;
  /** The moments at which the daemon is killed. Default: all. */
  readonly isFatal?: (moment: string) => boolean;
  /** Also tells what was wrong meanwhile; it takes much longer. */
  readonly isWatched?: boolean;
};

/** It looks at the watched this often. */
const LOOK_MS = 1_000;
/** A runtime tries again after a while. */
const RETRY_MS = 1_000;
/** From the start of an instance to that of its daemon. */
const BOOT_MS = 20_000;
/** Longer than metadata is stale, and than the pause between two comparisons with it. */
const SETTLING_MS = 240_000;

/**
 * Plays `story` once for each moment at which its daemon may be killed (before and after every EC2 call,
 * before every write to the disk and every change of the kernel), and tells what is wrong at the end.
 */
export async function killEverywhere(
  options: PlayOptions,
  story: (life: Life) => Promise<void>,
): Promise<readonly Outcome[]> {
  const outcomes: Outcome[] = [];
  for (let killAt = 0; ; killAt += 1) {
    const { isKilled, ...outcome } = await play(options, story, killAt);
    outcomes.push(outcome);
    if (!isKilled) return outcomes;
  }
}

/** Plays `story` once; its daemon is killed at that moment, or not at all. */
export async function play(
  options: PlayOptions,
  story: (life: Life) => Promise<void>,
  killAt = Number.POSITIVE_INFINITY,
): Promise<Outcome & { readonly isKilled: boolean }> {
  const world = await createWorld(options);
  try {
    options.prepare?.(world);
    const node = await world.newNode();
    await world.clock.advance(BOOT_MS);
    const { isFatal = () => true } = options;
    const first = node.start(undefined, { killAt, isFatal });
    const seen = new Set<string>();
    const look = () => {
      if (world.clock.nowMs() % LOOK_MS > 0) return;
      for (const problem of problemsAtAnyMoment(node)) seen.add(problem);
    };
    const life = liveOn(world, node, options.isWatched === true ? look : () => {});
    await story(life);
    first.fate.spare();
    await life.pass(SETTLING_MS);
    const problems = [...world.violations, ...seen, ...problemsOf(node)];
    const { isDead, moments } = first.fate;
    await node.stop();
    return { isKilled: isDead, after: moments.at(-1) ?? 'the start', problems };
  } finally {
    await world.close();
  }
}

/** @param look is called after every step of time. */
function liveOn(world: World, node: Node, look: () => void): Life {
  const reviveIfDead = () => {
    if (node.daemon.fate.isDead) node.start();
  };

  /** A pod whose ADD failed gets a new sandbox, once the old one is deleted. */
  async function addPod(podName: string): Promise<void> {
    for (;;) {
      const reply = await node.add(podName);
      if (reply.kind === 'reserved') return;
      await removePod(podName);
      await world.clock.sleep(RETRY_MS);
    }
  }

  async function removePod(podName: string): Promise<void> {
    while (!(await node.del(podName))) {
      await world.clock.sleep(RETRY_MS);
    }
  }

  async function settle(work: Promise<unknown>): Promise<void> {
    let isSettled = false;
    const done = work.finally(() => {
      isSettled = true;
    });
    for (const stopAtMs = world.clock.nowMs() + 600_000; !isSettled; ) {
      if (world.clock.nowMs() > stopAtMs) throw new Error('the story does not go on');
      await world.clock.advance(250);
      look();
      reviveIfDead();
    }
    await done;
  }

  return {
    world,
    node,
    addPods: (...podNames) => settle(Promise.all(podNames.map(addPod))),
    removePods: (...podNames) => settle(Promise.all(podNames.map(removePod))),
    pass: (ms) => settle(world.clock.sleep(ms)),
  };
}
