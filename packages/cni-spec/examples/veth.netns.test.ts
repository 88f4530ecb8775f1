// The plugin that docs/write-a-cni-plugin.md builds, with Debian's host-local, through the runtime side.
import { execFileSync } from 'node:child_process';
import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { parseConfList } from '@vpc-cni/cni-spec';
import { createCniRuntime } from '@vpc-cni/cni-spec/runtime';

const POD = 'cni-spec-veth';
const ip = (...args: readonly string[]) => execFileSync('ip', args, { encoding: 'utf8' });
const attachment = { containerId: 'sbx-81', netns: `/run/netns/${POD}`, ifName: 'eth0' };

let directory: string;
let linksBefore: string;
beforeAll(async () => {
  linksBefore = ip('-br', 'link');
  ip('netns', 'add', POD);
  directory = await mkdtemp(join(tmpdir(), 'veth-'));
  await copyFile('/usr/lib/cni/host-local', join(directory, 'host-local'));
  const flags = '--conditions=@vpc-cni/source --disable-warning=ExperimentalWarning';
  const program = fileURLToPath(new URL('veth.ts', import.meta.url));
  const script = `#!/bin/sh\nexec ${process.execPath} ${flags} ${program}\n`;
  await writeFile(join(directory, 'veth'), script, { mode: 0o755 });
});
afterAll(async () => {
  ip('netns', 'del', POD);
  await rm(directory, { recursive: true });
  expect(ip('-br', 'link')).toBe(linksBefore);
});

describe('the veth plugin', () => {
  const listOf = (members: object = {}) =>
    parseConfList(
      JSON.stringify({
        name: 'blue',
        cniVersion: '1.0.0',
        plugins: [
          {
            type: 'veth',
            ipam: {
              type: 'host-local',
              subnet: '10.9.0.0/24',
              dataDir: join(directory, 'networks'),
            },
            ...members,
          },
        ],
      }),
    );
  const runtime = () =>
    createCniRuntime({ pluginDirectories: [directory], cacheDirectory: directory });

  test('connects a pod, notices what is gone, and leaves nothing behind', async () => {
    const [cni, list] = [runtime(), listOf()];
    expect(await cni.validateList(list)).toEqual([]);
    const result = await cni.addList(list, attachment);
    expect(result).toMatchObject({
      cniVersion: '1.0.0',
      interfaces: [{}, { name: 'eth0', sandbox: attachment.netns }],
      ips: [{ address: '10.9.0.2/24', gateway: '10.9.0.1', interface: 1 }],
    });
    expect(execFileSync('ping', ['-c', '1', '-W', '5', '10.9.0.2'], { encoding: 'utf8' })).toMatch(
      / 0% packet loss/,
    );
    await cni.checkList(list, attachment);
    ip('-n', POD, 'addr', 'flush', 'dev', 'eth0');
    await expect(cni.checkList(list, attachment)).rejects.toThrow(
      'plugin type="veth" failed (check): eth0 has lost its address 10.9.0.2',
    );
    await cni.delList(list, attachment);
    await cni.delList(list, { ...attachment, netns: '' });
    expect(ip('-br', 'link')).toBe(linksBefore);
  });

  test('gives the address back when it cannot connect the pod', async () => {
    const [cni, list] = [runtime(), listOf()];
    const gone = { ...attachment, netns: '/run/netns/absent' };
    await expect(cni.addList(list, gone)).rejects.toThrow('plugin type="veth" failed (add)');
    expect(await cni.addList(list, attachment)).toMatchObject({ ips: [{ interface: 1 }] });
    await cni.delList(list, attachment);
  });

  test('passes the error of its IPAM on', async () => {
    const list = listOf({ ipam: { type: 'host-local' } });
    await expect(runtime().addList(list, attachment)).rejects.toMatchObject({ code: 999 });
  });
});
