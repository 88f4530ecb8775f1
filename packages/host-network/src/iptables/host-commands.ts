import { execFile } from 'node:child_process';
import { HostNetworkError } from '../host-network-error.ts';
import { systemErrorCode } from '../native/errno.ts';

/** Names or paths of the programs that own the packet filter. */
export interface HostCommands {
  readonly iptables: string;
  readonly iptablesSave: string;
  readonly iptablesRestore: string;
  readonly nft: string;
}

/** The programs as the host has chosen them: `iptables` is whichever back-end is in use. */
export const defaultCommands: HostCommands = {
  iptables: 'iptables',
  iptablesSave: 'iptables-save',
  iptablesRestore: 'iptables-restore',
  nft: 'nft',
};

/** The shell's exit code for a program that is not there; also ours for one that may not be run. */
export const CANNOT_RUN = 127;

const TIMEOUT_MS = 30_000;
const OUTPUT_CEILING_BYTES = 64 * 1024 * 1024;

/**
 * Runs a program with `input` on its standard input and returns what it prints.
 *
 * @throws {HostNetworkError} `iptables-failed` with `facts.exitCode` (127: it cannot be run) and `facts.stderr`.
 */
export function runCommand(command: string, args: readonly string[], input = ''): Promise<string> {
  return new Promise((resolve, reject) => {
    const options = { timeout: TIMEOUT_MS, maxBuffer: OUTPUT_CEILING_BYTES };
    const child = execFile(command, args, options, (cause, stdout, stderr) => {
      if (cause === null) resolve(stdout);
      else reject(commandError(command, args, cause, stderr));
    });
    // A program that refuses its input early closes it; its exit code tells the story.
    child.stdin?.on('error', () => {});
    child.stdin?.end(input);
  });
}

function commandError(
  command: string,
  args: readonly string[],
  cause: Error & { readonly killed?: boolean },
  stderr: string,
): HostNetworkError {
  const exitCode = exitCodeOf(cause);
  const words = stderr.trim().slice(0, 2_000);
  const cannotRun = `it cannot be run (${systemErrorCode(cause)}); is it installed?`;
  const what = exitCode === CANNOT_RUN ? cannotRun : cause.killed ? 'it took too long' : words;
  return new HostNetworkError(
    'iptables-failed',
    `running ${[command, ...args].join(' ')}: exit code ${exitCode}, ${what}`,
    { cause, facts: { command, exitCode, stderr: words } },
  );
}

function exitCodeOf(cause: Error): number {
  if ('syscall' in cause) return CANNOT_RUN;
  return 'code' in cause && typeof cause.code === 'number' ? cause.code : -1;
}
