import { median, percentile, rounded } from '../statistics.ts';
import type { Counts } from './count.ts';
import type { Sample } from './measure.ts';

/** Two digits that count: a tear-down is a few thousandths of ptp's. */
const ratio = (value: number, reference: number) => Number((value / reference).toPrecision(2));

/** The longest blocks, of a typical round: what else runs on the machine stops any process now and then. */
const longestBlock = ({ setUpBlocks, tearDownBlocks }: Sample) =>
  Math.max(median(setUpBlocks), median(tearDownBlocks));

/** For `--json`. */
export function figuresOf(sample: Sample, counts: Counts) {
  const { setUp, tearDown, ptpAdd, ptpDel, atOnce, oneByOne } = sample;
  return {
    pod_setup_p50_ms: rounded(median(setUp[0])),
    pod_setup_p99_ms: rounded(percentile(setUp[0], 0.99)),
    pod_setup_p50_ratio_ptp: ratio(median(setUp[0]), median(ptpAdd)),
    pod_setup_p99_ratio_ptp: ratio(percentile(setUp[0], 0.99), percentile(ptpAdd, 0.99)),
    pod_teardown_p50_ms: rounded(median(tearDown[0])),
    pod_teardown_p99_ms: rounded(percentile(tearDown[0], 0.99)),
    pod_teardown_p50_ratio_ptp: ratio(median(tearDown[0]), median(ptpDel)),
    setup_cost_ratio_500_rules: ratio(median(setUp[500]), median(setUp[0])),
    setup_cost_ratio_5000_rules: ratio(median(setUp[5_000]), median(setUp[0])),
    teardown100_ms: rounded(median(atOnce)),
    teardown100_p99_ms: rounded(percentile(atOnce, 0.99)),
    teardown100_ratio_one_by_one: ratio(median(atOnce), median(oneByOne)),
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

/** For people. */
export function table(sample: Sample, counts: Counts): string {
  const { setUp, tearDown, ptpAdd, ptpDel, atOnce, oneByOne } = sample;
  const cells = (...values: readonly string[]) =>
    values.map((value, index) => (index === 0 ? value.padEnd(34) : value.padStart(9))).join('');
  const ms = (value: number) => value.toFixed(2);
  const row = (name: string, values: readonly number[], reference: readonly number[]) =>
    cells(
      name,
      ms(median(values)),
      ms(percentile(values, 0.99)),
      String(ratio(median(values), median(reference))),
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
