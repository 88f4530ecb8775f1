import { EC2_CALLS } from '../../../simulator/ec2.ts';
import type { Sample } from '../../../simulator/timeline.ts';
import { FIGURES, type NamedResult } from '../result-table.ts';
import { duration, figure } from '../table.ts';
import { clockTime, roundFigure, roundTime } from './axis.ts';
import { escaped, scriptJson } from './markup.ts';
import { PAGE_SCRIPT } from './page-script.ts';
import { PAGE_STYLE } from './page-style.ts';
import { stackedChart } from './stacked-chart.ts';

/** A kind of chart; every setting has one of each. */
interface ChartKind {
  readonly id: string;
  readonly heading: string;
  readonly explanation: string;
  readonly layers: readonly {
    /** Also the class of its colour. */
    readonly name: string;
    readonly words: string;
    readonly of: (sample: Sample) => number;
  }[];
  readonly label: (value: number) => string;
  /** Where a scale ends that has to hold a value. */
  readonly roundUp: (most: number) => number;
}

const KINDS: readonly ChartKind[] = [
  {
    id: 'addresses',
    heading: 'Addresses held',
    explanation: 'Averages over each stretch of time. Idle ones cost addresses of the subnet.',
    layers: [
      { name: 'used', words: 'used', of: ({ usedCount }) => usedCount },
      { name: 'cooling', words: 'cooling', of: ({ coolingCount }) => coolingCount },
      { name: 'idle', words: 'idle', of: ({ idleCount }) => Math.max(0, idleCount) },
    ],
    label: figure,
    roundUp: roundFigure,
  },
  {
    id: 'waits',
    heading: 'Longest wait',
    explanation: 'Of the pods that came within each stretch of time, until they had an address.',
    layers: [{ name: 'wait', words: 'wait', of: ({ maxWaitMs }) => maxWaitMs }],
    label: duration,
    roundUp: roundTime,
  },
  {
    id: 'calls',
    heading: 'EC2 calls',
    explanation: 'Within each stretch of time; throttled ones were refused and had to be repeated.',
    layers: [
      {
        name: 'calls',
        words: 'carried out',
        of: ({ callCount, throttledCount }) => callCount - throttledCount,
      },
      { name: 'throttled', words: 'throttled', of: ({ throttledCount }) => throttledCount },
    ],
    label: figure,
    roundUp: roundFigure,
  },
];

/** One self-contained page: figures, and charts of all settings side by side on the same scales. */
export function reportPage(report: {
  readonly title: string;
  readonly results: readonly NamedResult[];
}): string {
  const { title, results } = report;
  const stretchCount = results[0]?.result.timeline.length ?? 0;
  const data = {
    stretchCount,
    readouts: Object.fromEntries(
      KINDS.flatMap((kind) =>
        results.map(({ result }, index) => [
          `${kind.id}-${index}`,
          result.timeline.map((sample) => readout(kind, sample)),
        ]),
      ),
    ),
  };
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escaped(title)}</title>
<link rel="icon" href="data:,">
<style>${PAGE_STYLE}</style>
</head>
<body>
<header><div><h1>${escaped(title)}</h1>${subtitle(results)}</div><button id="theme" type="button">dark</button></header>
<h2>Figures</h2>
<div class="scroll">${figureTable(results)}</div>
${KINDS.map((kind) => section(kind, results)).join('\n')}
<h2>EC2 calls by action</h2>
<div class="scroll">${callTable(results)}</div>
<script id="report" type="application/json">${scriptJson(data)}</script>
<script>${PAGE_SCRIPT}</script>
</body>
</html>
`;
}

function subtitle(results: readonly NamedResult[]): string {
  const [first] = results;
  if (first === undefined) {
    return '';
  }
  const { durationMs, nodeCount, maxPods, waits } = first.result;
  const nodes = nodeCount === 1 ? 'one node' : `${figure(nodeCount)} nodes`;
  return `<p>${figure(waits.podCount)} pods within ${duration(durationMs)}; ${nodes} of ${figure(maxPods)} max-pods. Simulated.</p>`;
}

function section(kind: ChartKind, results: readonly NamedResult[]): string {
  const totals = results.flatMap(({ result }) =>
    result.timeline.map((sample) => kind.layers.reduce((sum, { of }) => sum + of(sample), 0)),
  );
  const most = kind.roundUp(totals.reduce((a, b) => Math.max(a, b), 0));
  const legend = kind.layers.map(
    ({ name, words }) =>
      `<button type="button" data-layer="${name}" aria-pressed="true"><i class="${name}"></i>${words}</button>`,
  );
  const figures = results.map(({ name, result }, index) => {
    const chart = stackedChart({
      title: `${kind.heading}: ${name}`,
      layers: kind.layers.map((layer) => ({
        name: layer.name,
        values: result.timeline.map(layer.of),
      })),
      most,
      durationMs: result.durationMs,
      label: kind.label,
    });
    return `<figure class="card" id="${kind.id}-${index}"><h3>${escaped(name)}</h3>${chart}<div class="readout"></div></figure>`;
  });
  return (
    `<h2>${kind.heading}</h2><p>${kind.explanation}</p>` +
    (kind.layers.length > 1 ? `<div class="legend">${legend.join('')}</div>` : '') +
    `<div class="side">${figures.join('')}</div>`
  );
}

const readout = ({ layers, label }: ChartKind, sample: Sample): string =>
  [
    `at ${clockTime(sample.atMs)}:`,
    layers.map(({ words, of }) => `${words} ${label(of(sample))}`).join(', '),
  ].join(' ');

const figureTable = (results: readonly NamedResult[]): string =>
  htmlTable(
    ['', ...results.map(({ name }) => name)],
    FIGURES.map(({ label, of }) => [label, ...results.map(({ result }) => of(result))]),
  );

const callTable = (results: readonly NamedResult[]): string =>
  htmlTable(
    ['', ...results.map(({ name }) => name)],
    EC2_CALLS.filter((action) =>
      results.some(({ result }) => result.ec2.byAction[action].callCount > 0),
    ).map((action) => [
      action,
      ...results.map(({ result }) => figure(result.ec2.byAction[action].callCount)),
    ]),
  );

function htmlTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const cells = (line: readonly string[], tag: string) =>
    `<tr>${line.map((cell) => `<${tag}>${escaped(cell)}</${tag}>`).join('')}</tr>`;
  return `<table><thead>${cells(head, 'th')}</thead><tbody>${rows.map((row) => cells(row, 'td')).join('')}</tbody></table>`;
}
