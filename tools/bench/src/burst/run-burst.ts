import type { WarmTargets } from '@vpc-cni/warm-pool';
import type { ContenderFactory } from './contender.ts';
import { clock, createEmulatedNode } from './emulated-node.ts';

/** How a burst of pods went. */
export interface BurstOutcome {
  /** Time from the burst to each pod's address, seconds, ascending. */
  readonly waitsS: readonly number[];
  readonly failedAdds: number;
  readonly calls: Readonly<Record<string, number>>;
  readonly mutatingCallCount: number;
}

/** A kubelet tries a pod again ten to fifteen seconds after its ADD failed (its back-off, with jitter). */
const RETRY_MS = 10_000;
const RETRY_JITTER_MS = 5_000;
/** Spreads the retries evenly over the jitter, the same in every run. */
const GOLDEN_RATIO = 0.618;

export async function runBurst(
  contenderFor: ContenderFactory,
  setting: {
    readonly instanceType: string;
    readonly podCount: number;
    readonly targets: WarmTargets;
  },
): Promise<BurstOutcome> {
  const node = await createEmulatedNode(setting.instanceType);
  const contender = contenderFor(node, setting.targets);
  try {
    await contender.join();
    await contender.settled();
    node.takeCalls();
    let failedAdds = 0;
    const startedAtMs = clock.nowMs();

    const start = async (index: number): Promise<number> => {
      for (let attempt = 1; !(await contender.add(`pod-${index}`)); attempt++) {
        failedAdds += 1;
        const jitter = (index * attempt * GOLDEN_RATIO) % 1;
        await clock.sleep(RETRY_MS + jitter * RETRY_JITTER_MS);
      }
      return (clock.nowMs() - startedAtMs) / 1000;
    };
    const waitsS = await Promise.all(Array.from({ length: setting.podCount }, (_, n) => start(n)));
    await contender.settled();
    const names = node.takeCalls().map(({ operation }) => operation);
    const calls = Object.fromEntries(
      Object.entries(Object.groupBy(names, (name) => name)).map(([name, all]) => [
        name,
        all?.length ?? 0,
      ]),
    );
    return {
      waitsS: waitsS.sort((a, b) => a - b),
      failedAdds,
      calls,
      mutatingCallCount: names.filter((name) => !name.startsWith('Describe')).length,
    };
  } finally {
    await contender.stop();
    await node.close();
  }
}
