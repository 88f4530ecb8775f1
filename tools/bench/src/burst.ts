// A burst of pods on a fresh node: our strategy beside the AWS VPC CNI's decisions and timers.
import { parseWarmTargets } from '@vpc-cni/warm-pool';
import { defaultContender } from './burst/default-contender.ts';
import { type BurstOutcome, runBurst } from './burst/run-burst.ts';
import { upstreamContender } from './burst/upstream-contender.ts';
import { median, rounded } from './statistics.ts';

/** m5.xlarge: 4 ENIs of 14 addresses. */
const INSTANCE_TYPE = 'm5.xlarge';
const POD_COUNT = 50;

const settings = [
  { name: 'WARM_IP_TARGET=2', suffix: '', environment: { WARM_IP_TARGET: '2' } },
  { name: 'WARM_ENI_TARGET=1', suffix: '_warm_eni', environment: { WARM_ENI_TARGET: '1' } },
] as const;

const last = ({ waitsS }: BurstOutcome): number => waitsS.at(-1) ?? 0;

async function measure({ environment }: (typeof settings)[number]) {
  const setting = {
    instanceType: INSTANCE_TYPE,
    podCount: POD_COUNT,
    targets: parseWarmTargets(environment),
  };
  // At the same time: each spends its time waiting for its own EC2.
  const [ours, upstream] = await Promise.all([
    runBurst(defaultContender, setting),
    runBurst(upstreamContender, setting),
  ]);
  return { ours, upstream };
}

const results = await Promise.all(
  settings.map(async (setting) => ({ setting, ...(await measure(setting)) })),
);

const figures = Object.fromEntries(
  results.flatMap(({ setting: { suffix }, ours, upstream }) => [
    [`last_pod_s${suffix}`, rounded(last(ours))],
    [`last_pod_ratio_upstream${suffix}`, rounded(last(ours) / last(upstream))],
    [
      `mutating_calls_ratio_upstream${suffix}`,
      rounded(ours.mutatingCallCount / upstream.mutatingCallCount),
    ],
    [`failed_adds${suffix}`, ours.failedAdds],
  ]),
);

if (process.argv.includes('--json')) {
  console.log(JSON.stringify({ bench: 'burst', figures }));
} else {
  console.log(`${POD_COUNT} pods at once on a fresh ${INSTANCE_TYPE}, seconds to an address\n`);
  for (const { setting, ours, upstream } of results) {
    console.log(`${setting.name.padEnd(32)}     ours   upstream   ratio`);
    const line = (what: string, of: (outcome: BurstOutcome) => number) => {
      const [a, b] = [of(ours), of(upstream)];
      const ratio = b === 0 ? '' : (a / b).toFixed(2);
      const cell = (value: number) => `${rounded(value)}`.padStart(9);
      console.log(`  ${what.padEnd(30)}${cell(a)}  ${cell(b)}${ratio.padStart(8)}`);
    };
    line('median pod', ({ waitsS }) => median(waitsS));
    line('last pod', last);
    line('failed ADDs', ({ failedAdds }) => failedAdds);
    line('EC2 calls that change something', ({ mutatingCallCount }) => mutatingCallCount);
    const names = new Set([...Object.keys(ours.calls), ...Object.keys(upstream.calls)]);
    for (const name of [...names].sort()) line(`  ${name}`, ({ calls }) => calls[name] ?? 0);
    console.log('');
  }
  console.log(JSON.stringify({ bench: 'burst', figures }));
}
