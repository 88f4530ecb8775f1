// The real plugins of Debian's containernetworking-plugins, through the runtime side, in namespaces.
import { execFileSync } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { parseConfList } from '../conf-list.ts';
import { convertResult } from '../convert-result.ts';
import { compareVersions } from '../version.ts';
import { type CniAttachment, createCniRuntime } from './runtime.ts';

const DEBIAN_PLUGINS = '/usr/lib/cni';
const TYPES = ['bandwidth', 'bridge', 'host-local', 'loopback', 'portmap', 'ptp'];
const NODE = 'cni-spec-node';
const POD = 'cni-spec-pod';

const ip = (...args: readonly string[]) => execFileSync('ip', args, { encoding: 'utf8' });
const inNode = (...command: readonly string[]) =>
  execFileSync('ip', ['netns', 'exec', NODE, ...command], { encoding: 'utf8' });

let directory: string;
let linksBefore: string;

beforeAll(async () => {
  linksBefore = ip('-o', 'link');
  directory = await mkdtemp(join(tmpdir(), 'debian-plugins-'));
  // Plugins work in the namespace they are executed in, so each is executed in the node's. They see
  // one iptables only: portmap 1.1.1 fails CHECK of an IPv4 pod where it finds ip6tables.
  await mkdir(join(directory, 'bin'));
  for (const program of ['/usr/sbin/iptables', '/usr/bin/nsenter', '/usr/bin/env']) {
    await symlink(program, join(directory, 'bin', basename(program)));
  }
  for (const type of TYPES) {
    const path = join(directory, type);
    const command = `nsenter --net=/run/netns/${NODE} env PATH=${directory}/bin ${DEBIAN_PLUGINS}/${type}`;
    await writeFile(path, `#!/bin/sh\nexec ${command}\n`);
    await chmod(path, 0o755);
  }
});
afterAll(async () => {
  await rm(directory, { recursive: true });
  expect(ip('-o', 'link')).toBe(linksBefore);
});
beforeEach(() => {
  ip('netns', 'add', NODE);
  ip('netns', 'add', POD);
});
afterEach(async () => {
  ip('netns', 'del', POD);
  ip('netns', 'del', NODE);
  await rm(join(directory, 'networks'), { recursive: true, force: true });
});

const runtime = () =>
  createCniRuntime({ pluginDirectories: [directory], cacheDirectory: directory });
const attachment: CniAttachment = {
  containerId: 'sbx-81',
  netns: `/run/netns/${POD}`,
  ifName: 'eth0',
  args: [
    ['IgnoreUnknown', '1'],
    ['K8S_POD_NAME', 'cart'],
  ],
  capabilityArgs: {
    portMappings: [{ hostPort: 8080, containerPort: 80, protocol: 'tcp' }],
    bandwidth: { egressRate: 8_000_000, egressBurst: 800_000 },
  },
};
const addressesOf = (link: string): readonly string[] =>
  JSON.parse(ip('-n', POD, '-j', 'addr', 'show', link))[0].addr_info.map(
    ({ local, prefixlen }: { local: string; prefixlen: number }) => `${local}/${prefixlen}`,
  );
const podLinks = (): readonly string[] =>
  JSON.parse(ip('-n', POD, '-j', 'link')).map(({ ifname }: { ifname: string }) => ifname);
const reservations = async () =>
  (await readdir(join(directory, 'networks', 'blue'))).filter((name) => /^\d/.test(name));

const ipam = () => ({
  type: 'host-local',
  subnet: '10.88.0.0/24',
  routes: [{ dst: '0.0.0.0/0' }],
  dataDir: join(directory, 'networks'),
});
const [portmap, bandwidth] = [
  { type: 'portmap', capabilities: { portMappings: true } },
  { type: 'bandwidth', capabilities: { bandwidth: true } },
];
const versions = ['0.1.0', '0.2.0', '0.3.0', '0.3.1', '0.4.0', '1.0.0'];

interface Network {
  readonly name: string;
  readonly plugins: () => readonly object[];
  /** Oldest version that all plugins support. */
  readonly since: string;
}
const networks: readonly Network[] = [
  { name: 'ptp', plugins: () => [{ type: 'ptp', ipMasq: true, ipam: ipam() }], since: '0.1.0' },
  {
    name: 'bridge',
    plugins: () => [{ type: 'bridge', bridge: 'br-blue', isGateway: true, ipam: ipam() }],
    since: '0.1.0',
  },
  {
    name: 'host-local alone',
    plugins: () => [{ type: 'host-local', ipam: ipam() }],
    since: '0.1.0',
  },
  { name: 'ptp, portmap', plugins: () => [{ type: 'ptp', ipam: ipam() }, portmap], since: '0.1.0' },
  {
    name: 'ptp, portmap, bandwidth',
    plugins: () => [{ type: 'ptp', ipam: ipam() }, portmap, bandwidth],
    since: '0.3.0',
  },
  {
    name: 'bridge, portmap, bandwidth',
    plugins: () => [
      { type: 'bridge', bridge: 'br-blue', isGateway: true, ipam: ipam() },
      portmap,
      bandwidth,
    ],
    since: '0.3.0',
  },
];
const listOf = (plugins: readonly object[], cniVersion: string) =>
  parseConfList(JSON.stringify({ name: 'blue', cniVersion, plugins }));

describe.each(networks)('$name', ({ plugins, since }) => {
  const spoken = versions.filter((version) => compareVersions(version, since) >= 0);

  test.each(spoken)('in %s: ADD, CHECK, DEL and DEL again', async (cniVersion) => {
    const cni = runtime();
    const list = listOf(plugins(), cniVersion);
    const isWired = list.plugins[0]?.type !== 'host-local';
    expect(await cni.validateList(list)).toEqual(
      list.plugins.flatMap(({ capabilities }) => Object.keys(capabilities)),
    );

    const result = await cni.addList(list, attachment);
    expect(result.cniVersion).toBe(cniVersion);
    const { ips, interfaces } = convertResult(result, '1.0.0');
    expect(ips).toHaveLength(1);
    for (const { address } of isWired ? ips : []) expect(addressesOf('eth0')).toContain(address);
    if (isWired && compareVersions(cniVersion, '0.3.0') >= 0) {
      expect(interfaces[ips[0]?.interface ?? -1]).toMatchObject({
        name: 'eth0',
        sandbox: attachment.netns,
      });
    }
    expect(await reservations()).toEqual(ips.map(({ address }) => address.split('/')[0]));
    expect(await cni.cachedResult(list, attachment)).toEqual(result);
    if (list.plugins.length > 1) {
      expect(inNode('iptables-save', '-t', 'nat')).toContain('--dport 8080');
    }
    if (list.plugins.length > 2) {
      expect(interfaces.map(({ name }) => name.slice(0, 3))).toContain('bwp');
    }

    const checking = cni.checkList(list, attachment);
    if (compareVersions(cniVersion, '0.4.0') >= 0) await checking;
    else await expect(checking).rejects.toMatchObject({ code: 1 });

    await cni.delList(list, attachment);
    await cni.delList(list, { ...attachment, netns: '' });
    expect(podLinks()).not.toContain('eth0');
    expect(await reservations()).toEqual([]);
    expect(await cni.cachedAttachments()).toEqual([]);
    expect(inNode('iptables-save', '-t', 'nat')).not.toContain('--dport 8080');
    expect(inNode('ip', '-o', 'link')).not.toMatch(/bwp|veth/);
  });
});

describe('loopback', () => {
  test.each(versions)('in %s: ADD, CHECK and DEL', async (cniVersion) => {
    const cni = runtime();
    const list = listOf([{ type: 'loopback' }], cniVersion);
    const lo = { ...attachment, ifName: 'lo' };
    const result = await cni.addList(list, lo);
    expect(result.cniVersion).toBe(cniVersion);
    expect(addressesOf('lo')).toContain('127.0.0.1/8');
    if (compareVersions(cniVersion, '0.4.0') >= 0) await cni.checkList(list, lo);
    await cni.delList(list, lo);
    expect(ip('-n', POD, 'link', 'show', 'lo')).toContain('state DOWN');
  });
});

describe('what fails in a real plugin', () => {
  test('keeps its code: a version that it does not support', async () => {
    const cni = runtime();
    const list = listOf([{ type: 'ptp', ipam: ipam() }], '1.1.0');
    await expect(cni.addList(list, attachment)).rejects.toMatchObject({ code: 1 });
    await expect(cni.validateList(list)).rejects.toMatchObject({ errors: [{ code: 1 }] });
  });

  test('is undone by DEL: the second plugin of a chain', async () => {
    const cni = runtime();
    const plugins = [
      { type: 'ptp', ipam: ipam() },
      { type: 'portmap', markMasqBit: 99 },
    ];
    const list = listOf(plugins, '1.0.0');
    await expect(cni.addList(list, attachment)).rejects.toMatchObject({
      msg: expect.stringMatching(/^plugin type="portmap" failed \(add\): /),
    });
    expect(await reservations()).toHaveLength(1);
    await cni.delList(listOf(plugins.slice(0, 1), '1.0.0'), attachment);
    expect(await reservations()).toEqual([]);
    expect(podLinks()).not.toContain('eth0');
  });

  test('CHECK notices what is gone', async () => {
    const cni = runtime();
    const list = listOf([{ type: 'ptp', ipam: ipam() }], '1.0.0');
    await cni.addList(list, attachment);
    ip('-n', POD, 'addr', 'flush', 'dev', 'eth0');
    await expect(cni.checkList(list, attachment)).rejects.toMatchObject({
      msg: expect.stringMatching(/^plugin type="ptp" failed \(check\): /),
    });
    await cni.delList(list, attachment);
  });
});

test('GC deletes real attachments that are not valid any more, and no others', async () => {
  const cni = runtime();
  const { routes: _, ...withoutRoutes } = ipam(); // two interfaces in one pod
  const list = listOf([{ type: 'bridge', bridge: 'br-blue', ipam: withoutRoutes }], '1.0.0');
  await cni.addList(list, attachment);
  await cni.addList(list, { ...attachment, ifName: 'eth1' });
  await cni.gcList(list, [{ containerID: attachment.containerId, ifname: 'eth1' }]);
  expect(podLinks()).toEqual(expect.not.arrayContaining(['eth0']));
  expect(await reservations()).toHaveLength(1);
  await cni.gcList(list, []);
  expect(podLinks()).not.toContain('eth1');
  expect(await reservations()).toEqual([]);
});
