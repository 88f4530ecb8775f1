import { setTimeout as sleep } from 'node:timers/promises';
import type { HostNetwork } from '@vpc-cni/host-network';
import { type Execution, runInTurn } from '../contestant/exec.ts';
import { ptp } from '../contestant/reference-plugins.ts';
import { withForeignRules } from './foreign-rules.ts';
import { longestBlockMs } from './loop-delay.ts';
import type { WiringPod } from './pods.ts';

const ROUNDS = 6;
const PTP_PODS_PER_ROUND = 20;
const FOREIGN_RULES = [0, 500, 5_000] as const;
/** Between blocks, so that what one leaves to the kernel does not slow down the next. */
const REST_MS = 200;

type RuleCount = (typeof FOREIGN_RULES)[number];

/** Milliseconds, of all rounds. */
export interface Sample {
  readonly setUp: Record<RuleCount, number[]>;
  readonly tearDown: Record<RuleCount, number[]>;
  readonly ptpAdd: number[];
  readonly ptpDel: number[];
  /** Wall time of a hundred tear-downs, links included: at once, and one after the other. */
  readonly atOnce: number[];
  readonly oneByOne: number[];
  /** The longest block of the event loop while a hundred are set up, or torn down, at once. */
  readonly setUpBlocks: number[];
  readonly tearDownBlocks: number[];
}

const newSample = (): Sample => ({
  setUp: { 0: [], 500: [], 5000: [] },
  tearDown: { 0: [], 500: [], 5000: [] },
  ptpAdd: [],
  ptpDel: [],
  atOnce: [],
  oneByOne: [],
  setUpBlocks: [],
  tearDownBlocks: [],
});

async function timedMs(work: () => Promise<unknown>): Promise<number> {
  const startMs = performance.now();
  await work();
  return performance.now() - startMs;
}

async function inTurn(
  network: HostNetwork,
  pods: readonly WiringPod[],
  sample: { readonly setUp: number[]; readonly tearDown: number[] },
): Promise<void> {
  for (const { attachment } of pods) {
    sample.setUp.push(await timedMs(() => network.setUpPod(attachment)));
  }
  await sleep(REST_MS);
  for (const { attachment } of pods) {
    sample.tearDown.push(await timedMs(() => network.tearDownPod(attachment)));
  }
  await network.settled();
  await sleep(REST_MS);
}

async function besidePtp(pods: readonly WiringPod[], sample: Sample): Promise<void> {
  const invocation = {
    contestant: ptp,
    hostNetns: '/proc/self/ns/net',
    pods: pods.slice(0, PTP_PODS_PER_ROUND).map(({ executed }) => executed),
  };
  const timesOf = (executions: readonly Execution[]) => executions.map(({ ms }) => ms);
  sample.ptpAdd.push(...timesOf(await runInTurn({ ...invocation, verb: 'ADD' })));
  await sleep(REST_MS);
  sample.ptpDel.push(...timesOf(await runInTurn({ ...invocation, verb: 'DEL' })));
  await sleep(REST_MS);
}

async function hundredAtOnce(
  network: HostNetwork,
  pods: readonly WiringPod[],
  sample: Sample,
): Promise<void> {
  const setUpAll = () => Promise.all(pods.map(({ attachment }) => network.setUpPod(attachment)));
  const tearDown = ({ attachment }: WiringPod) => network.tearDownPod(attachment);
  const atOnce = async () => {
    await Promise.all(pods.map(tearDown));
    await network.settled();
  };
  const oneByOne = async () => {
    for (const pod of pods) {
      await tearDown(pod);
      await network.settled();
    }
  };
  sample.setUpBlocks.push(await longestBlockMs(setUpAll));
  await sleep(REST_MS);
  const timedAtOnce = async () => {
    sample.atOnce.push(await timedMs(atOnce));
  };
  sample.tearDownBlocks.push(await longestBlockMs(timedAtOnce));
  await sleep(REST_MS);
  await setUpAll();
  await sleep(REST_MS);
  sample.oneByOne.push(await timedMs(oneByOne));
  await sleep(REST_MS);
}

/** All blocks in turn, in each round; the rests between them are not measured. */
export async function measure(network: HostNetwork, pods: readonly WiringPod[]): Promise<Sample> {
  const sample = newSample();
  for (let round = 0; round <= ROUNDS; round++) {
    // Round 0 warms up caches and compilers of both.
    const taken = round === 0 ? newSample() : sample;
    // None of them always comes first.
    for (let turn = 0; turn < FOREIGN_RULES.length; turn++) {
      const count = FOREIGN_RULES[(round + turn) % FOREIGN_RULES.length] ?? 0;
      const { setUp, tearDown } = taken;
      await withForeignRules(count, () =>
        inTurn(network, pods, { setUp: setUp[count], tearDown: tearDown[count] }),
      );
    }
    await besidePtp(pods, taken);
    await hundredAtOnce(network, pods, taken);
  }
  return sample;
}
