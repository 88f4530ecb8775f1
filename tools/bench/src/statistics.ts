/** The value below which `share` (0..1) of the sample lies; the nearest measured one. */
export function percentile(sample: readonly number[], share: number): number {
  const sorted = [...sample].sort((a, b) => a - b);
  const index = Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1);
  const value = sorted[Math.max(0, index)];
  if (value === undefined) throw new TypeError('percentile of an empty sample');
  return value;
}

export const median = (sample: readonly number[]) => percentile(sample, 0.5);

/** Figures are for people and for `--json`: two decimals are more than their noise allows. */
export const rounded = (value: number) => Math.round(value * 100) / 100;
