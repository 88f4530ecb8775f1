import type { Execution } from '../contestant/exec.ts';
import { median, percentile, rounded } from '../statistics.ts';
import type { Endurance } from './endurance.ts';
import type { Sample } from './race.ts';

/** All that is measured; samples of ours, of ptp and of bridge. */
export interface Measured {
  readonly ours: Sample;
  readonly ptp: Sample;
  readonly bridge: Sample;
  readonly endurance: Endurance;
  /** Of several nodes, seconds. */
  readonly joins: readonly number[];
  readonly launcher: { readonly launcher_p50_ms: number; readonly launcher_rss_kib: number };
}

const times = (executions: readonly Execution[]) => executions.map(({ ms }) => ms);
const p50 = (executions: readonly Execution[]) => median(times(executions));
const p99 = (executions: readonly Execution[]) => percentile(times(executions), 0.99);
const cpuPerPair = ({ add, del }: Sample) =>
  median(add.map(({ cpuMs }) => cpuMs)) + median(del.map(({ cpuMs }) => cpuMs));
const peakOf = ({ add }: Sample) => Math.max(...add.map(({ peakKib }) => peakKib));

const mib = (kib: number) => (kib / 1024).toFixed(2);

/** For `--json`. */
export function figuresOf({ ours, ptp, bridge, endurance, joins, launcher }: Measured) {
  const ratio = (read: (sample: Sample) => number, other = ptp) =>
    rounded(read(ours) / read(other));
  return {
    add_p50_ms: rounded(p50(ours.add)),
    add_p99_ms: rounded(p99(ours.add)),
    add_p50_ratio_ptp: ratio(({ add }) => p50(add)),
    add_p99_ratio_ptp: ratio(({ add }) => p99(add)),
    add_p50_ratio_bridge: ratio(({ add }) => p50(add), bridge),
    check_p50_ms: rounded(p50(ours.check)),
    check_p99_ms: rounded(p99(ours.check)),
    check_p50_ratio_ptp: ratio(({ check }) => p50(check)),
    del_p50_ms: rounded(p50(ours.del)),
    del_p99_ms: rounded(p99(ours.del)),
    del_p50_ratio_ptp: ratio(({ del }) => p50(del)),
    del_p99_ratio_ptp: ratio(({ del }) => p99(del)),
    del_p50_ratio_bridge: ratio(({ del }) => p50(del), bridge),
    add20_wall_ratio_ptp: ratio(({ atOnce }) => median(atOnce[20].add)),
    check20_wall_ratio_ptp: ratio(({ atOnce }) => median(atOnce[20].check)),
    del20_wall_ratio_ptp: ratio(({ atOnce }) => median(atOnce[20].del)),
    add100_wall_ratio_ptp: ratio(({ atOnce }) => median(atOnce[100].add)),
    check100_wall_ratio_ptp: ratio(({ atOnce }) => median(atOnce[100].check)),
    del100_wall_ratio_ptp: ratio(({ atOnce }) => median(atOnce[100].del)),
    add100_wall_ratio_bridge: ratio(({ atOnce }) => median(atOnce[100].add), bridge),
    exec_cpu_ms_per_pair: rounded(cpuPerPair(ours)),
    daemon_cpu_ms_per_pair: rounded(endurance.cpuMsPerPair),
    cpu_per_pair_ratio_ptp: rounded((cpuPerPair(ours) + endurance.cpuMsPerPair) / cpuPerPair(ptp)),
    exec_memory_ratio_ptp: rounded(launcher.launcher_rss_kib / peakOf(ptp)),
    launcher_p50_ms: launcher.launcher_p50_ms,
    launcher_rss_kib: launcher.launcher_rss_kib,
    daemon_rss_mib_250_pods: rounded(endurance.rssKib / 1024),
    daemon_peak_mib: rounded(endurance.peakKib / 1024),
    daemon_rss_growth_kib_per_1000: rounded(endurance.growthKibPer1000),
    start_to_first_add_s: rounded(median(joins)),
  };
}

/** For people. */
export function table(measured: Measured): string {
  const { ours, ptp, bridge, endurance } = measured;
  const figures = figuresOf(measured);
  const cells = (name: string, values: readonly string[]) =>
    name.padEnd(30) + values.map((value) => value.padStart(9)).join('');
  const row = (name: string, read: (sample: Sample) => number, digits = 2) =>
    cells(name, [
      ...[ours, ptp, bridge].map((sample) => read(sample).toFixed(digits)),
      ...[ptp, bridge].map((other) => (read(ours) / read(other)).toFixed(2)),
    ]);
  const both = (sample: Sample) =>
    cpuPerPair(sample) + (sample === ours ? endurance.cpuMsPerPair : 0);
  return [
    cells('ms, exec to exit', ['aws-cni', 'ptp', 'bridge', '/ ptp', '/ bridge']),
    row('ADD p50', ({ add }) => p50(add)),
    row('ADD p99', ({ add }) => p99(add)),
    row('CHECK p50', ({ check }) => p50(check)),
    row('CHECK p99', ({ check }) => p99(check)),
    row('DEL p50', ({ del }) => p50(del)),
    row('DEL p99', ({ del }) => p99(del)),
    row('20 ADDs at once, wall p50', ({ atOnce }) => median(atOnce[20].add)),
    row('20 CHECKs', ({ atOnce }) => median(atOnce[20].check)),
    row('20 DELs', ({ atOnce }) => median(atOnce[20].del)),
    row('100 ADDs at once, wall p50', ({ atOnce }) => median(atOnce[100].add)),
    row('100 CHECKs', ({ atOnce }) => median(atOnce[100].check)),
    row('100 DELs', ({ atOnce }) => median(atOnce[100].del)),
    row('CPU of an ADD and a DEL', both),
    cells('most memory of an exec, MiB', [
      mib(measured.launcher.launcher_rss_kib),
      ...[ptp, bridge].map((sample) => mib(peakOf(sample))),
      ...[ptp, bridge].map((other) =>
        (measured.launcher.launcher_rss_kib / peakOf(other)).toFixed(2),
      ),
    ]),
    `(${ours.add.length} of each, in alternating blocks on one node; ptp and bridge with host-local; CPU of ours with the daemon's)`,
    '',
    `launcher alone               ${figures.launcher_p50_ms} ms, ${figures.launcher_rss_kib} KiB`,
    `daemon with 250 pods         ${figures.daemon_rss_mib_250_pods} MiB, later at most ${figures.daemon_peak_mib}`,
    `  per 1,000 ADDs and DELs    ${figures.daemon_rss_growth_kib_per_1000} KiB more, over 10,000 after 5,000`,
    `start of daemon to first ADD ${figures.start_to_first_add_s} s on a node that joins`,
  ].join('\n');
}
