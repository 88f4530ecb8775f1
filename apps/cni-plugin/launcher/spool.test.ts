import { execFile } from 'node:child_process';
import { lstat, mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import {
  errorOf,
  LAUNCHER,
  launch,
  make,
  makeRunDirectory,
  type RunDirectory,
  replyOf,
} from './launch.ts';

const sources = fileURLToPath(new URL('.', import.meta.url));
const SOURCES = ['aws-cni.c', 'bounded-io.c', 'json.c', 'plugin-log.c'].map((name) =>
  join(sources, name),
);
const SPOOLED = 'sbx-81:eth0';

let run: RunDirectory;
beforeAll(() => make('all'));
beforeEach(async () => {
  run = await makeRunDirectory();
});
afterEach(() => run.remove());

const spool = () => join(run.path, 'deferred-del');
const files = () => readdir(spool()).catch(() => 'no directory');
const permissionsOf = async (path: string) => ((await stat(path)).mode & 0o777).toString(8);
const del = (
  environment: Readonly<Record<string, string>> = {},
  stdin: string | Uint8Array = '{"name":"blue"}',
) => launch({ environment: { ...run.environment('DEL'), ...environment }, stdin });

/** A DEL by a process that ran a shell's command before; `$$` in it is the launcher's pid. */
const delAfter = async (command: string) => {
  const shell = promisify(execFile)(
    '/bin/sh',
    ['-c', `${command}; exec "$0" </dev/null`, LAUNCHER],
    {
      env: run.environment('DEL'),
    },
  );
  expect(await shell).toMatchObject({ stdout: '' });
};

const SILENT_SUCCESS = { stdout: Buffer.alloc(0), stderr: '', exitCode: 0 };

describe('a DEL while the daemon is away', () => {
  test('is kept as the very bytes that the daemon would have got', async () => {
    const stdin = Buffer.from([0, 255, 13, 10, 13, 10, ...Buffer.from('{"name":"blau-ü"}')]);
    expect(await del({}, stdin)).toEqual(SILENT_SUCCESS);
    const kept = await readFile(join(spool(), SPOOLED));

    let sent: Buffer = Buffer.alloc(0);
    await run.listen((connection, request) => {
      sent = request;
      connection.end(replyOf(0, ''));
    });
    expect(await del({}, stdin)).toEqual(SILENT_SUCCESS);
    expect(kept).toEqual(sent);
  });

  test('is readable by its owner only, in a directory of its own', async () => {
    await del();
    expect(await permissionsOf(spool())).toBe('700');
    expect(await permissionsOf(join(spool(), SPOOLED))).toBe('600');
  });

  test('makes the run directory when the daemon has never run', async () => {
    const fresh = join(run.path, 'aws-node');
    expect(await del({ AWS_VPC_K8S_CNI_RUN_DIR: fresh })).toEqual(SILENT_SUCCESS);
    expect(await permissionsOf(fresh)).toBe('700');
    expect(await readdir(join(fresh, 'deferred-del'))).toEqual([SPOOLED]);
  });

  test('replaces the one kept before', async () => {
    await del({}, 'first, and longer than the second');
    await del({}, 'second');
    expect(await files()).toEqual([SPOOLED]);
    expect(await readFile(join(spool(), SPOOLED), 'latin1')).toMatch(/\r\n\r\nsecond$/);
  });

  test('may come many times at once', async () => {
    const launched = await Promise.all(Array.from({ length: 16 }, () => del()));
    expect(launched).toEqual(Array(16).fill(SILENT_SUCCESS));
    expect(await files()).toEqual([SPOOLED]);
  });

  test('is kept per container and interface', async () => {
    await del();
    await del({ CNI_IFNAME: 'net1' });
    await del({ CNI_CONTAINERID: 'sbx-82' });
    expect(await files()).toEqual([SPOOLED, 'sbx-81:net1', 'sbx-82:eth0']);
  });

  // The same program under another name: the configuration says which plugin it stands for.
  test.each([
    '{"type":"egress-cni","name":"blue"}',
    '{"prevResult":{"type":"aws-cni"}, "type" : "egress\\u002dcni"}',
    '{"type":"aws-cni","type":"egress-cni"}',
  ])('is kept beside that of aws-cni for egress-cni, as in %s', async (stdin) => {
    await del({}, '{"type":"aws-cni"}');
    await del({}, stdin);
    expect(await files()).toEqual([SPOOLED, `${SPOOLED}:egress-cni`]);
    expect(await readFile(join(spool(), `${SPOOLED}:egress-cni`), 'latin1')).toContain(stdin);
  });

  test.each([
    '{"type":"egress-cni2"}',
    '{"type":["egress-cni"]}',
    '{"ipam":{"type":"egress-cni"}}',
    '{"type":"egress-cni","type":"aws-cni"}',
  ])('is that of aws-cni for anything else, as %s', async (stdin) => {
    await del({}, stdin);
    expect(await files()).toEqual([SPOOLED]);
  });

  test('is never mistaken for that of another one', async () => {
    await del({ CNI_CONTAINERID: 'a-b', CNI_IFNAME: 'c' });
    await del({ CNI_CONTAINERID: 'a', CNI_IFNAME: 'b-c' });
    expect(await files()).toEqual(['a-b:c', 'a:b-c']);
  });

  test('is written through no symbolic link', async () => {
    const victim = join(run.path, 'victim');
    await writeFile(victim, 'untouched');
    await mkdir(spool());
    await symlink(victim, join(spool(), SPOOLED));
    await delAfter(`ln -s ${victim} ${spool()}/.${SPOOLED}.$$`);
    expect(await readFile(victim, 'utf8')).toBe('untouched');
    expect((await lstat(join(spool(), SPOOLED))).isFile()).toBe(true);
  });

  test('takes nothing from a launcher of another pid namespace that has its pid', async () => {
    await mkdir(spool());
    await delAfter(`echo half > ${spool()}/.${SPOOLED}.$$`);
    const [temporary = '', spooled] = await files();
    expect(spooled).toBe(SPOOLED);
    expect(await readFile(join(spool(), temporary), 'utf8')).toBe('half\n');
  });

  test('needs no network namespace and no arguments', async () => {
    expect(await del({ CNI_NETNS: '', CNI_ARGS: '' })).toEqual(SILENT_SUCCESS);
  });

  test.each([
    { name: 'the longest id', id: 'a'.repeat(200), link: 'eth0' },
    { name: 'the longest interface name', id: 'Z9_.-', link: 'x'.repeat(15) },
    { name: 'letters of two bytes', id: '0', link: 'ä'.repeat(7) },
    { name: 'odd characters', id: 'a', link: '...%@\u200b' },
  ])('is kept under $name', async ({ id, link }) => {
    const environment = { CNI_CONTAINERID: id, CNI_IFNAME: link };
    expect(await del(environment)).toEqual(SILENT_SUCCESS);
    expect(await del(environment, '{"type":"egress-cni"}')).toEqual(SILENT_SUCCESS);
    expect(await files()).toEqual([`${id}:${link}`, `${id}:${link}:egress-cni`]);
  });
});

describe('a DEL that cannot be kept', () => {
  test.each([
    { missing: ['CNI_CONTAINERID'] },
    { missing: ['CNI_IFNAME'] },
    { missing: ['CNI_CONTAINERID', 'CNI_IFNAME', 'CNI_PATH'] },
  ])('because $missing is missing is error 4 that names all of them', async ({ missing }) => {
    const launched = await del(Object.fromEntries(missing.map((name) => [name, ''])));
    const text = `missing or empty: ${missing.join(' ')}`;
    expect(errorOf(launched)).toEqual({ code: 4, text: expect.stringContaining(text) });
    expect({ exitCode: launched.exitCode, files: await files() }).toEqual({
      exitCode: 1,
      files: 'no directory',
    });
  });

  const malformed = [
    ...['../../etc/passwd', '.hidden', '-x', '_x', 'a b', 'a/b', 'ä', 'a'.repeat(201)].map(
      (value) => ({ variable: 'CNI_CONTAINERID', value }),
    ),
    ...['.', '..', 'a/b', 'a:b', 'a b', 'x'.repeat(16), 'ä'.repeat(8)].map((value) => ({
      variable: 'CNI_IFNAME',
      value,
    })),
    // Unicode white space beyond ASCII.
    ...'\u0085\u00a0\u1680\u2000\u2005\u200a\u2028\u2029\u202f\u205f\u3000'
      .split('')
      .map((blank) => ({ variable: 'CNI_IFNAME', value: `a${blank}b` })),
  ];
  test.each(malformed)('because $variable is "$value" is error 4', async ({ variable, value }) => {
    // A malformed name comes before missing ones.
    const launched = await del({ CNI_PATH: '', [variable]: value });
    expect(errorOf(launched)).toEqual({ code: 4, text: expect.stringContaining(variable) });
    expect({ exitCode: launched.exitCode, files: await files() }).toEqual({
      exitCode: 1,
      files: 'no directory',
    });
  });

  test.each([
    {
      name: 'a file is in its place',
      prepare: () => writeFile(spool(), ''),
      reason: 'Not a directory',
    },
    {
      name: 'a symbolic link is in its place',
      prepare: () => symlink('/tmp', spool()),
      reason: /Not a directory|symbolic link/,
    },
    {
      name: 'a directory has its name',
      prepare: () => mkdir(join(spool(), SPOOLED), { recursive: true }),
      reason: 'Is a directory',
    },
  ])('because $name is error 11', async ({ prepare, reason }) => {
    await prepare();
    const launched = await del();
    const { code, text } = errorOf(launched);
    expect({ code, exitCode: launched.exitCode }).toEqual({ code: 11, exitCode: 1 });
    expect(text).toMatch(reason);
    expect(text).toContain(spool());
  });

  test('because the run directory cannot be made is error 11', async () => {
    const launched = await del({ AWS_VPC_K8S_CNI_RUN_DIR: join(run.path, 'absent/aws-node') });
    expect(errorOf(launched)).toEqual({
      code: 11,
      text: expect.stringContaining('No such file or directory'),
    });
  });
});

describe('durability', () => {
  // A dynamically linked launcher, so that its calls can be recorded.
  const build = async () => {
    const execute = promisify(execFile);
    const [program, recorder] = [join(run.path, 'aws-cni'), join(run.path, 'record-calls.so')];
    const flags = ['-D_GNU_SOURCE', '-DVERSION="test"', '-Wall', '-Wextra', '-Werror'];
    await execute('gcc', [...flags, '-o', program, ...SOURCES]);
    await execute('gcc', [
      ...flags,
      '-shared',
      '-fPIC',
      '-o',
      recorder,
      join(sources, 'record-calls.c'),
      '-ldl',
    ]);
    const record = join(run.path, 'record');
    return {
      environment: { ...run.environment('DEL'), LD_PRELOAD: recorder, RECORD_TO: record },
      program,
      calls: async () => {
        const lines = (await readFile(record, 'utf8')).trim().split('\n');
        return lines.map((line) => line.replace(run.path, '').replace(/\.\d+$/, '.PID'));
      },
    };
  };

  test('file, then name, then directory: success is reported last', async () => {
    const { program, environment, calls } = await build();
    expect(await launch({ program, environment, stdin: '{}' })).toEqual(SILENT_SUCCESS);
    expect(await calls()).toEqual([
      `create-exclusively .${SPOOLED}.PID`,
      `write /deferred-del/.${SPOOLED}.PID`,
      `fsync /deferred-del/.${SPOOLED}.PID`,
      `rename ${SPOOLED}`,
      'fsync /deferred-del',
      'fsync ',
    ]);
  });

  test.each(['create-exclusively', 'write', 'fsync', 'rename'])(
    'a failing %s is error 11 and leaves nothing behind',
    async (failing) => {
      const { program, environment } = await build();
      const launched = await launch({
        program,
        environment: { ...environment, FAIL_CALL: failing },
        stdin: '{}',
      });
      expect(errorOf(launched)).toEqual({
        code: 11,
        text: expect.stringContaining('Input/output error'),
      });
      expect({ exitCode: launched.exitCode, files: await files() }).toEqual({
        exitCode: 1,
        files: [],
      });
    },
  );
});
