import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runCommand } from '@vpc-cni/sandbox';

/** A pod's namespace and identity, made before the clock starts. */
export interface BenchPod {
  readonly name: string;
  readonly netns: string;
  readonly containerId: string;
}

/** A CNI plugin in the race: an executable, its configuration, and what its environment needs. */
export interface Contestant {
  readonly name: string;
  readonly path: string;
  readonly conf: Readonly<Record<string, unknown>>;
  readonly environment: Readonly<Record<string, string>>;
}

/** One verb of one contestant, for several pods. A CHECK is told what the pod's last ADD printed. */
export interface Invocation {
  readonly contestant: Contestant;
  readonly verb: 'ADD' | 'CHECK' | 'DEL';
  /** Namespace the plugin is executed in. */
  readonly hostNetns: string;
  readonly pods: readonly BenchPod[];
}

/** What one execution cost, with what the program itself executed. */
export interface Execution {
  /** From exec to exit. */
  readonly ms: number;
  readonly cpuMs: number;
  readonly peakKib: number;
}

const execTimer = fileURLToPath(new URL('../../dist/exec-timer', import.meta.url));
const scratch = '/run/bench';

/** Executes for each pod, one after the other. */
export async function runInTurn(invocation: Invocation): Promise<readonly Execution[]> {
  const lines = await run('in-turn', invocation);
  return lines.map((line) => {
    const [us = Number.NaN, , cpuUs = Number.NaN, peakKib = Number.NaN] = line
      .split(' ')
      .map(Number);
    return { ms: us / 1000, cpuMs: cpuUs / 1000, peakKib };
  });
}

/** Milliseconds from the first exec to the last exit, all pods at once. */
export async function runAtOnce(invocation: Invocation): Promise<number> {
  const [wall = ''] = await run('at-once', invocation);
  return Number.parseInt(wall, 10) / 1000;
}

/** What exec-timer prints, once every execution has succeeded. */
async function run(
  mode: 'in-turn' | 'at-once',
  invocation: Invocation,
): Promise<readonly string[]> {
  const { contestant, hostNetns, pods } = invocation;
  const directories = await Promise.all(pods.map((pod) => prepare(invocation, pod)));
  const { exitCode, stdout, stderr } = await runCommand(
    [execTimer, mode, contestant.path, ...directories],
    { netns: hostNetns, timeoutMs: 120_000 },
  );
  if (exitCode !== 0) throw new Error(`exec-timer: ${stderr}`);
  const lines = stdout.trim().split('\n');
  const executions = mode === 'at-once' ? lines.slice(1) : lines;
  const failed = executions.findIndex((line) => line.split(' ')[1] !== '0');
  if (failed >= 0) throw await failure(invocation, failed, directories[failed] ?? '');
  return lines;
}

async function prepare(invocation: Invocation, pod: BenchPod): Promise<string> {
  const { contestant, verb } = invocation;
  const directory = join(scratch, pod.name);
  const variables = Object.entries(environmentOf(invocation, pod));
  await mkdir(directory, { recursive: true });
  const conf =
    verb === 'CHECK'
      ? { ...contestant.conf, prevResult: JSON.parse(await readFile(stdoutOf(directory), 'utf8')) }
      : contestant.conf;
  await writeFile(join(directory, 'env'), variables.map(([k, v]) => `${k}=${v}\0`).join(''));
  await writeFile(join(directory, 'stdin'), JSON.stringify(conf));
  return directory;
}

const stdoutOf = (directory: string) => join(directory, 'stdout');

const environmentOf = ({ contestant, verb }: Invocation, pod: BenchPod) => ({
  PATH: '/usr/sbin:/usr/bin:/sbin:/bin',
  CNI_COMMAND: verb,
  CNI_CONTAINERID: pod.containerId,
  CNI_NETNS: pod.netns,
  CNI_IFNAME: 'eth0',
  CNI_ARGS: `IgnoreUnknown=1;K8S_POD_NAMESPACE=bench;K8S_POD_NAME=${pod.name}`,
  ...contestant.environment,
});

async function failure(
  { contestant, verb, pods }: Invocation,
  index: number,
  directory: string,
): Promise<Error> {
  const output = await readFile(stdoutOf(directory), 'utf8');
  return new Error(`${contestant.name}: ${verb} of ${pods[index]?.name} failed: ${output}`);
}
