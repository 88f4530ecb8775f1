import { spawn } from 'node:child_process';
import { FabricError } from './fabric-error.ts';

// The one place that executes programs. Children are forked by the calling thread and so start in its network
// namespace, which is the fabric; other namespaces are entered by the child.

/** The namespace a command works in; absent for the fabric's own. */
export interface CommandScope {
  readonly netns?: string;
}

/** Where a named namespace can be entered. */
export const netnsPath = (netns: string): string => `/run/netns/${netns}`;

/**
 * Executes ip(8) command lines in one process, stopping at the first that fails.
 *
 * @throws {FabricError} `kernel-refused`; fact `completedCount` is how many lines took effect.
 */
export async function runIpBatch(
  lines: readonly string[],
  scope: CommandScope = {},
): Promise<void> {
  if (lines.length === 0) return;
  const { exitCode, stderr } = await execute('ip', [...inNetns(scope), '-batch', '-'], lines);
  if (exitCode === 0) return;
  const failed = failedLines(stderr)[0] ?? { number: 1, answer: stderr.trim() };
  throw refused(`ip ${[...inNetns(scope), lines[failed.number - 1]].join(' ')}`, failed.answer, {
    completedCount: failed.number - 1,
  });
}

/**
 * Executes ip(8) command lines that remove things, all of them whatever happens to one.
 *
 * @returns One error per line that failed for another reason than its object being gone already.
 */
export async function runIpRemovals(lines: readonly string[]): Promise<readonly FabricError[]> {
  if (lines.length === 0) return [];
  const { exitCode, stderr } = await execute('ip', ['-force', '-batch', '-'], lines);
  if (exitCode === 0) return [];
  return failedLines(stderr)
    .filter(({ answer }) => !alreadyGone.test(answer))
    .map(({ number, answer }) => refused(`ip ${lines[number - 1]}`, answer));
}

/**
 * Loads an nft(8) script as one transaction.
 *
 * The script is an argument: `nft -f -` opens /dev/stdin, which fails on the socket that Node gives a child.
 *
 * @throws {FabricError} `kernel-refused`
 */
export async function runNft(script: string, scope: CommandScope = {}): Promise<void> {
  const { exitCode, stderr } = await execute(...entering(scope, 'nft', [script]), []);
  if (exitCode !== 0) throw refused(`nft '${script.trim()}'`, stderr.trim());
}

/** A sysctl by its path under /proc/sys, and its value. */
export type Sysctl = readonly [path: string, value: string];

/**
 * Writes sysctls of another namespace, whose files only a process inside can see, and brings its loopback up.
 *
 * @throws {FabricError} `kernel-refused`
 */
export async function startNetns(netns: string, sysctls: readonly Sysctl[]): Promise<void> {
  const script = `
    ip link set dev lo up
    while read -r path value; do echo "$value" > "/proc/sys/$path"; done`;
  const [program, parameters] = entering({ netns }, 'sh', ['-ec', script]);
  const entries = sysctls.map((entry) => entry.join(' '));
  const { exitCode, stderr } = await execute(program, parameters, entries);
  if (exitCode !== 0) throw refused(`starting namespace ${netns}`, stderr.trim());
}

const inNetns = ({ netns }: CommandScope) => (netns === undefined ? [] : ['-n', netns]);

const entering = (
  { netns }: CommandScope,
  program: string,
  parameters: readonly string[],
): [program: string, parameters: readonly string[]] =>
  netns === undefined
    ? [program, parameters]
    : ['nsenter', [`--net=${netnsPath(netns)}`, '--', program, ...parameters]];

function execute(
  program: string,
  parameters: readonly string[],
  inputLines: readonly string[],
): Promise<{ exitCode: number; stderr: string }> {
  return new Promise((resolve, reject) => {
    const env = { ...process.env, LC_ALL: 'C', PATH: `${process.env['PATH']}:/usr/sbin:/sbin` };
    const child = spawn(program, parameters, { env, stdio: ['pipe', 'ignore', 'pipe'] });
    let stderr = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    child.on('error', (cause) => {
      reject(refused(program, `cannot be started (${cause.message}); is it installed?`, {}, cause));
    });
    child.on('close', (code) => resolve({ exitCode: code ?? 1, stderr }));
    child.stdin.on('error', () => {}); // a child that ended early has said why on stderr
    child.stdin.end(inputLines.map((line) => `${line}\n`).join(''));
  });
}

// iproute2 6.x: the reason, then "Command failed -:<line number>". Reasons of a removal whose object is gone:
// link "Cannot find device", route "No such process", address "Cannot assign requested address",
// namespace "Cannot remove namespace file …: No such file or directory".
const alreadyGone = /Cannot find device|No such (process|file|device)|Cannot assign requested/;

function failedLines(stderr: string): { number: number; answer: string }[] {
  const failed: { number: number; answer: string }[] = [];
  let reason: string[] = [];
  for (const line of stderr.split('\n')) {
    const number = /^Command failed -:(\d+)$/.exec(line)?.[1];
    if (number === undefined) {
      reason.push(line);
    } else {
      failed.push({ number: Number(number), answer: reason.join(' ').trim() });
      reason = [];
    }
  }
  return failed;
}

const refused = (
  command: string,
  answer: string,
  facts: Readonly<Record<string, number>> = {},
  cause?: unknown,
) =>
  new FabricError('kernel-refused', `executing "${command}": ${answer}`, {
    facts: { command, answer, ...facts },
    cause,
  });
