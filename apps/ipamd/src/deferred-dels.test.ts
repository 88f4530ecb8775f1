import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { CniProcessRequest } from '@vpc-cni/cni-spec';
import { createDeferredDels, type DeferredDels } from './deferred-dels.ts';

let spool: string;
let seen: CniProcessRequest[];
/** Error code of the answer to each container's DEL; none means success. */
let failures: Map<string, number>;
let deferredDels: DeferredDels;
let nowMs: number;

beforeEach(async () => {
  spool = await mkdtemp(join(tmpdir(), 'deferred-del-'));
  seen = [];
  failures = new Map();
  nowMs = Date.now();
  deferredDels = createDeferredDels(
    spool,
    async (request) => {
      seen.push(request);
      const code = failures.get(request.environment['CNI_CONTAINERID'] ?? '');
      return code === undefined
        ? { stdout: '', stderr: '', exitCode: 0 }
        : { stdout: JSON.stringify({ code }), stderr: '', exitCode: 1 };
    },
    { nowMs: () => nowMs },
  );
});

afterEach(() => rm(spool, { recursive: true }));

/** Writes what the launcher would. */
const defer = (containerId: string, plugin: '' | ':egress-cni' = '') =>
  writeFile(
    join(spool, `${containerId}:eth0${plugin}`),
    `POST /v1/cni HTTP/1.1\r\nHost: ipamd\r\nCni-Command: DEL\r\nCni-Containerid: ${containerId}\r\nContent-Length: 2\r\n\r\n{}`,
  );

test('all of them are carried out as they were asked, and are gone then', async () => {
  await defer('a');
  await defer('b');
  const replays = await deferredDels.replayAll();
  expect(seen).toEqual([
    { environment: { CNI_COMMAND: 'DEL', CNI_CONTAINERID: 'b' }, stdin: '{}' },
    { environment: { CNI_COMMAND: 'DEL', CNI_CONTAINERID: 'a' }, stdin: '{}' },
  ]);
  expect(replays.map(({ kind }) => kind)).toEqual(['done', 'done']);
  expect(await readdir(spool)).toEqual([]);
});

test('one that fails stays for the next time', async () => {
  await defer('a');
  failures.set('a', 100);
  expect(await deferredDels.replayAll()).toMatchObject([{ kind: 'kept' }]);
  failures.clear();
  expect(await deferredDels.replayAll()).toMatchObject([{ kind: 'done' }]);
});

test.each([1, 4, 6, 7])(
  'one that can never succeed (error %d) is set aside, not lost',
  async (code) => {
    await defer('a');
    failures.set('a', code);
    expect(await deferredDels.replayAll()).toMatchObject([{ kind: 'refused' }]);
    expect(await readdir(spool)).toEqual(['.refused-a:eth0']);
    expect(await deferredDels.replayAll()).toEqual([]);
  },
);

test('garbage is set aside', async () => {
  await writeFile(join(spool, 'a:eth0'), 'garbage');
  expect(await deferredDels.replayAll()).toMatchObject([
    { kind: 'refused', failure: expect.stringContaining('not a request of a launcher') },
  ]);
});

test('files that the launcher is still writing are left alone', async () => {
  await writeFile(join(spool, '.a:eth0.tmp'), 'POST /v1');
  expect(await deferredDels.replayAll()).toEqual([]);
});

test('an ADD first carries out the DEL of its own attachment, and no other', async () => {
  await defer('a');
  await defer('b');
  const environment = { CNI_CONTAINERID: 'a', CNI_IFNAME: 'eth0' };
  expect(await deferredDels.replayBefore({ environment, stdin: '' })).toMatchObject([
    { kind: 'done' },
  ]);
  expect(await readdir(spool)).toEqual(['b:eth0']);
});

describe('of an attachment with a DEL for each plugin of the chain', () => {
  const egress = () => join(spool, 'a:eth0:egress-cni');
  const aws = () => join(spool, 'a:eth0');
  const request = { environment: { CNI_CONTAINERID: 'a', CNI_IFNAME: 'eth0' }, stdin: '' };
  beforeEach(async () => {
    await defer('a');
    await defer('a', ':egress-cni');
  });

  test.each([
    { name: 'at the start', replay: () => deferredDels.replayAll() },
    { name: 'before an ADD', replay: () => deferredDels.replayBefore(request) },
  ])('that of what was chained last goes first, $name', async ({ replay }) => {
    expect(await replay()).toEqual([
      { kind: 'done', file: egress() },
      { kind: 'done', file: aws() },
    ]);
    expect(deferredDels.has(request)).toBe(false);
  });

  test('the first is carried out whatever becomes of the second', async () => {
    await rm(egress());
    await mkdir(egress()); // cannot be read
    expect(await deferredDels.replayAll()).toMatchObject([
      { kind: 'kept', file: egress() },
      { kind: 'done', file: aws() },
    ]);
    expect(deferredDels.has(request)).toBe(true);
  });
});

test('a DEL is carried out once, however many ask for it at the same time', async () => {
  await defer('a');
  const environment = { CNI_CONTAINERID: 'a', CNI_IFNAME: 'eth0' };
  expect(deferredDels.has({ environment, stdin: '' })).toBe(true);
  await Promise.all([
    deferredDels.replayAll(),
    deferredDels.replayBefore({ environment, stdin: '' }),
    deferredDels.replayBefore({ environment, stdin: '' }),
  ]);
  expect(seen).toHaveLength(1);
  expect(deferredDels.has({ environment, stdin: '' })).toBe(false);
});

test('without a spool there is nothing to carry out', async () => {
  const none = createDeferredDels(join(spool, 'none'), () => Promise.reject(new Error('asked')), {
    nowMs: () => nowMs,
  });
  expect(await none.replayAll()).toEqual([]);
});

test('what a killed launcher left half-written goes when it is old; what was set aside stays', async () => {
  const stay = ['.refused-abc:eth0', '.refused-abc:eth0.100', '.keep'];
  const names = ['.abc:eth0.4711', '.abc:eth0:egress-cni.4712', ...stay];
  for (const name of names) await writeFile(join(spool, name), 'POST /v1/');
  await deferredDels.replayAll();
  expect((await readdir(spool)).sort()).toEqual([...names].sort());
  nowMs += 660_000;
  await deferredDels.replayAll();
  expect((await readdir(spool)).sort()).toEqual(stay.sort());
});

test('an entry that cannot be read is kept, and the others have their turn', async () => {
  await mkdir(join(spool, 'a:eth0'));
  await defer('b');
  expect(await deferredDels.replayAll()).toMatchObject([
    { kind: 'done' },
    { kind: 'kept', failure: expect.stringContaining('EISDIR') },
  ]);
});
