// What real programs sent and printed is read, and what it says survives.
import { copyFile, mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import { capabilityOf } from './capability-values.ts';
import { parseArgs } from './cni-args.ts';
import { decodeCniError, encodeCniError } from './cni-error-codec.ts';
import { parseConfList } from './conf-list.ts';
import { findConfListProblems } from './conf-list-problems.ts';
import { createAttachmentCache } from './node/attachment-cache.ts';
import { parsePluginConf } from './plugin-conf.ts';
import { parsePrevResult } from './prev-result.ts';
import { decodeResult, encodeResult } from './result-codec.ts';
import { decodeVersionInfo } from './version-info.ts';

const corpus = fileURLToPath(new URL('../corpus/', import.meta.url));
const read = (name: string) => readFile(join(corpus, `${name}.txt`), 'utf8');
const all = (await readdir(corpus))
  .filter((name) => name.endsWith('.txt'))
  .map((name) => name.slice(0, -'.txt'.length));
const kinds = {
  results: all.filter((name) => name.startsWith('result-ptp')),
  mislabelled: all.filter((name) => name.startsWith('result-loopback')),
  errors: all.filter((name) => name.startsWith('error-')),
  requests: all.filter((name) => name.startsWith('request-')),
  caches: all.filter((name) => name.startsWith('cache-')),
  versions: all.filter((name) => name.startsWith('version-')),
  others: ['args-containerd-1.6.20', 'list-blue'],
};

test('every captured text is of a kind that is tested', () => {
  expect(Object.values(kinds).flat().sort()).toEqual(all.sort());
});

test.each(kinds.results)('%s survives decoding and encoding', async (name) => {
  const text = await read(name);
  expect(JSON.parse(encodeResult(decodeResult(text)))).toEqual(JSON.parse(text));
});

test.each(kinds.mislabelled)('%s is read as what its label says', async (name) => {
  const { cniVersion } = decodeResult(await read(name));
  expect(name).toContain(cniVersion);
});

test.each(kinds.errors)('%s survives decoding and encoding', async (name) => {
  const text = await read(name);
  expect(JSON.parse(encodeCniError(decodeCniError(text)))).toEqual(JSON.parse(text));
});

test.each(kinds.versions)('%s is read', async (name) => {
  expect(decodeVersionInfo(await read(name)).supportedVersions).toContain('1.0.0');
});

describe('what containerd sends', () => {
  test.each(kinds.requests)('%s', async (name) => {
    const conf = parsePluginConf(await read(name));
    expect(conf).toMatchObject({ name: 'blue', cniVersion: '1.0.0', type: 'spy' });
    expect(capabilityOf(conf.runtimeConfig, 'portMappings')).toEqual([
      { hostPort: 8080, containerPort: 80, protocol: 'tcp' },
    ]);
    expect(capabilityOf(conf.runtimeConfig, 'io.kubernetes.cri.pod-annotations')).toBeUndefined();
    const isAgain = name.endsWith('again');
    expect(parsePrevResult(conf)).toEqual(
      isAgain ? undefined : expect.objectContaining({ ips: [expect.any(Object)] }),
    );
  });

  test('in CNI_ARGS', async () => {
    const text = await read('args-containerd-1.6.20');
    expect(parseArgs(text, { K8S_POD_NAME: 'string' })).toEqual({ K8S_POD_NAME: 'cart' });
  });

  test.each(kinds.caches)('and keeps: %s', async (name) => {
    const directory = await mkdtemp(join(tmpdir(), 'corpus-'));
    await mkdir(join(directory, 'results'));
    await copyFile(join(corpus, `${name}.txt`), join(directory, 'results', 'any'));
    const [entry] = await createAttachmentCache(directory).readAll();
    await rm(directory, { recursive: true });
    expect(entry?.args).toContainEqual(['K8S_POD_NAME', 'cart']);
    expect(parseConfList(entry?.config ?? '').name).toBe(entry?.networkName);
  });
});

test('the list that containerd was given has no problems', async () => {
  const text = await read('list-blue');
  expect(findConfListProblems(text)).toEqual([]);
  expect(parseConfList(text).plugins.map(({ type }) => type)).toEqual(['ptp', 'spy']);
});
