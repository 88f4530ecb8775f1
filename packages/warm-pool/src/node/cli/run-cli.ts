import { isWarmPoolError } from '../../warm-pool-error.ts';
import { readArguments } from './arguments.ts';
import { CliError } from './cli-error.ts';
import { COMMON_OPTIONS, type Command, helpOf } from './command.ts';
import { compareCommand } from './compare-command.ts';
import { maxPodsCommand } from './max-pods-command.ts';
import { planCommand } from './plan-command.ts';
import { recommendCommand } from './recommend-command.ts';
import { simulateCommand } from './simulate-command.ts';
import type { Terminal } from './terminal.ts';

const COMMANDS: readonly Command[] = [
  maxPodsCommand,
  planCommand,
  simulateCommand,
  compareCommand,
  recommendCommand,
];

/** What the command line makes of unusable input. */
const EXIT_BAD_INPUT = 2;

/**
 * Runs one command line.
 *
 * @param args without program and script.
 * @returns the exit code: 0, or 2 when the input cannot be used.
 */
export async function runCli(
  args: readonly string[],
  terminal: Terminal,
  nowMs: () => number,
): Promise<number> {
  try {
    await dispatch(args, terminal, nowMs);
    return 0;
  } catch (error) {
    if (error instanceof CliError || isWarmPoolError(error)) {
      terminal.err(`warm-pool: ${error.message}\n`);
      return EXIT_BAD_INPUT;
    }
    throw error;
  }
}

async function dispatch(
  [name, ...rest]: readonly string[],
  terminal: Terminal,
  nowMs: () => number,
): Promise<void> {
  if (name === undefined || name === 'help' || name === '--help' || name === '-h') {
    terminal.out(overview());
    return;
  }
  const command = COMMANDS.find((one) => one.name === name);
  if (command === undefined) {
    const names = COMMANDS.map((one) => one.name).join(', ');
    throw new CliError('command', name, `choose ${names}; --help tells more`);
  }
  const args = readArguments(rest, { ...command.options, ...COMMON_OPTIONS });
  if (args.has('help')) {
    terminal.out(helpOf(command));
    return;
  }
  await command.run(args, terminal, nowMs);
}

function overview(): string {
  const lines = COMMANDS.map(({ name, summary }) => `  ${name.padEnd(12)}${summary}`);
  return [
    'warm-pool: how many ENIs and addresses a Kubernetes node on EC2 needs.',
    '',
    ...lines,
    '',
    'warm-pool COMMAND --help tells about its options.',
    '',
  ].join('\n');
}
