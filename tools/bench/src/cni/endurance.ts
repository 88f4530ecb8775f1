import type { BenchPod, Contestant } from '../contestant/exec.ts';
import { runAtOnce, runInTurn } from '../contestant/exec.ts';
import { cpuMs, peakKib, residentKib } from '../process-cost.ts';
import { makePods, removePods } from './pods.ts';
import { slope } from './slope.ts';

const PODS_HELD = 250;
const PODS_CHANGING = 50;
/** A young process grows until its compilers and its heap have found their size. */
const WARM_UP_PAIRS = 5_000;
const MEASURED_PAIRS = 10_000;

/** What the daemon costs with 250 pods, and in the course of 10,000 ADDs and DELs beside them. */
export interface Endurance {
  readonly rssKib: number;
  readonly peakKib: number;
  readonly growthKibPer1000: number;
  /** Of one ADD and one DEL. */
  readonly cpuMsPerPair: number;
}

/** Adds pods that stay, then adds and deletes others one by one. */
export async function endure(
  contestant: Contestant,
  hostNetns: string,
  daemonPid: number,
): Promise<Endurance> {
  const held = makePods('held', PODS_HELD);
  const changing = makePods('changing', PODS_CHANGING);
  const all = (verb: 'ADD' | 'DEL', pods: readonly BenchPod[]) =>
    ({ contestant, verb, hostNetns, pods }) as const;

  await runAtOnce(all('ADD', held));
  const rssKib = await residentKib(daemonPid);
  const cpuBefore = await cpuMs(daemonPid);
  const growth: { x: number; y: number }[] = [];
  const lastPairs = WARM_UP_PAIRS + MEASURED_PAIRS;
  for (let pairs = 0; pairs <= lastPairs; pairs += PODS_CHANGING) {
    if (pairs >= WARM_UP_PAIRS) growth.push({ x: pairs / 1000, y: await residentKib(daemonPid) });
    await runInTurn(all('ADD', changing));
    await runInTurn(all('DEL', changing));
  }
  const cpuMsPerPair = ((await cpuMs(daemonPid)) - cpuBefore) / (lastPairs + PODS_CHANGING);
  await runAtOnce(all('DEL', held));
  removePods([...held, ...changing]);
  return {
    rssKib,
    peakKib: await peakKib(daemonPid),
    growthKibPer1000: slope(growth),
    cpuMsPerPair,
  };
}
