import type { SimulationConfig } from '../../simulator/config.ts';
import type { Arguments, OptionSpecs } from './arguments.ts';
import { CliError } from './cli-error.ts';
import { printJson } from './command.ts';
import { reportPage } from './html/report-page.ts';
import { callTable, type NamedResult, resultTable } from './result-table.ts';
import type { Terminal } from './terminal.ts';
import { addressChart } from './terminal-chart.ts';

export const OUTPUT_OPTIONS: OptionSpecs = {
  'figures-only': { help: 'only the table of figures, without charts and calls' },
  html: { value: 'FILE', help: 'also write a page with charts, which needs no network' },
};

/** Results as the options ask for them: tables and charts, or JSON; and a page. */
export async function showResults(
  report: { readonly title: string; readonly results: readonly NamedResult[] },
  args: Arguments,
  terminal: Terminal,
): Promise<void> {
  const { title, results } = report;
  const path = args.value('html');
  if (path !== undefined) {
    await terminal.write(path, reportPage(report)).catch((error: unknown) => {
      const reason = error instanceof Error ? error.message : String(error);
      throw new CliError('--html', path, `name a file that can be written (${reason})`);
    });
  }
  if (args.has('json')) {
    printJson(terminal, { title, results: results.map(forJson) });
    return;
  }
  terminal.out(`${title}\n\n`);
  const { named, key } = shortNames(results, terminal.columns);
  if (args.has('figures-only')) {
    terminal.out(`${key}${resultTable(named)}`);
  } else {
    terminal.out(`${charts(results, terminal)}${key}${resultTable(named)}\n${callTable(named)}`);
  }
  if (path !== undefined) {
    terminal.err(`charts: ${path}\n`);
  }
}

const charts = (results: readonly NamedResult[], { columns }: Terminal): string =>
  results
    .map(({ name, result }) => {
      const heading = results.length === 1 ? '' : `${name}\n`;
      return `${heading}${addressChart(result.timeline, result.durationMs, columns)}\n`;
    })
    .join('');

/** Beside the figures' names. */
const LABEL_WIDTH = 32;

/** Letters instead of names that are too long for a table, and the key to them. */
function shortNames(
  results: readonly NamedResult[],
  columns: number,
): { readonly named: readonly NamedResult[]; readonly key: string } {
  const width = results.reduce((sum, { name }) => sum + name.length + 2, LABEL_WIDTH);
  if (width <= columns) {
    return { named: results, key: '' };
  }
  const letter = (index: number) => String.fromCharCode('A'.charCodeAt(0) + index);
  const lines = results.map(({ name }, index) => `${letter(index)}: ${name}\n`);
  return {
    named: results.map(({ result }, index) => ({ name: letter(index), result })),
    key: `${lines.join('')}\n`,
  };
}

/** One line per pod would drown the rest; the library has them. */
export function forJson({ name, result }: NamedResult) {
  const { pods, ...rest } = result;
  return { name, ...rest };
}

/** A configuration once strategy and targets are known. */
export const configOf = (
  base: Omit<SimulationConfig, 'strategy' | 'targets'>,
  setting: Pick<SimulationConfig, 'strategy' | 'targets' | 'addressCooldownMs'>,
): SimulationConfig => ({
  ...base,
  strategy: setting.strategy,
  targets: setting.targets,
  ...(setting.addressCooldownMs === undefined
    ? {}
    : { addressCooldownMs: setting.addressCooldownMs }),
});
