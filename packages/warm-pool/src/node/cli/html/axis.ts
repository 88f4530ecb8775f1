/** Where the drawing is inside a chart, in the units of its view box. */
export const PLOT = { width: 640, height: 240, left: 52, right: 12, top: 10, bottom: 26 } as const;

const plotWidth = PLOT.width - PLOT.left - PLOT.right;
const plotHeight = PLOT.height - PLOT.top - PLOT.bottom;

const FACTORS = [1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10];

/** A round figure no less than `most`. */
export function roundFigure(most: number): number {
  const power = 10 ** Math.floor(Math.log10(Math.max(1, most)));
  return (FACTORS.find((factor) => factor * power >= most) ?? 10) * power;
}

const ROUND_TIMES_MS = [
  0.1, 0.2, 0.5, 1, 2, 4, 6, 10, 20, 30, 40, 60, 120, 180, 240, 360, 600, 1_200, 1_800, 3_600,
].map((seconds) => seconds * 1_000);

/** A round time no less than `most`, in ms. */
export const roundTime = (most: number): number =>
  ROUND_TIMES_MS.find((one) => one >= most) ?? roundFigure(most / 3_600_000) * 3_600_000;

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
  const vertical = timeTicks(durationMs).map((atMs, index) => {
    const share = durationMs === 0 ? 0 : atMs / durationMs;
    const anchor = share === 0 ? 'start' : share > 0.95 ? 'end' : 'middle';
    return `<text class="scale${index % 2 === 1 ? ' between' : ''}" x="${xOf(share)}" y="${PLOT.height - 8}" text-anchor="${anchor}">${clockTime(atMs)}</text>`;
  });
  return [...horizontal, ...vertical].join('');
}

/** Hours and minutes, and seconds if there are any: `1:30`, `0:00:20`. */
export function clockTime(ms: number): string {
  const seconds = Math.round(ms / 1_000);
  const two = (value: number) => String(value).padStart(2, '0');
  const hours = `${Math.floor(seconds / 3_600)}:${two(Math.floor(seconds / 60) % 60)}`;
  return seconds % 60 === 0 ? hours : `${hours}:${two(seconds % 60)}`;
}

const STEPS_MS = [
  1, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 14_400, 21_600, 43_200,
].map((seconds) => seconds * 1_000);
const MOST_TICKS = 7;

function timeTicks(durationMs: number): readonly number[] {
  const stepMs = STEPS_MS.find((one) => durationMs / one <= MOST_TICKS) ?? durationMs / MOST_TICKS;
  return Array.from({ length: Math.floor(durationMs / stepMs) + 1 }, (_, index) => index * stepMs);
}
