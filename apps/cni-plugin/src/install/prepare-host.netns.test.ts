import { execFile, execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { createEmulator } from '@vpc-cni/aws-emulator';
import { enterNewNetns, type Netlink, openNetlink } from '@vpc-cni/host-network';
import { prepareHost } from './prepare-host.ts';
import { readInstallSettings } from './settings.ts';

const MAC = '02:00:00:00:00:01';

let leave: () => void;
let host: Netlink;
beforeEach(() => {
  leave = enterNewNetns();
  execFileSync('ip', [
    'link',
    'add',
    'eth0.7',
    'address',
    MAC,
    'type',
    'veth',
    'peer',
    'name',
    'outside',
  ]);
  host = openNetlink();
});
afterEach(() => {
  host.close();
  leave();
});

const sysctl = (key: string) => readFileSync(`/proc/sys/${key}`, 'utf8').trim();
const prepare = (variables: Readonly<Record<string, string>>, primaryMac = MAC) =>
  prepareHost({
    settings: readInstallSettings(variables).settings,
    primaryMac,
    links: host.links,
    log: () => undefined,
  });

test('filters loosely on the primary link, whatever its name, and leaves IPv6 alone', async () => {
  const before = sysctl('net/ipv6/conf/all/forwarding');
  for (const [disabled, demux] of [
    ['true', '0'],
    ['false', '1'],
  ] as const) {
    await prepare({ DISABLE_TCP_EARLY_DEMUX: disabled });
    expect(sysctl('net/ipv4/conf/eth0.7/rp_filter')).toBe('2');
    expect(sysctl('net/ipv4/tcp_early_demux')).toBe(demux);
  }
  expect(sysctl('net/ipv6/conf/all/forwarding')).toBe(before);
});

test('forwards IPv6, and keeps listening to routers, in an IPv6 cluster', async () => {
  execFileSync('sysctl', ['-qw', 'net.ipv6.conf.all.disable_ipv6=1']);
  for (let run = 0; run < 10; run++) await prepare({ ENABLE_IPv6: 'true' });
  expect(sysctl('net/ipv6/conf/all/disable_ipv6')).toBe('0');
  expect(sysctl('net/ipv6/conf/all/forwarding')).toBe('1');
  expect(sysctl('net/ipv6/conf/eth0.7/accept_ra')).toBe('2');
});

test('without the primary link it says what is wrong', async () => {
  await expect(prepare({}, '02:00:00:00:00:02')).rejects.toThrow(
    /no link has 02:00:00:00:00:02.*the host's network/,
  );
});

test('init, as the container runs it, copies plugins and finds the link by what IMDS says', async () => {
  const cloud = createEmulator({ region: 'eu-central-1' });
  const { vpcId } = cloud.addVpc({ cidr: '10.0.0.0/16' });
  const zone = { availabilityZone: 'eu-central-1a' };
  const { subnetId } = cloud.addSubnet({ vpcId, cidr: '10.0.0.0/24', ...zone });
  const { instanceId } = await cloud.runInstance({ subnetId, instanceType: 'm5.large' });
  execFileSync('ip', ['link', 'set', 'lo', 'up']);
  const { url } = await cloud.listenImds({ host: '127.0.0.1', port: 0, instanceId });
  const [eni] = cloud.describe().enis;
  execFileSync('ip', ['link', 'set', 'eth0.7', 'address', eni?.mac ?? '']);
  const [from, to] = ['from', 'to'].map((name) => mkdtempSync(join(tmpdir(), `init-${name}-`)));
  if (from === undefined || to === undefined) throw new Error('no directories');
  try {
    writeFileSync(join(from, 'portmap'), '');
    const program = ['--conditions=@vpc-cni/source', join(import.meta.dirname, '../install.ts')];
    const env = {
      PATH: process.env['PATH'] ?? '',
      HOST_CNI_BIN_PATH: to,
      AWS_EC2_METADATA_SERVICE_ENDPOINT: url,
    };
    await promisify(execFile)(process.execPath, [...program, 'init', from], { env });
    expect(readdirSync(to)).toEqual(['portmap']);
    expect(sysctl('net/ipv4/conf/eth0.7/rp_filter')).toBe('2');
  } finally {
    await cloud.close();
    for (const directory of [from, to]) rmSync(directory, { recursive: true });
  }
});
