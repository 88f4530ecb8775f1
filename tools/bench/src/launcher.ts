// The launcher alone, from exec to exit: a daemon that answers at once stands behind it, so that what is left is
// the price of executing it. Its memory is read from /proc while it waits.
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { launcherPath, pluginConf } from '@vpc-cni/sandbox';
import { median, percentile, rounded } from './statistics.ts';

const RUNS = 500;
const MEMORY_RUNS = 20;
const execTimer = fileURLToPath(new URL('../dist/exec-timer', import.meta.url));

const work = await mkdtemp(join(tmpdir(), 'bench-launcher-'));
const stdin = JSON.stringify({ ...pluginConf, pluginLogFile: join(work, 'plugin.log') });
const environmentOf = (command: string): Readonly<Record<string, string>> => ({
  CNI_COMMAND: command,
  CNI_CONTAINERID: 'a'.repeat(64),
  CNI_NETNS: '/run/netns/bench',
  CNI_IFNAME: 'eth0',
  CNI_ARGS: 'IgnoreUnknown=1;K8S_POD_NAMESPACE=default;K8S_POD_NAME=bench',
  CNI_PATH: '/opt/cni/bin',
  AWS_VPC_K8S_CNI_RUN_DIR: work,
});

const answer = (response: ServerResponse) => {
  const body = '{"cniVersion":"0.4.0"}';
  response.setHeader('Cni-Exit-Code', 0);
  response.writeHead(200, { 'Content-Length': body.length, Connection: 'close' }).end(body);
};

/** Milliseconds of each run, one after the other. */
async function timesOf(command: string): Promise<readonly number[]> {
  const directory = join(work, command);
  await mkdir(directory);
  const entries = Object.entries(environmentOf(command)).map(
    ([name, value]) => `${name}=${value}\0`,
  );
  await writeFile(join(directory, 'env'), entries.join(''));
  await writeFile(join(directory, 'stdin'), stdin);
  const directories = Array<string>(RUNS).fill(directory);
  const { stdout } = await promisify(execFile)(execTimer, [
    'in-turn',
    launcherPath,
    ...directories,
  ]);
  const lines = stdout.trim().split('\n');
  const failed = lines.find((line) => !line.endsWith(' 0'));
  if (failed !== undefined) throw new Error(`${command}: microseconds and status ${failed}`);
  return lines.map((line) => Number.parseInt(line, 10) / 1000);
}

/** Resident memory of a launcher that has read its stdin and waits for its answer, KiB. */
async function residentKib(whenAsked: () => Promise<ServerResponse>): Promise<number> {
  const child = spawn(launcherPath, {
    env: environmentOf('ADD'),
    stdio: ['pipe', 'ignore', 'inherit'],
  });
  const asked = whenAsked();
  child.stdin.end(stdin);
  const response = await asked;
  // Page by page: the counters of /proc/PID/status are only brought up to date now and then.
  const maps = await readFile(`/proc/${child.pid}/smaps_rollup`, 'utf8');
  answer(response);
  await once(child, 'close');
  return Number(/^Rss:\s+(\d+) kB$/m.exec(maps)?.[1]);
}

let holdBack: ((response: ServerResponse) => void) | undefined;
const server = createServer((_, response) => (holdBack ?? answer)(response));
server.listen(join(work, 'cni.sock'));
await once(server, 'listening');
try {
  const [version, add] = [await timesOf('VERSION'), await timesOf('ADD')];
  const residents: number[] = [];
  for (let run = 0; run < MEMORY_RUNS; run++) {
    const whenAsked = () =>
      new Promise<ServerResponse>((resolve) => {
        holdBack = resolve;
      });
    residents.push(await residentKib(whenAsked));
  }
  const figures = {
    launcher_version_p50_ms: rounded(median(version)),
    launcher_p50_ms: rounded(median(add)),
    launcher_p99_ms: rounded(percentile(add, 0.99)),
    launcher_rss_kib: Math.max(...residents),
    launcher_bytes: (await readFile(launcherPath)).length,
  };
  console.log(
    process.argv.includes('--json')
      ? JSON.stringify({ bench: 'launcher', figures })
      : Object.entries(figures)
          .map(([name, value]) => `${name.padEnd(26)}${value}`)
          .join('\n'),
  );
} finally {
  server.close();
  await rm(work, { recursive: true });
}
