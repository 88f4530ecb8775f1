import { axes, PLOT, xOf, yOf } from './axis.ts';
import { escaped } from './markup.ts';

/** One layer of a stack: its name is also the class that gives it its colour. */
export interface Layer {
  readonly name: string;
  readonly values: readonly number[];
}

/** A chart of values over time, on top of each other. */
export interface StackedChart {
  /** What it shows, for those who cannot see it. */
  readonly title: string;
  readonly layers: readonly Layer[];
  /** Where the scale ends. */
  readonly most: number;
  readonly durationMs: number;
  readonly label: (value: number) => string;
}

/**
 * The chart as SVG: one stepped area per layer, since a value holds for a whole stretch of time. The
 * page's script moves the crosshair.
 */
export function stackedChart(chart: StackedChart): string {
  const { title, layers, most } = chart;
  const floors = new Float64Array(layers[0]?.values.length ?? 0);
  const areas = layers.map(({ name, values }) => {
    const below = Float64Array.from(floors);
    for (const [index, value] of values.entries()) {
      floors[index] = (floors[index] ?? 0) + value;
    }
    return `<path class="layer ${name}" d="${area(below, floors, most)}"/>`;
  });
  return (
    `<svg class="chart" viewBox="0 0 ${PLOT.width} ${PLOT.height}" role="img" tabindex="0" aria-label="${escaped(title)}">` +
    axes(chart) +
    areas.join('') +
    `<line class="crosshair" y1="${PLOT.top}" y2="${PLOT.height - PLOT.bottom}" x1="0" x2="0" visibility="hidden"/>` +
    '</svg>'
  );
}

/** Along the upper edge and back along the lower one. */
function area(lower: Float64Array, upper: Float64Array, most: number): string {
  const count = upper.length;
  if (count === 0) {
    return '';
  }
  const forth: string[] = [];
  const back: string[] = [];
  for (let index = 0; index < count; index++) {
    const [from, to] = [xOf(index / count), xOf((index + 1) / count)];
    const [top, bottom] = [yOf((upper[index] ?? 0) / most), yOf((lower[index] ?? 0) / most)];
    forth.push(`${index === 0 ? `M${from} ` : 'V'}${top}H${to}`);
    back.unshift(`V${bottom}H${from}`);
  }
  return `${forth.join('')}${back.join('')}Z`;
}
