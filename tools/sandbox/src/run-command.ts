import { type ChildProcess, spawn } from 'node:child_process';

/** How a command ended. */
export interface CommandResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CommandOptions {
  /** Path of the network namespace to run in; default: this process's own. */
  readonly netns?: string;
  /** The whole environment; default: this process's own. */
  readonly env?: Readonly<Record<string, string>>;
  readonly stdin?: string;
  /** The command is killed after this time, ms. Default 15,000. */
  readonly timeoutMs?: number;
}

const insideOf = (netns: string | undefined, argv: readonly string[]): readonly string[] =>
  netns === undefined ? argv : ['nsenter', `--net=${netns}`, '--', ...argv];

/** Runs a command to its end. A command that cannot be started, or is killed, has exit code -1. */
export function runCommand(
  argv: readonly string[],
  options: CommandOptions = {},
): Promise<CommandResult> {
  const { netns, env, stdin = '', timeoutMs = 15_000 } = options;
  const [program = '', ...args] = insideOf(netns, argv);
  return new Promise((resolve) => {
    const child = spawn(program, args, {
      ...(env === undefined ? {} : { env }),
      timeout: timeoutMs,
      killSignal: 'SIGKILL',
    });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    child.once('error', (error) => resolve({ exitCode: -1, stdout, stderr: error.message }));
    child.once('close', (code) => resolve({ exitCode: code ?? -1, stdout, stderr }));
    child.stdin.on('error', () => {});
    child.stdin.end(stdin);
  });
}

/** Runs a command that must succeed. */
export async function mustRun(
  argv: readonly string[],
  options: CommandOptions = {},
): Promise<string> {
  const { exitCode, stdout, stderr } = await runCommand(argv, options);
  if (exitCode !== 0) throw new Error(`${argv.join(' ')} failed (${exitCode}): ${stderr}${stdout}`);
  return stdout;
}

/** A program that runs until it is stopped. */
export interface BackgroundProgram {
  readonly process: ChildProcess;
  /** Sends the signal and waits for the end. */
  stop(signal?: NodeJS.Signals): Promise<void>;
}

/** Starts a program in the background. */
export function startProgram(
  argv: readonly string[],
  options: {
    readonly netns?: string;
    readonly env?: Readonly<Record<string, string>>;
    readonly stdio?: 'ignore' | 'inherit' | readonly ('ignore' | 'pipe' | 'inherit' | number)[];
  } = {},
): BackgroundProgram {
  const { netns, env, stdio = 'ignore' } = options;
  const [program = '', ...args] = insideOf(netns, argv);
  const child = spawn(program, args, {
    ...(env === undefined ? {} : { env }),
    stdio: typeof stdio === 'string' ? stdio : [...stdio],
  });
  const ended = new Promise<void>((resolve) => {
    child.once('close', () => resolve());
    child.once('error', () => resolve());
  });
  return {
    process: child,
    stop: (signal = 'SIGTERM') => {
      child.kill(signal);
      return ended;
    },
  };
}
