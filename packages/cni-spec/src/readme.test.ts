import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { runReadmeExample } from '@vpc-cni/testing';

const here = new URL('../', import.meta.url);

describe('the plugin of the README', () => {
  let directory: string;
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'tiny-ipam-'));
  });
  afterAll(() => rm(directory, { recursive: true }));

  async function request(command: string, containerId: string) {
    const { stdout, ...run } = await runReadmeExample(here, {
      environment: {
        CNI_COMMAND: command,
        CNI_CONTAINERID: containerId,
        CNI_NETNS: '/run/netns/p7',
        CNI_IFNAME: 'eth0',
        CNI_PATH: '/opt/cni/bin',
      },
      stdin: JSON.stringify({
        cniVersion: '1.0.0',
        name: 'blue',
        type: 'any',
        ipam: { type: 'tiny-ipam', directory, addresses: ['10.9.0.2/24', '10.9.0.3/24'] },
      }),
    });
    return { ...run, output: stdout === '' ? undefined : JSON.parse(stdout) };
  }
  const holding = (address: string) => ({
    exitCode: 0,
    stderr: '',
    output: { cniVersion: '1.0.0', ips: [{ address }] },
  });
  const silent = { exitCode: 0, stderr: '', output: undefined };

  test('gives addresses and takes them back', async () => {
    expect(await request('ADD', 'a')).toEqual(holding('10.9.0.2/24'));
    expect(await request('ADD', 'b')).toEqual(holding('10.9.0.3/24'));
    expect(await request('ADD', 'c')).toMatchObject({ exitCode: 1, output: { code: 11 } });
    expect(await request('DEL', 'a')).toEqual(silent);
    expect(await request('DEL', 'a')).toEqual(silent);
    expect(await readdir(join(directory, 'blue'))).toEqual(['10.9.0.3_24']);
    expect(await request('ADD', 'c')).toEqual(holding('10.9.0.2/24'));
  });

  test('says what it is', async () => {
    expect(await runReadmeExample(here, { environment: {} })).toMatchObject({
      exitCode: 0,
      stdout: '',
      stderr: expect.stringContaining('tiny-ipam: addresses from a list'),
    });
  });
});

test('the request without a process prints what the README says', async () => {
  const readme = await readFile(new URL('README.md', here), 'utf8');
  const printed = /```json\n(.*?)```/s.exec(readme)?.[1];
  expect(await runReadmeExample(here, { index: 1 })).toEqual({
    exitCode: 0,
    stdout: printed,
    stderr: '',
  });
});

test('the runtime of the README finds what is missing', async () => {
  expect(await runReadmeExample(here, { index: 2 })).toEqual({
    exitCode: 0,
    stdout: '[999] failed to find plugin "absent"; it is in none of /usr/lib/cni, /opt/cni/bin\n',
    stderr: '',
  });
});
