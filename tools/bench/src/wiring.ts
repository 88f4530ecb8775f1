// Wiring pods, in process: set-up and tear-down beside Debian's ptp, beside other people's rules, and a
// hundred at once.
import { setTimeout as sleep } from 'node:timers/promises';
import { type HostNetwork, openHostNetwork } from '@vpc-cni/host-network';
import { runInTurn } from './contestant.ts';
import { ptpContestant } from './ptp.ts';
import { median, percentile, rounded } from './statistics.ts';
import { countSyscalls } from './wiring/count-syscalls.ts';
import { withForeignRules } from './wiring/foreign-rules.ts';
import { longestBlockMs } from './wiring/loop-delay.ts';
import { makePods, removePods, type WiringPod } from './wiring/pods.ts';

const ROUNDS = 6;
const POD_COUNT = 100;
const PTP_PODS_PER_ROUND = 20;
const FOREIGN_RULES = [0, 500, 5_000] as const;
/** Between blocks, so that what one leaves to the kernel does not slow down the next. */
const REST_MS = 200;

type RuleCount = (typeof FOREIGN_RULES)[number];

interface Sample {
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
    contestant: ptpContestant,
    hostNetns: '/proc/self/ns/net',
    pods: pods.slice(0, PTP_PODS_PER_ROUND).map(({ executed }) => executed),
  };
  sample.ptpAdd.push(...(await runInTurn({ ...invocation, verb: 'ADD' })));
  await sleep(REST_MS);
  sample.ptpDel.push(...(await runInTurn({ ...invocation, verb: 'DEL' })));
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

async function measure(network: HostNetwork, pods: readonly WiringPod[]): Promise<Sample> {
  const sample = newSample();
  for (let round = 0; round <= ROUNDS; round++) {
    // Round 0 warms up caches and compilers of both.
    const taken = round === 0 ? newSample() : sample;
    for (const count of FOREIGN_RULES) {
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

interface Counts {
  readonly setUpRequests: number;
  readonly tearDownRequests: number;
  readonly setUpSyscalls: number | undefined;
  readonly tearDownSyscalls: number | undefined;
}

/** Per pod, all threads, the deletion of links and the flows of the address included. */
async function count(
  network: HostNetwork,
  pods: readonly WiringPod[],
  requestCount: () => number,
): Promise<Counts> {
  const setUpAll = async () => {
    for (const { attachment } of pods) await network.setUpPod(attachment);
  };
  const tearDownAll = async () => {
    for (const { attachment } of pods) await network.tearDownPod(attachment);
    await network.settled();
  };
  const perPod = (total: number | undefined) =>
    total === undefined ? undefined : rounded(total / pods.length);
  const before = requestCount();
  const setUpSyscalls = await countSyscalls(setUpAll);
  if (setUpSyscalls === undefined) await setUpAll();
  const between = requestCount();
  const tearDownSyscalls = await countSyscalls(tearDownAll);
  if (tearDownSyscalls === undefined) await tearDownAll();
  return {
    setUpRequests: rounded((between - before) / pods.length),
    tearDownRequests: rounded((requestCount() - between) / pods.length),
    setUpSyscalls: perPod(setUpSyscalls),
    tearDownSyscalls: perPod(tearDownSyscalls),
  };
}

/** The longest blocks, of a typical round: what else runs on the machine stops any process now and then. */
const longestBlock = ({ setUpBlocks, tearDownBlocks }: Sample) =>
  Math.max(median(setUpBlocks), median(tearDownBlocks));

function figuresOf(sample: Sample, counts: Counts) {
  const { setUp, tearDown, ptpAdd, ptpDel, atOnce, oneByOne } = sample;
  return {
    pod_setup_p50_ms: rounded(median(setUp[0])),
    pod_setup_p99_ms: rounded(percentile(setUp[0], 0.99)),
    pod_setup_p50_ratio_ptp: rounded(median(setUp[0]) / median(ptpAdd)),
    pod_setup_p99_ratio_ptp: rounded(percentile(setUp[0], 0.99) / percentile(ptpAdd, 0.99)),
    pod_teardown_p50_ms: rounded(median(tearDown[0])),
    pod_teardown_p99_ms: rounded(percentile(tearDown[0], 0.99)),
    pod_teardown_p50_ratio_ptp: rounded(median(tearDown[0]) / median(ptpDel)),
    setup_cost_ratio_500_rules: rounded(median(setUp[500]) / median(setUp[0])),
    setup_cost_ratio_5000_rules: rounded(median(setUp[5_000]) / median(setUp[0])),
    teardown100_ms: rounded(median(atOnce)),
    teardown100_p99_ms: rounded(percentile(atOnce, 0.99)),
    teardown100_ratio_one_by_one: rounded(median(atOnce) / median(oneByOne)),
    loop_block_max_ms: rounded(longestBlock(sample)),
    netlink_messages_per_setup: counts.setUpRequests,
    netlink_messages_per_teardown: counts.tearDownRequests,
    // Only where strace is installed.
    ...(counts.setUpSyscalls === undefined ? {} : { syscalls_per_setup: counts.setUpSyscalls }),
    ...(counts.tearDownSyscalls === undefined
      ? {}
      : { syscalls_per_teardown: counts.tearDownSyscalls }),
  };
}

function table(sample: Sample, counts: Counts): string {
  const { setUp, tearDown, ptpAdd, ptpDel, atOnce, oneByOne } = sample;
  const cells = (...values: readonly string[]) =>
    values.map((value, index) => (index === 0 ? value.padEnd(34) : value.padStart(9))).join('');
  const ms = (value: number) => value.toFixed(2);
  const row = (name: string, values: readonly number[], reference: readonly number[]) =>
    cells(
      name,
      ms(median(values)),
      ms(percentile(values, 0.99)),
      (median(values) / median(reference)).toFixed(2),
    );
  return [
    cells('ms per pod', 'p50', 'p99', 'ratio'),
    `${row('set-up', setUp[0], ptpAdd)}  of ptp`,
    `${row('  beside 500 rules', setUp[500], setUp[0])}  of none`,
    `${row('  beside 5,000 rules', setUp[5_000], setUp[0])}  of none`,
    `${row('tear-down, links to follow', tearDown[0], ptpDel)}  of ptp`,
    row('ptp + host-local ADD', ptpAdd, ptpAdd),
    row('ptp + host-local DEL', ptpDel, ptpDel),
    '',
    cells('ms per hundred pods, links deleted', 'p50', 'p99', 'ratio'),
    `${row('torn down at once', atOnce, oneByOne)}  of one by one`,
    row('torn down one by one', oneByOne, oneByOne),
    '',
    `longest block of the event loop, a hundred set up and torn down at once: ${ms(longestBlock(sample))} ms`,
    `netlink requests per pod: set-up ${counts.setUpRequests}, tear-down ${counts.tearDownRequests}`,
    `system calls per pod: set-up ${counts.setUpSyscalls ?? '(no strace)'}, tear-down ${counts.tearDownSyscalls ?? '(no strace)'}`,
  ].join('\n');
}

let requests = 0;
const network = openHostNetwork({
  observe: () => {
    requests += 1;
  },
});
const pods = makePods(POD_COUNT);
try {
  const sample = await measure(network, pods);
  const counts = await count(network, pods, () => requests);
  console.log(
    process.argv.includes('--json')
      ? JSON.stringify({ bench: 'wiring', figures: figuresOf(sample, counts) })
      : table(sample, counts),
  );
} finally {
  await network.close();
  removePods(pods);
}
