import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { constants } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** Processes and mounts that end together, as those of a computer do that loses power. */
export interface Machine {
  /** Its file system as seen from here. */
  readonly rootDirectory: string;
  /** Runs a command to its end, and gives its stdout. */
  run(...command: readonly string[]): string;
  /** Starts a command that lasts. */
  start(command: readonly string[], options: MachineProgramOptions): MachineProgram;
  /** Kills every process in it; its mounts, and namespaces that only it knows, go too. */
  powerOff(): Promise<void>;
}

export interface MachineProgramOptions {
  /** The whole environment. Default: this process's own. */
  readonly env?: Readonly<Record<string, string>>;
  /** File descriptor of stdout and stderr. */
  readonly logFd: number;
}

export interface MachineProgram {
  hasEnded(): boolean;
  /** Resolves to the exit status; 128 + n after signal n, as shells have it. */
  ended(): Promise<number>;
  /** Sends the signal and waits for the end. */
  stop(signal: NodeJS.Signals): Promise<void>;
}

const CHILD_LIMIT_MS = 10_000;

/**
 * Switches a machine on: mount and process namespaces of its own, with an empty /run and /var/lib.
 *
 * @param options.directory exists, and is the machine's alone.
 * @param options.netns path of the network namespace it is in; default: a new one.
 * @param options.shared directories that outlast the machine, by where it has them: below /run or /var/lib.
 */
export async function startMachine(options: {
  readonly directory: string;
  readonly netns?: string;
  readonly shared?: Readonly<Record<string, string>>;
}): Promise<Machine> {
  const { directory, netns, shared = {} } = options;
  const stage = join(directory, 'stage');
  await mkdir(stage, { recursive: true });
  // Set up aside, because the shared directories may be under what is then covered.
  const script = [
    'set -e',
    `mount -t tmpfs tmpfs ${stage}`,
    `mkdir -p ${stage}/run ${stage}/var/lib`,
    ...Object.entries(shared).flatMap(([target, source]) => [
      `mkdir -p ${stage}${target} ${source}`,
      `mount --bind ${source} ${stage}${target}`,
    ]),
    `mount --rbind ${stage}/var/lib /var/lib`,
    `mount --rbind ${stage}/run /run`,
    // As on a node: containers that mount /run/netns see the namespaces of pods that come later. All of it, because
    // containerd may take a mount of that name for it that is covered.
    'mount --make-rshared /',
    'ip link set lo up',
    'echo up >&3',
    'exec 3>&-',
    // bash, not sleep, is the first process: it buries those who have lost their parent.
    'sleep infinity & wait',
  ].join('\n');
  const network = netns === undefined ? ['--net'] : [];
  const namespaces = ['--mount', '--propagation', 'private', '--pid', '--fork', '--kill-child'];
  const enter = netns === undefined ? [] : ['nsenter', `--net=${netns}`, '--'];
  const [program = '', ...args] = [
    ...enter,
    ...['unshare', ...network, ...namespaces, '--mount-proc', 'bash', '-c', script],
  ];
  const logPath = join(directory, 'log');
  const logFd = openSync(logPath, 'w');
  const unshare = spawn(program, args, { stdio: ['ignore', 'ignore', logFd, 'pipe'] });
  closeSync(logFd);
  const up = once(unshare.stdio[3] as NodeJS.ReadableStream, 'data');
  await Promise.race([up, ended(unshare)]);
  const pid = childOf(unshare);
  if (pid === undefined) {
    throw new Error(
      `the machine in ${directory} does not start: ${await readFile(logPath, 'utf8')}`,
    );
  }
  const inside = (command: readonly string[]) => [
    ...['-t', String(pid), '--net', '--mount', '--pid', '--', ...command],
  ];

  return {
    rootDirectory: `/proc/${pid}/root`,
    run: (...command) =>
      execFileSync('nsenter', inside(command), {
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'pipe'],
      }),
    start: (command, { env, logFd }) =>
      asProgram(
        spawn('nsenter', inside(command), {
          stdio: ['ignore', logFd, logFd],
          ...(env === undefined ? {} : { env }),
        }),
      ),
    powerOff: async () => {
      // The first process ends after all others of its namespace, and `unshare` after it.
      if (!hasEnded(unshare)) process.kill(pid, 'SIGKILL');
      await ended(unshare);
    },
  };
}

/** What `nsenter` waits for is the program; a signal to `nsenter` would not reach it. */
function asProgram(nsenter: ChildProcess): MachineProgram {
  return {
    hasEnded: () => hasEnded(nsenter),
    ended: async () => {
      await ended(nsenter);
      const { exitCode, signalCode } = nsenter;
      return exitCode ?? 128 + (signalCode === null ? 0 : constants.signals[signalCode]);
    },
    stop: async (signal) => {
      const giveUpAtMs = Date.now() + CHILD_LIMIT_MS;
      let pid = childOf(nsenter);
      while (pid === undefined && !hasEnded(nsenter) && Date.now() < giveUpAtMs) {
        await sleep(5);
        pid = childOf(nsenter);
      }
      if (pid !== undefined && !hasEnded(nsenter)) process.kill(pid, signal);
      await ended(nsenter);
    },
  };
}

const hasEnded = ({ exitCode, signalCode }: ChildProcess) =>
  exitCode !== null || signalCode !== null;

async function ended(child: ChildProcess): Promise<void> {
  if (!hasEnded(child)) await once(child, 'exit');
}

/** The process that `unshare` or `nsenter` waits for. */
function childOf({ pid }: ChildProcess): number | undefined {
  try {
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
    return children === '' ? undefined : Number(children.split(' ')[0]);
  } catch {
    return undefined;
  }
}
