// ADD and DEL, from exec to exit: our launcher and daemon beside Debian's ptp with host-local.
import { setTimeout as sleep } from 'node:timers/promises';
import {
  createVpcInABox,
  launcherPath,
  mustRun,
  pluginConf,
  type SandboxNode,
} from '@vpc-cni/sandbox';
import { type BenchPod, type Contestant, runAtOnce, runInTurn } from './contestant.ts';
import { ptpContestant } from './ptp.ts';
import { median, percentile, rounded } from './statistics.ts';

const ROUNDS = 8;
const PODS_PER_ROUND = 20;
/** Between blocks, so that what one contestant leaves to the kernel does not slow down the other. */
const REST_MS = 300;

interface Sample {
  readonly add: number[];
  readonly del: number[];
  readonly add20: number[];
}

const newSample = (): Sample => ({ add: [], del: [], add20: [] });

const oursOn = (node: SandboxNode): Contestant => ({
  name: 'aws-cni',
  path: launcherPath,
  conf: pluginConf,
  environment: { CNI_PATH: '/opt/cni/bin', AWS_VPC_K8S_CNI_RUN_DIR: node.runDirectory },
});

async function makePods(label: string, round: number): Promise<readonly BenchPod[]> {
  const pods = Array.from({ length: PODS_PER_ROUND }, (_, index) => {
    const name = `${label}-${round}-${index}`;
    return { name, netns: `/run/netns/${name}`, containerId: `${name}-sandbox` };
  });
  for (const { name } of pods) await mustRun(['ip', 'netns', 'add', name]);
  return pods;
}

async function removePods(pods: readonly BenchPod[]): Promise<void> {
  for (const { name } of pods) await mustRun(['ip', 'netns', 'del', name]);
}

/** One block: every pod added and deleted one by one, then all added at once. */
async function runBlock(
  contestant: Contestant,
  hostNetns: string,
  pods: readonly BenchPod[],
  sample: Sample,
): Promise<void> {
  const add = { contestant, verb: 'ADD', hostNetns, pods } as const;
  const del = { contestant, verb: 'DEL', hostNetns, pods } as const;
  sample.add.push(...(await runInTurn(add)));
  await sleep(REST_MS);
  sample.del.push(...(await runInTurn(del)));
  await sleep(REST_MS);
  sample.add20.push(await runAtOnce(add));
  await sleep(REST_MS);
  await runAtOnce(del);
  await sleep(REST_MS);
}

async function measure(node: SandboxNode): Promise<readonly [Sample, Sample]> {
  const samples = [newSample(), newSample()] as const;
  const ours = oursOn(node);
  for (let round = 0; round <= ROUNDS; round++) {
    // Round 0 warms up caches and compilers of both.
    const [oursSample, ptpSample] = round === 0 ? [newSample(), newSample()] : samples;
    for (const [contestant, sample, label] of [
      [ours, oursSample, 'a'],
      [ptpContestant, ptpSample, 'b'],
    ] as const) {
      const pods = await makePods(label, round);
      await runBlock(contestant, node.netns, pods, sample);
      await removePods(pods);
      await sleep(REST_MS);
    }
  }
  return samples;
}

function figuresOf(ours: Sample, ptp: Sample) {
  return {
    add_p50_ms: rounded(median(ours.add)),
    add_p99_ms: rounded(percentile(ours.add, 0.99)),
    add_p50_ratio_ptp: rounded(median(ours.add) / median(ptp.add)),
    add_p99_ratio_ptp: rounded(percentile(ours.add, 0.99) / percentile(ptp.add, 0.99)),
    del_p50_ms: rounded(median(ours.del)),
    del_p99_ms: rounded(percentile(ours.del, 0.99)),
    del_p50_ratio_ptp: rounded(median(ours.del) / median(ptp.del)),
    del_p99_ratio_ptp: rounded(percentile(ours.del, 0.99) / percentile(ptp.del, 0.99)),
    add20_wall_ratio_ptp: rounded(median(ours.add20) / median(ptp.add20)),
  };
}

function table(ours: Sample, ptp: Sample): string {
  const row = (name: string, read: (sample: Sample) => number) =>
    [
      name.padEnd(26),
      read(ours).toFixed(2).padStart(10),
      read(ptp).toFixed(2).padStart(18),
      (read(ours) / read(ptp)).toFixed(2).padStart(8),
    ].join('');
  return [
    `${'ms, exec to exit'.padEnd(26)}${'aws-cni'.padStart(10)}${'ptp + host-local'.padStart(18)}${'ratio'.padStart(8)}`,
    row('ADD p50', ({ add }) => median(add)),
    row('ADD p99', ({ add }) => percentile(add, 0.99)),
    row('DEL p50', ({ del }) => median(del)),
    row('DEL p99', ({ del }) => percentile(del, 0.99)),
    row('20 ADDs at once, wall p50', ({ add20 }) => median(add20)),
  ].join('\n');
}

const box = await createVpcInABox({ nodeCount: 1, instanceType: 'm5.4xlarge', prefix: 'bench' });
try {
  for (const node of box.nodes) {
    await node.start({ IP_COOLDOWN_PERIOD: '0', AWS_VPC_K8S_CNI_LOGLEVEL: 'warn' });
    const [ours, ptp] = await measure(node);
    const isJson = process.argv.includes('--json');
    console.log(
      isJson
        ? JSON.stringify({ bench: 'cni', figures: figuresOf(ours, ptp) })
        : `${table(ours, ptp)}\n(${ours.add.length} ADDs and DELs of each, in alternating blocks on one node)`,
    );
  }
} finally {
  await box.close();
}
