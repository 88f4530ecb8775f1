import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { installConfList, uninstallConfList } from './conf-file.ts';
import { readInstallSettings } from './settings.ts';

let directory: string;
let path: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'conf-file-'));
  path = join(directory, '10-aws.conflist');
});
afterEach(() => rm(directory, { recursive: true }));

const log = () => undefined;
const install = (variables: Readonly<Record<string, string>> = {}) =>
  installConfList(
    directory,
    { chain: readInstallSettings(variables).settings.chain, egress: undefined },
    log,
  );
const chained = async () =>
  (JSON.parse(await readFile(path, 'utf8')) as { plugins: { type: string }[] }).plugins.map(
    ({ type }) => type,
  );

test('ten times changes nothing after the first, and a plugin chained by another stays', async () => {
  await install();
  const list = JSON.parse(await readFile(path, 'utf8'));
  list.plugins.push({ type: 'istio-cni', kubernetes: {} });
  await writeFile(path, JSON.stringify(list));
  await install();
  const { ino, mtimeMs } = await stat(path);
  for (let run = 0; run < 10; run++) await install();
  expect(await stat(path)).toMatchObject({ ino, mtimeMs });
  expect(await chained()).toEqual(['aws-cni', 'portmap', 'istio-cni']);
  expect(await readdir(directory)).toEqual(['10-aws.conflist']);
});

test('other settings replace the file, which readers of the old one keep', async () => {
  await install();
  const { ino } = await stat(path);
  await install({ ENABLE_BANDWIDTH_PLUGIN: 'true' });
  expect((await stat(path)).ino).not.toBe(ino);
  expect(await chained()).toEqual(['aws-cni', 'portmap', 'bandwidth']);
});

test('a directory that is missing is told, not made: nobody would look there', async () => {
  await rm(directory, { recursive: true });
  await expect(install()).rejects.toThrow(/ENOENT/);
  await mkdir(directory);
});

test('uninstalled, the file goes; again, nothing happens', async () => {
  await install();
  for (let run = 0; run < 2; run++) await uninstallConfList(directory, log);
  expect(await readdir(directory)).toEqual([]);
});

test('uninstalled beside damaged content, it refuses', async () => {
  await writeFile(path, 'x');
  await expect(uninstallConfList(directory, log)).rejects.toMatchObject({ code: 6 });
  expect(await readFile(path, 'utf8')).toBe('x');
});

test('a list that is given replaces what is there', async () => {
  await install();
  const { chain } = readInstallSettings({}).settings;
  const template =
    '{"cniVersion":"1.0.0","name":"aws-cni","plugins":[{"type":"aws-cni","mtu":"__MTU__"}]}';
  await installConfList(directory, { chain, egress: undefined, template }, log);
  expect(JSON.parse(await readFile(path, 'utf8'))).toMatchObject({
    plugins: [{ type: 'aws-cni', mtu: '9001' }],
  });
  expect(await chained()).toEqual(['aws-cni']);
});
