import type { Sample } from '../../simulator/timeline.ts';
import { duration, figure } from './table.ts';

const ROWS = 10;
/** Eighths of a cell, from none to all of it. */
const EIGHTHS = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
const LABEL_WIDTH = 9;

/**
 * Addresses over time for a terminal: filled up to those in use, and a line where those held end.
 *
 * @param columns width of the terminal.
 */
export function addressChart(
  samples: readonly Sample[],
  durationMs: number,
  columns: number,
): string {
  const width = Math.max(20, Math.min(columns, 160) - LABEL_WIDTH - 1);
  const slots = Array.from({ length: width }, (_, column) => {
    const sample = samples[Math.floor((column * samples.length) / width)];
    return { used: sample?.usedCount ?? 0, held: sample?.heldCount ?? 0 };
  });
  const most = Math.max(1, ...slots.map(({ held }) => held));
  const lines = Array.from({ length: ROWS }, (_, row) => {
    const floor = ROWS - 1 - row;
    const label = row === 0 ? figure(most) : row === ROWS - 1 ? '0' : '';
    const cells = slots.map(({ used, held }) => {
      const filled = Math.round((used / most) * ROWS * 8) - floor * 8;
      const heldRow = Math.min(ROWS - 1, Math.floor((held / most) * ROWS));
      return heldRow === floor && filled < 4
        ? '─'
        : (EIGHTHS[Math.max(0, Math.min(8, filled))] ?? ' ');
    });
    return `${label.padStart(LABEL_WIDTH - 1)} ${cells.join('').trimEnd()}`;
  });
  const end = duration(durationMs);
  const axis = `${' '.repeat(LABEL_WIDTH)}0${end.padStart(width - 1)}`;
  return `${[`${' '.repeat(LABEL_WIDTH)}addresses: █ used, ─ held`, ...lines, axis].join('\n')}\n`;
}
