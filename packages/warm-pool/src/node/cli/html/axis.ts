import { duration } from '../table.ts';

/** Where the drawing is inside a chart, in the units of its view box. */
export const PLOT = { width: 640, height: 240, left: 52, right: 12, top: 10, bottom: 26 } as const;

const plotWidth = PLOT.width - PLOT.left - PLOT.right;
const plotHeight = PLOT.height - PLOT.top - PLOT.bottom;

/** A round figure no less than `most`: 1, 2 or 5 times a power of ten. */
export function roundUp(most: number): number {
  if (most <= 0) {
    return 1;
  }
  const power = 10 ** Math.floor(Math.log10(most));
  const factor = [1, 2, 5, 10].find((one) => one * power >= most) ?? 10;
  return factor * power;
}

/** From a share of the time, 0 to 1, to a horizontal position. */
export const xOf = (share: number): number => round(PLOT.left + share * plotWidth);

/** From a share of the scale, 0 to 1, to a vertical position. */
export const yOf = (share: number): number =>
  round(PLOT.top + (1 - Math.min(1, share)) * plotHeight);

const round = (value: number): number => Math.round(value * 10) / 10;

/** Grid, scale and times around a drawing. */
export function axes(options: {
  readonly most: number;
  readonly durationMs: number;
  readonly label: (value: number) => string;
}): string {
  const { most, durationMs, label } = options;
  const horizontal = [0, 0.5, 1].map(
    (share) =>
      `<line class="grid" x1="${PLOT.left}" x2="${PLOT.width - PLOT.right}" y1="${yOf(share)}" y2="${yOf(share)}"/>` +
      `<text class="scale" x="${PLOT.left - 6}" y="${yOf(share) + 4}" text-anchor="end">${label(share * most)}</text>`,
  );
  const vertical = timeTicks(durationMs).map((atMs) => {
    const share = durationMs === 0 ? 0 : atMs / durationMs;
    const anchor = share === 0 ? 'start' : share > 0.95 ? 'end' : 'middle';
    return `<text class="scale" x="${xOf(share)}" y="${PLOT.height - 8}" text-anchor="${anchor}">${duration(atMs)}</text>`;
  });
  return [...horizontal, ...vertical].join('');
}

const STEPS_MS = [
  1, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 14_400, 21_600, 43_200,
].map((seconds) => seconds * 1_000);
const MOST_TICKS = 7;

function timeTicks(durationMs: number): readonly number[] {
  const stepMs = STEPS_MS.find((one) => durationMs / one <= MOST_TICKS) ?? durationMs / MOST_TICKS;
  return Array.from({ length: Math.floor(durationMs / stepMs) + 1 }, (_, index) => index * stepMs);
}
