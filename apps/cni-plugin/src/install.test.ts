// The installer as a program, with a directory for the host, and a daemon that is a few lines of script.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { signalOnLoadOf } from '@vpc-cni/testing';

let host: string;
let programs: string;
let environment: Record<string, string>;
let children: ChildProcess[];

beforeEach(async () => {
  host = await mkdtemp(join(tmpdir(), 'install-'));
  for (const name of ['bin', 'net.d', 'run', 'programs']) await mkdir(join(host, name));
  programs = join(host, 'programs');
  await writeFile(join(programs, 'aws-cni'), 'launcher', { mode: 0o755 });
  children = [];
  environment = {
    PATH: process.env['PATH'] ?? '',
    HOST_CNI_BIN_PATH: join(host, 'bin'),
    HOST_CNI_CONFDIR_PATH: join(host, 'net.d'),
    AWS_VPC_K8S_CNI_RUN_DIR: join(host, 'run'),
  };
});
afterEach(async () => {
  for (const child of children) {
    if (child.exitCode === null && child.kill('SIGKILL')) await once(child, 'close');
  }
  await rm(host, { recursive: true });
});

const conf = () => join(host, 'net.d', '10-aws.conflist');
const readConf = async () => JSON.parse(await readFile(conf(), 'utf8'));
const typesIn = ({ plugins }: { plugins: { type: string }[] }) => plugins.map(({ type }) => type);

/** Starts the program; `ended` has its exit status and all that was written to stderr. */
function start(args: readonly string[], variables: Readonly<Record<string, string>> = {}) {
  const program = ['--conditions=@vpc-cni/source', join(import.meta.dirname, 'install.ts')];
  const child = spawn(process.execPath, [...program, ...args], {
    env: { ...environment, ...variables },
  });
  children.push(child);
  let log = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    log += text;
  });
  const ended = once(child, 'close').then(([exitCode]) => ({ exitCode, log }));
  return { child, ended, log: () => log };
}

/** A daemon that stands in front of an address until `ready()`. */
async function serveStatus(message = 'the subnet is full') {
  let refusal: unknown = { kind: 'refused', reason: 'subnet-full', message };
  const server = createServer((_, response) => response.end(JSON.stringify(refusal ?? null)));
  server.listen(join(host, 'run', 'cni.sock'));
  await once(server, 'listening');
  return {
    ready: () => {
      refusal = undefined;
    },
    close: () => server.close(),
  };
}

async function until(isSo: () => Promise<boolean> | boolean): Promise<number> {
  const started = performance.now();
  while (!(await isSo())) {
    if (performance.now() - started > 20_000) throw new Error('it never came');
    await sleep(10);
  }
  return performance.now() - started;
}

const isThere = (path: string) =>
  stat(path).then(
    () => true,
    () => false,
  );

describe('open', () => {
  test('writes the list once an address is usable, and names what it waits for', async () => {
    const daemon = await serveStatus();
    const { ended, log } = start(['open']);
    await until(() => log().includes('the subnet is full'));
    expect(await readdir(join(host, 'net.d'))).toEqual([]);
    daemon.ready();
    expect((await ended).exitCode).toBe(0);
    expect(typesIn(await readConf())).toEqual(['aws-cni', 'portmap']);
    expect((await stat(conf())).mode & 0o777).toBe(0o644);
    daemon.close();
  });

  test.each([
    {
      name: 'away',
      prepare: async () => ({ close: () => undefined }),
      culprit: /ENOENT .*cni\.sock/,
    },
    { name: 'without an address', prepare: () => serveStatus(), culprit: /the subnet is full/ },
  ])(
    'ends in time, without a list, and names a daemon that is $name',
    async ({ prepare, culprit }) => {
      const daemon = await prepare();
      const { exitCode, log } = await start(['open'], { AWS_VPC_K8S_CNI_INSTALL_WAIT: '1' }).ended;
      expect({ exitCode, files: await readdir(join(host, 'net.d')) }).toEqual({
        exitCode: 1,
        files: [],
      });
      const [last = ''] = log.trim().split('\n').slice(-1);
      expect(last).toMatch(/^time="\S+Z" level=error msg="no address for a pod after 1 s: /);
      expect(last).toMatch(culprit);
      daemon.close();
    },
  );

  test('again leaves the plugin that another chained, and one file that did not change', async () => {
    const daemon = await serveStatus();
    daemon.ready();
    await start(['open']).ended;
    const list = await readConf();
    list.plugins.push({ type: 'istio-cni', kubernetes: {} });
    await writeFile(conf(), JSON.stringify(list));
    await start(['open']).ended;
    const { ino, mtimeMs } = await stat(conf());
    await start(['open']).ended;
    expect(await stat(conf())).toMatchObject({ ino, mtimeMs });
    expect(typesIn(await readConf())).toEqual(['aws-cni', 'portmap', 'istio-cni']);
    daemon.close();
  });

  test('never shows a reader half a list', async () => {
    const daemon = await serveStatus();
    daemon.ready();
    await start(['open']).ended;
    let reads = 0;
    for (const mtu of ['1400', '1500']) {
      const { child } = start(['open'], { POD_MTU: mtu });
      while (child.exitCode === null) {
        expect(typesIn(await readConf())).toEqual(['aws-cni', 'portmap']);
        reads += 1;
        await sleep(0);
      }
      expect((await readConf()).plugins[0].mtu).toBe(mtu);
    }
    expect(reads).toBeGreaterThan(10);
    daemon.close();
  });

  test('sets a list aside that is none', async () => {
    const daemon = await serveStatus();
    daemon.ready();
    await writeFile(conf(), '{"cniVersion":');
    expect(await start(['open']).ended).toMatchObject({
      exitCode: 0,
      log: expect.stringContaining('was no configuration list'),
    });
    expect((await readdir(join(host, 'net.d'))).sort()).toEqual([
      '.10-aws.conflist.unreadable',
      '10-aws.conflist',
    ]);
    daemon.close();
  });

  test('chains egress where the host has its program', async () => {
    const daemon = await serveStatus();
    daemon.ready();
    await writeFile(join(host, 'bin', 'egress-cni'), '');
    await start(['open']).ended;
    expect(typesIn(await readConf())).toEqual(['aws-cni', 'egress-cni', 'portmap']);
    daemon.close();
  });
});

const DAEMON = `
  const server = require('node:http').createServer((_, response) => response.end('null'));
  server.listen(process.env.AWS_VPC_K8S_CNI_RUN_DIR + '/cni.sock', () => console.error('serving as ' + process.pid));
  process.on('SIGTERM', () => process.exit(7));
`;

test.each(['init', 'open'])('a SIGTERM while %s is being loaded ends it', async (command) => {
  const { ended } = start([command, programs], { NODE_OPTIONS: signalOnLoadOf(`/${command}.ts`) });
  // Without a handler the exit status would be that of a signal, and as the first process of a container it would go on.
  expect(await ended).toMatchObject({ exitCode: 143 });
});

describe('run', () => {
  const runDaemon = (variables?: Readonly<Record<string, string>>) =>
    start(['run', programs, process.execPath, '-e', DAEMON], variables);

  test('copies the program, becomes the daemon, and opens the node', async () => {
    const { child, ended, log } = runDaemon();
    await until(() => log().includes('wrote'));
    expect(log()).toContain(`serving as ${child.pid}`);
    expect(typesIn(await readConf())).toEqual(['aws-cni', 'portmap']);
    expect(await readFile(join(host, 'bin', 'aws-cni'), 'utf8')).toBe('launcher');
    child.kill('SIGTERM');
    expect(await ended).toMatchObject({ exitCode: 7 });
  });

  test('installs the launcher under both names, and chains both', async () => {
    await writeFile(join(programs, 'egress-cni'), 'launcher', { mode: 0o755 });
    const { child, ended, log } = runDaemon();
    await until(() => log().includes('wrote'));
    expect(typesIn(await readConf())).toEqual(['aws-cni', 'egress-cni', 'portmap']);
    expect(await readFile(join(host, 'bin', 'egress-cni'), 'utf8')).toBe('launcher');
    child.kill('SIGTERM');
    await ended;
  });

  test('ends a daemon whose node cannot be opened', async () => {
    const confDirectory = join(host, 'absent');
    const { exitCode, log } = await runDaemon({ HOST_CNI_CONFDIR_PATH: confDirectory }).ended;
    expect(exitCode).toBe(7);
    expect(log).toMatch(/level=error msg="open: ENOENT.*absent/);
  });

  test('with a setting that cannot be used nothing is installed or started', async () => {
    const { exitCode, log } = await runDaemon({ AWS_VPC_ENI_MTU: '90000', POD_MTU: 'x' }).ended;
    expect(exitCode).toBe(1);
    expect(log).toMatch(/AWS_VPC_ENI_MTU is \\"90000\\", expected a whole number from 576 to 9001/);
    expect(log).toMatch(/POD_MTU is \\"x\\"/);
    expect(await readdir(join(host, 'bin'))).toEqual([]);
    expect(log).not.toContain('serving');
  });

  test.each([
    { name: 'no daemon', args: () => ['run', programs], text: /the daemon's command line/ },
    {
      name: 'no program',
      args: () => ['run', host, process.execPath],
      text: /copying aws-cni from .*ENOENT/,
    },
    { name: 'no such command', args: () => ['frob'], text: /usage: install init/ },
    { name: 'no command', args: () => [], text: /usage: install init/ },
  ])('with $name it says so', async ({ args, text }) => {
    expect(await start(args()).ended).toMatchObject({
      exitCode: 1,
      log: expect.stringMatching(text),
    });
  });
});

test('uninstall takes our plugins and programs away, those of others stay', async () => {
  await writeFile(join(host, 'bin', 'portmap'), '');
  await writeFile(join(host, 'bin', 'aws-cni'), '');
  const plugins = [{ type: 'aws-cni' }, { type: 'istio-cni' }];
  await writeFile(conf(), JSON.stringify({ name: 'aws-cni', plugins }));
  expect((await start(['uninstall']).ended).exitCode).toBe(0);
  expect(typesIn(await readConf())).toEqual(['istio-cni']);
  expect(await readdir(join(host, 'bin'))).toEqual(['portmap']);

  await writeFile(conf(), JSON.stringify({ name: 'aws-cni', plugins: [{ type: 'aws-cni' }] }));
  for (let run = 0; run < 2; run++) expect((await start(['uninstall']).ended).exitCode).toBe(0);
  expect(await isThere(conf())).toBe(false);
});
