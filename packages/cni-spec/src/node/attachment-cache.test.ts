import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createAttachmentCache } from './attachment-cache.ts';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'attachment-cache-'));
});
afterEach(() => rm(directory, { recursive: true }));

const list = { name: 'blue', text: '{"name":"blue","plugins":[{"type":"x"}]} ' };
const key = { networkName: 'blue', containerId: 'sbx-81', ifName: 'eth0' };
const attachment = {
  containerId: 'sbx-81',
  netns: '/run/netns/p7',
  ifName: 'eth0',
  args: [
    ['IgnoreUnknown', '1'],
    ['K8S_POD_NAME', 'cart'],
  ] as const,
  capabilityArgs: { mac: '06:00:00:00:00:07' },
};
const result = {
  cniVersion: '1.0.0' as const,
  interfaces: [],
  ips: [{ address: '100.64.7.21/19' }],
  routes: [],
};
const put = async (name: string, content: string) => {
  await mkdir(join(directory, 'results'), { recursive: true });
  await writeFile(join(directory, 'results', name), content);
};

// Reference, "Cache".
describe('an entry', () => {
  test('is written as the reference runtime writes it', async () => {
    await createAttachmentCache(directory).write(list, attachment, result);
    const path = join(directory, 'results', 'blue-sbx-81-eth0');
    expect(JSON.parse(await readFile(path, 'utf8'))).toEqual({
      kind: 'cniCacheV1',
      containerId: 'sbx-81',
      config: Buffer.from(list.text).toString('base64'),
      ifName: 'eth0',
      networkName: 'blue',
      netns: '/run/netns/p7',
      cniArgs: attachment.args,
      capabilityArgs: attachment.capabilityArgs,
      result: { cniVersion: '1.0.0', ips: [{ address: '100.64.7.21/19' }] },
    });
    const modes = [(await stat(path)).mode & 0o777, (await stat(join(path, '..'))).mode & 0o777];
    expect(modes).toEqual([0o600, 0o700]);
    expect(await readdir(join(directory, 'results'))).toEqual(['blue-sbx-81-eth0']);
  });

  test('leaves out what is empty', async () => {
    const bare = { containerId: 'sbx-81', netns: '', ifName: 'eth0' };
    await createAttachmentCache(directory).write(list, bare, result);
    const text = await readFile(join(directory, 'results', 'blue-sbx-81-eth0'), 'utf8');
    expect(Object.keys(JSON.parse(text))).toEqual([
      ...['kind', 'containerId', 'config', 'ifName', 'networkName', 'result'],
    ]);
  });

  test('comes back as it was, until it is removed', async () => {
    const cache = createAttachmentCache(directory);
    await cache.write(list, attachment, result);
    const expected = { ...attachment, networkName: 'blue', config: list.text };
    expect(await cache.read(key)).toEqual(expected);
    expect(await cache.readAll()).toEqual([expected]);
    expect(await cache.readResult(key, '1.0.0')).toEqual(result);
    await cache.remove(key);
    await cache.remove(key);
    expect(await cache.read(key)).toBeUndefined();
    expect(await cache.readResult(key, '1.0.0')).toBeUndefined();
  });

  test('gives its result in the version asked for', async () => {
    const cache = createAttachmentCache(directory);
    await cache.write(list, attachment, result);
    expect(await cache.readResult(key, '0.2.0')).toEqual({
      cniVersion: '0.2.0',
      ip4: { ip: '100.64.7.21/19', routes: [] },
    });
  });

  test('of an older runtime is a bare result', async () => {
    await put('blue-sbx-81-eth0', '{"cniVersion":"0.4.0"}');
    const cache = createAttachmentCache(directory);
    expect(await cache.readResult(key, '0.3.1')).toMatchObject({ cniVersion: '0.3.1', ips: [] });
    expect(await cache.read(key)).toBeUndefined();
  });

  test.each([
    { name: 'no JSON', text: 'x', code: 6 },
    { name: 'a malformed result', text: '{"kind":"cniCacheV1","result":{"ip4":1}}', code: 6 },
    { name: 'an unknown version', text: '{"cniVersion":"7.0.0"}', code: 1 },
  ])('that holds $name has no result to read: code $code', async ({ text, code }) => {
    await put('blue-sbx-81-eth0', text);
    const reading = createAttachmentCache(directory).readResult(key, '1.0.0');
    await expect(reading).rejects.toMatchObject({ code });
  });

  test.each([
    { ...key, networkName: '../blue' },
    { ...key, containerId: 'a/b' },
    { ...key, ifName: 'e/th' },
    { ...key, containerId: '' },
  ])('never has a path outside of the cache: %j', async (bad) => {
    const cache = createAttachmentCache(directory);
    expect(() => cache.remove(bad)).toThrow(expect.objectContaining({ name: 'CniError' }));
    await expect(cache.readResult(bad, '1.0.0')).rejects.toMatchObject({ name: 'CniError' });
  });
});

test('all entries are what can be understood, whatever the files are called', async () => {
  const entry = (members: object) =>
    JSON.stringify({
      kind: 'cniCacheV1',
      containerId: 'c',
      networkName: 'n',
      ifName: 'i',
      ...members,
    });
  await put('b', entry({ containerId: 'second' }));
  await put('a', entry({ containerId: 'first' }));
  await put('c', entry({ networkName: '' }));
  await put('d', entry({ ifName: undefined }));
  await put('e', entry({ kind: 'other' }));
  await put('f', entry({ cniArgs: [['a']] }));
  await put('g', 'x');
  await mkdir(join(directory, 'results', 'directory'));
  const all = await createAttachmentCache(directory).readAll();
  expect(all.map(({ containerId }) => containerId)).toEqual(['first', 'second']);
});

test('a cache that was never written is empty', async () => {
  expect(await createAttachmentCache(join(directory, 'absent')).readAll()).toEqual([]);
});
