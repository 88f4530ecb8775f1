import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { launcherPath, pluginConf } from '@vpc-cni/sandbox';
import { residentKib } from '../process-cost.ts';
import { median, percentile, rounded } from '../statistics.ts';

const RUNS = 500;
const MEMORY_RUNS = 20;
const execTimer = fileURLToPath(new URL('../../dist/exec-timer', import.meta.url));

/**
 * The launcher alone, from exec to exit: a daemon that answers at once stands behind it, so that what is left is
 * the price of executing it. Its memory is read from /proc while it waits.
 */
export async function measureLauncher() {
  const work = await mkdtemp(join(tmpdir(), 'bench-launcher-'));
  const daemon = await listen(join(work, 'cni.sock'));
  try {
    const [version, add] = [await timesOf('VERSION', work), await timesOf('ADD', work)];
    const residents: number[] = [];
    for (let run = 0; run < MEMORY_RUNS; run++) residents.push(await residentOf(work, daemon));
    return {
      launcher_version_p50_ms: rounded(median(version)),
      launcher_p50_ms: rounded(median(add)),
      launcher_p99_ms: rounded(percentile(add, 0.99)),
      launcher_rss_kib: Math.max(...residents),
      launcher_bytes: (await readFile(launcherPath)).length,
    };
  } finally {
    daemon.close();
    await rm(work, { recursive: true });
  }
}

interface Daemon {
  /** The next question is not answered; whoever asked for it does so. */
  nextQuestion(): Promise<ServerResponse>;
  close(): void;
}

async function listen(path: string): Promise<Daemon> {
  let receive = answer;
  const server = createServer((_, response) => receive(response));
  server.listen(path);
  await once(server, 'listening');
  return {
    nextQuestion: () =>
      new Promise((resolve) => {
        receive = (response) => {
          receive = answer;
          resolve(response);
        };
      }),
    close: () => server.close(),
  };
}

const answer = (response: ServerResponse) => {
  const body = '{"cniVersion":"0.4.0"}';
  response.setHeader('Cni-Exit-Code', 0);
  response.writeHead(200, { 'Content-Length': body.length, Connection: 'close' }).end(body);
};

const stdinIn = (work: string) =>
  JSON.stringify({ ...pluginConf, pluginLogFile: join(work, 'plugin.log') });

const environmentOf = (command: string, work: string): Readonly<Record<string, string>> => ({
  CNI_COMMAND: command,
  CNI_CONTAINERID: 'a'.repeat(64),
  CNI_NETNS: '/run/netns/bench',
  CNI_IFNAME: 'eth0',
  CNI_ARGS: 'IgnoreUnknown=1;K8S_POD_NAMESPACE=default;K8S_POD_NAME=bench',
  CNI_PATH: '/opt/cni/bin',
  AWS_VPC_K8S_CNI_RUN_DIR: work,
});

/** Milliseconds of each run, one after the other. */
async function timesOf(command: string, work: string): Promise<readonly number[]> {
  const directory = join(work, command);
  await mkdir(directory);
  const entries = Object.entries(environmentOf(command, work)).map(
    ([name, value]) => `${name}=${value}\0`,
  );
  await writeFile(join(directory, 'env'), entries.join(''));
  await writeFile(join(directory, 'stdin'), stdinIn(work));
  const directories = Array<string>(RUNS).fill(directory);
  const { stdout } = await promisify(execFile)(execTimer, [
    'in-turn',
    launcherPath,
    ...directories,
  ]);
  const lines = stdout.trim().split('\n');
  const failed = lines.find((line) => line.split(' ')[1] !== '0');
  if (failed !== undefined) throw new Error(`${command}: microseconds and status ${failed}`);
  return lines.map((line) => Number.parseInt(line, 10) / 1000);
}

/** Resident memory of a launcher that has read its stdin and waits for its answer, KiB. */
async function residentOf(work: string, daemon: Daemon): Promise<number> {
  const asked = daemon.nextQuestion();
  const child = spawn(launcherPath, {
    env: environmentOf('ADD', work),
    stdio: ['pipe', 'ignore', 'inherit'],
  });
  child.stdin.end(stdinIn(work));
  const response = await asked;
  const kib = await residentKib(child.pid ?? 0);
  answer(response);
  await once(child, 'close');
  return kib;
}
