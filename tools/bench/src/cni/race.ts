import { setTimeout as sleep } from 'node:timers/promises';
import {
  type BenchPod,
  type Contestant,
  type Execution,
  runAtOnce,
  runInTurn,
} from '../contestant/exec.ts';
import { makePods, removePods } from './pods.ts';

const ROUNDS = 8;
const IN_TURN = 20;
const AT_ONCE = [20, 100] as const;
/** Between blocks, so that what one contestant leaves to the kernel does not slow down the other. */
const REST_MS = 300;

/** What one contestant did in all rounds. */
export interface Sample {
  readonly add: Execution[];
  readonly check: Execution[];
  readonly del: Execution[];
  /** Of so many pods. */
  readonly atOnce: Record<(typeof AT_ONCE)[number], AtOnce>;
}

/** Wall times of a verb for several pods at once, ms. */
export interface AtOnce {
  readonly add: number[];
  readonly check: number[];
  readonly del: number[];
}

/** All blocks in turn, in each round, no contestant always first. Samples come in the contestants' order. */
export async function race(
  hostNetns: string,
  contestants: readonly Contestant[],
): Promise<readonly Sample[]> {
  const lanes = contestants.map((contestant) => ({
    contestant,
    sample: newSample(),
    pods: makePods(contestant.name, Math.max(...AT_ONCE)),
  }));
  for (let round = 0; round <= ROUNDS; round++) {
    const shift = round % lanes.length;
    for (const { contestant, sample, pods } of [...lanes.slice(shift), ...lanes.slice(0, shift)]) {
      // Round 0 warms up caches and compilers of all.
      await runBlock(contestant, hostNetns, pods, round === 0 ? newSample() : sample);
    }
  }
  for (const { pods } of lanes) removePods(pods);
  return lanes.map(({ sample }) => sample);
}

const noTimes = () => ({ add: [], check: [], del: [] });
const newSample = (): Sample => ({ ...noTimes(), atOnce: { 20: noTimes(), 100: noTimes() } });

/** Some pods added, checked and deleted one by one, then more and more at once. */
async function runBlock(
  contestant: Contestant,
  hostNetns: string,
  pods: readonly BenchPod[],
  sample: Sample,
): Promise<void> {
  const of = (verb: 'ADD' | 'CHECK' | 'DEL', count: number) =>
    ({ contestant, verb, hostNetns, pods: pods.slice(0, count) }) as const;
  sample.add.push(...(await runInTurn(of('ADD', IN_TURN))));
  sample.check.push(...(await runInTurn(of('CHECK', IN_TURN))));
  await sleep(REST_MS);
  sample.del.push(...(await runInTurn(of('DEL', IN_TURN))));
  await sleep(REST_MS);
  for (const count of AT_ONCE) {
    const { add, check, del } = sample.atOnce[count];
    add.push(await runAtOnce(of('ADD', count)));
    await sleep(REST_MS);
    check.push(await runAtOnce(of('CHECK', count)));
    await sleep(REST_MS);
    del.push(await runAtOnce(of('DEL', count)));
    await sleep(REST_MS);
  }
}
