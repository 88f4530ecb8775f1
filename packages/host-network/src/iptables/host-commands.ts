import { execFile } from 'node:child_process';
import { HostNetworkError } from '../host-network-error.ts';
import { systemErrorCode } from '../native/errno.ts';

/** The programs for one family of one iptables back-end, by name or path. */
export interface IptablesPrograms {
  readonly iptables: string;
  readonly save: string;
  readonly restore: string;
}

export interface IptablesFamilies {
  readonly ipv4: IptablesPrograms;
  readonly ipv6: IptablesPrograms;
}

/** The programs that own the packet filter. */
export interface HostCommands {
  readonly nf_tables: IptablesFamilies;
  readonly legacy: IptablesFamilies;
  /** Used where neither of the two is installed, as before iptables 1.8: the host has one back-end. */
  readonly only: IptablesFamilies;
  readonly nft: string;
}

const named = (suffix: string): IptablesFamilies => ({
  ipv4: programs(`iptables${suffix}`),
  ipv6: programs(`ip6tables${suffix}`),
});

const programs = (name: string): IptablesPrograms => ({
  iptables: name,
  save: `${name}-save`,
  restore: `${name}-restore`,
});

/** On the PATH, under the names that iptables installs. */
export const defaultCommands: HostCommands = {
  nf_tables: named('-nft'),
  legacy: named('-legacy'),
  only: named(''),
  nft: 'nft',
};

/** The shell's exit code for a program that is not there; also ours for one that may not be run. */
const CANNOT_RUN = 127;
/** iptables' exit code when the lock stays taken; also for some other failures. See {@link isLockHeld}. */
const RESOURCE_PROBLEM = 4;

const TIMEOUT_MS = 30_000;
const OUTPUT_CEILING_BYTES = 64 * 1024 * 1024;

/**
 * Runs a program with `input` on its standard input and returns what it prints.
 *
 * @throws {HostNetworkError} `iptables-failed` with `facts.exitCode` (127: it cannot be run) and
 *   `facts.stderr`; `iptables-locked` when another program kept the lock.
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

/** True for the error of a program that is not installed. */
export const isNotInstalled = (error: HostNetworkError): boolean =>
  error.facts['exitCode'] === CANNOT_RUN;

function commandError(
  command: string,
  args: readonly string[],
  cause: Error & { readonly killed?: boolean },
  stderr: string,
): HostNetworkError {
  const exitCode = exitCodeOf(cause);
  const words = stderr.trim().slice(0, 2_000);
  const line = [command, ...args].join(' ');
  const options = { cause, facts: { command, exitCode, stderr: words } };
  if (isLockHeld(exitCode, words)) {
    return new HostNetworkError(
      'iptables-locked',
      `running ${line}: another program kept the xtables lock all that time, nothing was changed; see who holds /run/xtables.lock`,
      options,
    );
  }
  const cannotRun = `it cannot be run (${systemErrorCode(cause)}); is it installed?`;
  const what = exitCode === CANNOT_RUN ? cannotRun : cause.killed ? 'it took too long' : words;
  return new HostNetworkError(
    'iptables-failed',
    `running ${line}: exit code ${exitCode}, ${what}`,
    options,
  );
}

const isLockHeld = (exitCode: number, stderr: string) =>
  exitCode === RESOURCE_PROBLEM && /xtables lock/i.test(stderr);

function exitCodeOf(cause: Error): number {
  if ('syscall' in cause) return CANNOT_RUN;
  return 'code' in cause && typeof cause.code === 'number' ? cause.code : -1;
}
