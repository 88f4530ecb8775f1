import type { Arguments, OptionSpecs } from './arguments.ts';
import type { Terminal } from './terminal.ts';

/** One verb of the command line. */
export interface Command {
  readonly name: string;
  /** What follows the name, for help. */
  readonly usage: string;
  readonly summary: string;
  readonly options: OptionSpecs;
  /** A command line that shows what it is for. */
  readonly example: string;
  run(args: Arguments, terminal: Terminal, nowMs: () => number): Promise<void>;
}

/** Options of every command. */
export const COMMON_OPTIONS: OptionSpecs = {
  json: { help: 'one JSON document instead of tables' },
  help: { help: 'this text' },
};

export const printJson = ({ out }: Terminal, value: unknown): void =>
  out(`${JSON.stringify(value, undefined, 2)}\n`);

/** What `--help` prints for a command. */
export function helpOf({ name, usage, summary, options, example }: Command): string {
  const lines = Object.entries({ ...options, ...COMMON_OPTIONS }).map(
    ([option, { value, repeated, help }]) => ({
      left: `  --${option}${value === undefined ? '' : ` ${value}`}${repeated ? ' …' : ''}`,
      help,
    }),
  );
  const width = Math.max(...lines.map(({ left }) => left.length)) + 2;
  return [
    `warm-pool ${name} ${usage}`,
    '',
    summary,
    '',
    ...lines.map(({ left, help }) => left.padEnd(width) + help),
    '',
    'For instance:',
    `  ${example}`,
    '',
  ].join('\n');
}
