import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { HostSettings } from '../desired/settings.ts';
import { defaultCommands, type HostCommands } from '../iptables/host-commands.ts';
import { openNetlink } from '../netlink/netlink.ts';
import { createTestHost, type TestHost, tidyLines } from '../netns-test-host.ts';
import { DOOMED_LINK_GROUP } from './link-sweeper.ts';
import { type HostNetwork, openHostNetwork } from './open-host-network.ts';

// The node of plugin-and-host-network §9.
const settings: HostSettings = {
  primaryMac: '0a:11:22:33:44:00',
  primaryAddress: '10.0.40.10',
  vpcCidrs: ['10.0.0.0/16', '100.64.0.0/16'],
  vethPrefix: 'eni',
  eniMtuBytes: 9001,
  connmark: 0x80,
  nodePortSupport: true,
  externalSnat: false,
  excludeSnatCidrs: ['192.168.0.0/16'],
  randomizeSnat: 'prng',
};
type Backend = 'nft' | 'legacy';

let host: TestHost;
let networks: HostNetwork[];
let directories: string[];

beforeEach(() => {
  host = createTestHost();
  host.addEni({ name: 'eth0', mac: '0a:11:22:33:44:00', address: '10.0.40.10/19' });
  networks = [];
  directories = [];
});

afterEach(async () => {
  for (const network of networks) await network.close();
  for (const directory of directories) rmSync(directory, { recursive: true });
  host.close();
});

/** The kubelet's mark on the back-end it uses. */
const canary = (backend: Backend) => `iptables-${backend} -w 5 -t mangle -N KUBE-KUBELET-CANARY`;

/** A host network on a host whose kubelet uses that back-end. */
function open(backend: Backend): HostNetwork {
  host.sh(canary(backend));
  return openNetwork();
}

function openNetwork(commands: Partial<HostCommands> = {}): HostNetwork {
  const network = openHostNetwork({ commands, linkWaitMs: 100 });
  networks.push(network);
  return network;
}

const saved = (backend: Backend, table: string) =>
  tidyLines(host.sh(`iptables-${backend}-save -t ${table} 2>/dev/null`)).filter((line) =>
    /^-A|^:AWS/.test(line),
  );
const nftTable = () =>
  tidyLines(host.sh('nft list table ip aws-cni 2>/dev/null || true')).map((line) =>
    line.replace(/packets \d+ bytes \d+/, 'packets 0 bytes 0').replace('dstnat + 10', '-90'),
  );
const rules = () => tidyLines(host.sh('ip rule'));
const everything = (backend: Backend) => ({
  rules: rules(),
  mangle: saved(backend, 'mangle'),
  nat: saved(backend, 'nat'),
  nft: nftTable(),
});

// plugin-and-host-network §9.1
const mangle = [
  '-A PREROUTING -i eth0 -m comment --comment "AWS, primary ENI" -m addrtype --dst-type LOCAL --limit-iface-in -j CONNMARK --set-xmark 0x80/0x80',
  '-A PREROUTING -i eni+ -m comment --comment "AWS, primary ENI" -j CONNMARK --restore-mark --nfmask 0x80 --ctmask 0x80',
  '-A PREROUTING -i vlan+ -m comment --comment "AWS, primary ENI" -j CONNMARK --restore-mark --nfmask 0x80 --ctmask 0x80',
];
const snat = [
  '-A AWS-SNAT-CHAIN-0 -d 192.168.0.0/16 -m comment --comment "AWS SNAT CHAIN EXCLUSION" -j RETURN',
  '-A AWS-SNAT-CHAIN-0 -d 100.64.0.0/16 -m comment --comment "AWS SNAT CHAIN" -j RETURN',
  '-A AWS-SNAT-CHAIN-0 -d 10.0.0.0/16 -m comment --comment "AWS SNAT CHAIN" -j RETURN',
  '-A AWS-SNAT-CHAIN-0 ! -o vlan+ -m comment --comment "AWS, SNAT" -m addrtype ! --dst-type LOCAL -j SNAT --to-source 10.0.40.10 --random-fully',
];
const natOf = {
  legacy: [
    ':AWS-CONNMARK-CHAIN-0 - [0:0]',
    ':AWS-SNAT-CHAIN-0 - [0:0]',
    '-A PREROUTING -i eni+ -m comment --comment "AWS, outbound connections" -j AWS-CONNMARK-CHAIN-0',
    '-A PREROUTING -m comment --comment "AWS, CONNMARK" -j CONNMARK --restore-mark --nfmask 0x80 --ctmask 0x80',
    '-A POSTROUTING -m comment --comment "AWS SNAT CHAIN" -j AWS-SNAT-CHAIN-0',
    '-A AWS-CONNMARK-CHAIN-0 -d 192.168.0.0/16 -m comment --comment "AWS CONNMARK CHAIN" -j RETURN',
    '-A AWS-CONNMARK-CHAIN-0 -d 100.64.0.0/16 -m comment --comment "AWS CONNMARK CHAIN" -j RETURN',
    '-A AWS-CONNMARK-CHAIN-0 -d 10.0.0.0/16 -m comment --comment "AWS CONNMARK CHAIN" -j RETURN',
    '-A AWS-CONNMARK-CHAIN-0 -m comment --comment "AWS, CONNMARK" -j CONNMARK --set-xmark 0x80/0x80',
    ...snat,
  ],
  nft: [
    ':AWS-SNAT-CHAIN-0 - [0:0]',
    '-A POSTROUTING -m comment --comment "AWS SNAT CHAIN" -j AWS-SNAT-CHAIN-0',
    ...snat,
  ],
};
const nftChains = {
  base: [
    'chain nat-prerouting {',
    'type nat hook prerouting priority -90; policy accept;',
    'fib daddr type local return',
    'iifname "eni*" counter packets 0 bytes 0 jump snat-mark',
    'counter packets 0 bytes 0 meta mark set ct mark & 0x00000080',
    '}',
  ],
  mark: [
    'chain snat-mark {',
    'counter packets 0 bytes 0 ip daddr 10.0.0.0/16 return',
    'counter packets 0 bytes 0 ip daddr 100.64.0.0/16 return',
    'counter packets 0 bytes 0 ip daddr 192.168.0.0/16 return',
    'counter packets 0 bytes 0 ct mark set ct mark | 0x00000080',
    '}',
  ],
};

describe.each(['nft', 'legacy'] as const)('setUpHost with iptables-%s', (backend) => {
  test('makes what ip, iptables-save and nft show on a node', async () => {
    await open(backend).setUpHost(settings);
    expect(rules()).toEqual([
      '0: from all lookup local',
      '1024: from all fwmark 0x80/0x80 lookup main',
      '32766: from all lookup main',
      '32767: from all lookup default',
    ]);
    expect(host.sh('cat /proc/sys/net/ipv4/conf/eth0/rp_filter').trim()).toBe('2');
    expect(host.sh('ip link show eth0')).toMatch(' mtu 9001 ');
    expect(saved(backend, 'mangle')).toEqual(mangle);
    expect(saved(backend, 'nat')).toEqual(natOf[backend]);
    const expected = ['table ip aws-cni {', ...nftChains.base, ...nftChains.mark, '}'];
    expect(nftTable()).toEqual(backend === 'nft' ? expected : []);
  });

  test('changes nothing the second time', async () => {
    const network = open(backend);
    await network.setUpHost(settings);
    // A rule that is rewritten would come after this one, and lose its handle.
    host.sh(`iptables-${backend} -w 5 -t mangle -A PREROUTING -j ACCEPT`);
    const before = everything(backend);
    const handles = () =>
      host.sh('nft -a list ruleset 2>/dev/null').replace(/packets \d+ bytes \d+/g, '');
    const handlesBefore = handles();
    await network.setUpHost(settings);
    expect(everything(backend)).toEqual(before);
    expect(handles()).toBe(handlesBefore);
  });

  test('leaves the rules of others alone', async () => {
    const iptables = `iptables-${backend}`;
    host.sh(
      [
        `${iptables} -w 5 -t nat -N KUBE-SERVICES`,
        `${iptables} -w 5 -t nat -A PREROUTING -m comment --comment "kubernetes service portals" -j KUBE-SERVICES`,
        `${iptables} -w 5 -t mangle -A PREROUTING -m comment --comment "it\\"s mine" -j MARK --set-mark 0x1`,
        `${iptables} -w 5 -t filter -A FORWARD -j ACCEPT`,
      ].join('\n'),
    );
    const network = open(backend);
    await network.setUpHost(settings);
    await network.setUpHost({ ...settings, externalSnat: true, nodePortSupport: false });
    expect(saved(backend, 'nat')).toEqual([
      ':AWS-SNAT-CHAIN-0 - [0:0]',
      '-A PREROUTING -m comment --comment "kubernetes service portals" -j KUBE-SERVICES',
    ]);
    expect(saved(backend, 'mangle')).toEqual([
      '-A PREROUTING -m comment --comment "it\\"s mine" -j MARK --set-xmark 0x1/0xffffffff',
    ]);
    expect(saved(backend, 'filter')).toEqual(['-A FORWARD -j ACCEPT']);
  });

  test.each([
    { name: 'external SNAT', other: { externalSnat: true } },
    {
      name: 'external SNAT without NodePort',
      other: { externalSnat: true, nodePortSupport: false },
    },
    { name: 'another mark', other: { connmark: 0x100 } },
    { name: 'another veth prefix', other: { vethPrefix: 'pod' } },
    { name: 'other CIDRs', other: { vpcCidrs: ['10.1.0.0/16'], excludeSnatCidrs: ['0.0.0.0/0'] } },
    { name: 'another source address', other: { primaryAddress: '10.0.40.11' } },
    { name: 'strict branch pods', other: { branchEnis: 'strict' } },
    { name: 'external services', other: { externalServiceCidrs: ['10.9.0.0/16'] } },
  ] as const)('is the same after an excursion to $name', async ({ other }) => {
    const network = open(backend);
    await network.setUpHost(settings);
    const fresh = everything(backend);
    await network.setUpHost({ ...settings, ...other });
    expect(everything(backend)).not.toEqual(fresh);
    await network.setUpHost(settings);
    expect(everything(backend)).toEqual(fresh);
  });

  test('is the same after ten restarts with everything excluded', async () => {
    const everythingExcluded = { ...settings, excludeSnatCidrs: ['0.0.0.0/0'] } as const;
    await open(backend).setUpHost(everythingExcluded);
    const first = everything(backend);
    for (let restart = 1; restart <= 10; restart += 1) {
      expect(await openNetwork().setUpHost(everythingExcluded)).toEqual([]);
    }
    expect(everything(backend)).toEqual(first);
  });

  test('removes what upstream releases left', async () => {
    const iptables = `iptables-${backend}`;
    host.sh(
      [
        `${iptables} -w 5 -t nat -N AWS-SNAT-CHAIN-0`,
        `${iptables} -w 5 -t nat -N AWS-SNAT-CHAIN-1`,
        `${iptables} -w 5 -t nat -N AWS-CONNMARK-CHAIN-0`,
        `${iptables} -w 5 -t nat -A AWS-SNAT-CHAIN-0 ! -d 10.0.0.0/16 -m comment --comment "AWS SNAT CHAIN" -j AWS-SNAT-CHAIN-1`,
        `${iptables} -w 5 -t nat -A AWS-SNAT-CHAIN-1 -j SNAT --to-source 10.0.40.10`,
        `${iptables} -w 5 -t nat -A PREROUTING -i eni+ -m comment --comment "AWS, outbound connections" -m state --state NEW -j AWS-CONNMARK-CHAIN-0`,
      ].join('\n'),
    );
    await open(backend).setUpHost(settings);
    expect(saved(backend, 'nat')).toEqual(natOf[backend]);
  });
});

describe('setUpHost for other settings', () => {
  test('leads external services by the main table, and forgets those of the past', async () => {
    const network = open('nft');
    const external = () => rules().filter((rule) => rule.startsWith('1535:'));
    await network.setUpHost({ ...settings, externalServiceCidrs: ['10.9.0.0/16', '10.8.0.1/32'] });
    expect(external()).toEqual([
      '1535: from all to 10.9.0.0/16 lookup main',
      '1535: from all to 10.8.0.1 lookup main',
    ]);
    await network.setUpHost({ ...settings, externalServiceCidrs: ['0.0.0.0/0'] });
    expect(external()).toEqual(['1535: from all lookup main']);
    await network.setUpHost(settings);
    expect(external()).toEqual([]);
  });

  // plugin-and-host-network §9.1, last sentence
  test('moves the rule to the local table for strict pods, and back', async () => {
    const network = open('nft');
    await network.setUpHost(settings);
    const fresh = rules();
    await network.setUpHost({ ...settings, branchEnis: 'strict' });
    expect(rules().slice(0, 2)).toEqual([
      '20: from all lookup local',
      '1024: from all fwmark 0x80/0x80 lookup main',
    ]);
    await network.setUpHost({ ...settings, branchEnis: 'standard' });
    expect(rules()).toEqual(fresh);
  });

  test('leaves a local rule alone that somebody else moved', async () => {
    host.sh('ip rule add pref 100 lookup local; ip rule del pref 0');
    await open('nft').setUpHost(settings);
    expect(rules()[0]).toBe('100: from all lookup local');
  });

  test.each(['nft', 'legacy'] as const)(
    'keeps egress addresses on the node, before anybody accepts them, with %s',
    async (backend) => {
      host.sh(`ip6tables-${backend} -w 5 -A FORWARD -j ACCEPT`);
      const network = open(backend);
      const filter = () =>
        tidyLines(host.sh(`ip6tables-${backend}-save -t filter`)).filter((line) =>
          line.startsWith('-A'),
        );
      await network.setUpHost({ ...settings, egressAddress: '2600:1f14::10' });
      expect(filter()).toEqual([
        '-A FORWARD -d fd00::ac:0/118 -m conntrack --ctstate NEW -m comment --comment "Block Node Local Pod access via IPv6" -j REJECT --reject-with icmp6-port-unreachable',
        '-A FORWARD -j ACCEPT',
      ]);
      expect(await network.setUpHost({ ...settings, egressAddress: '2600:1f14::10' })).toEqual([]);
      await network.setUpHost(settings);
      expect(filter()).toEqual(['-A FORWARD -j ACCEPT']);
    },
  );

  test.each(['nft', 'legacy'] as const)(
    'takes fifty VPC CIDRs at run time in one batch of %s',
    async (backend) => {
      const { commands, executions } = countingCommands(backend);
      host.sh(canary(backend));
      const network = openNetwork(commands);
      await network.setUpHost(settings);
      const vpcCidrs = Array.from({ length: 50 }, (_, index) => `10.${index}.0.0/16` as const);
      await network.setUpHost({ ...settings, vpcCidrs });
      const again = [`iptables-${backend}-save`, `iptables-${backend}-restore`];
      expect(executions()).toEqual([...again, ...again]);
      const returns = saved(backend, 'nat').filter((rule) =>
        rule.startsWith('-A AWS-SNAT-CHAIN-0 -d 10.'),
      );
      expect(returns).toHaveLength(50);
      expect(await network.setUpHost({ ...settings, vpcCidrs })).toEqual([]);
    },
  );
});

describe('the iptables back-end', () => {
  const fullSetOn = (backend: Backend) => {
    expect(saved(backend, 'nat')).toEqual(natOf[backend]);
    expect(saved(backend, 'mangle')).toEqual(mangle);
    expect(nftTable()).toHaveLength(backend === 'nft' ? 14 : 0);
  };
  const nothingOn = (backend: Backend) => {
    expect(saved(backend, 'nat')).toEqual([]);
    expect(saved(backend, 'mangle')).toEqual([]);
  };

  test.each([
    { first: 'nft', late: 'legacy' },
    { first: 'legacy', late: 'nft' },
  ] as const)(
    'moves from $first to $late when the kubelet turns up there after our first set-up',
    async ({ first, late }) => {
      // What other programs, started before the kubelet, suggest.
      host.sh(`iptables-${first} -w 5 -A FORWARD -j ACCEPT`);
      const network = openNetwork();
      await network.setUpHost(settings);
      fullSetOn(first);
      host.sh(canary(late));
      await network.repair({ settings, enis: [], pods: [] });
      fullSetOn(late);
      nothingOn(first);
      expect(network.iptablesBackend).toBe(late === 'nft' ? 'nf_tables' : 'legacy');
    },
  );

  test.each([
    { before: 'nft', after: 'legacy' },
    { before: 'legacy', after: 'nft' },
  ] as const)(
    'leaves nothing in $before when the host starts with $after the next time',
    async ({ before, after }) => {
      await open(before).setUpHost(settings);
      host.sh(`iptables-${before} -w 5 -t mangle -X KUBE-KUBELET-CANARY`);
      await open(after).setUpHost(settings);
      fullSetOn(after);
      nothingOn(before);
    },
  );

  test('stays when other programs come to prefer the other one', async () => {
    const network = openNetwork();
    await network.setUpHost(settings);
    host.sh('for i in 1 2 3; do iptables-legacy -w 5 -A FORWARD -d 10.0.0.$i -j ACCEPT; done');
    expect(await network.setUpHost(settings)).toEqual([]);
    fullSetOn('nft');
  });

  test.each(['nft', 'legacy'] as const)(
    'is read once and written once beside 20,000 rules of %s that are not ours',
    async (backend) => {
      host.sh(canary(backend));
      const foreign = Array.from(
        { length: 20_000 },
        (_, index) => `-A KUBE-SVC -d 172.20.${index >> 8}.${index & 255}/32 -j RETURN`,
      );
      // In portions: an ordinary user may not send the kernel a message as large as all of them.
      host.sh(
        `{ echo '*nat'; echo ':KUBE-SVC - [0:0]'; seq 0 19999 | awk '{
          printf "-A KUBE-SVC -d 172.20.%d.%d/32 -j RETURN\\n", $1/256, $1%256
          if (NR % 500 == 0) print "COMMIT\\n*nat" }'; echo COMMIT; } | iptables-${backend}-restore --noflush -w 5`,
      );
      const { commands, executions } = countingCommands(backend);
      const network = openNetwork(commands);
      await network.setUpHost(settings);
      expect(executions()).toEqual([`iptables-${backend}-save`, `iptables-${backend}-restore`]);
      expect(await network.setUpHost(settings)).toEqual([]);
      expect(saved(backend, 'nat').filter((rule) => rule.includes('KUBE-SVC'))).toEqual(foreign);
      expect(saved(backend, 'nat')).toHaveLength(foreign.length + natOf[backend].length);
    },
    60_000,
  );

  test('says who is in the way when the lock stays taken', async () => {
    const network = open('legacy');
    // Without a fork: else the lock would outlive the hog, and hold up whatever test comes next.
    const hog = spawn('flock', ['--no-fork', '/run/xtables.lock', 'sleep', '60'], {
      stdio: 'ignore',
    });
    try {
      await untilLocked();
      await expect(network.setUpHost(settings)).rejects.toMatchObject({
        code: 'iptables-locked',
        message: expect.stringContaining('/run/xtables.lock'),
        facts: { command: 'iptables-legacy-restore', exitCode: 4 },
      });
    } finally {
      hog.kill();
    }
  }, 30_000);
});

/** Programs of a back-end that leave their names in a file when they are run. */
function countingCommands(backend: Backend) {
  const directory = mkdtempSync(join(tmpdir(), 'counting-'));
  directories.push(directory);
  const log = join(directory, 'log');
  const counted = (program: string) => {
    const path = join(directory, program);
    const body = `#!/bin/sh\necho ${program} >> ${log}\nexec ${program} "$@"\n`;
    writeFileSync(path, body, { mode: 0o755 });
    return path;
  };
  const name = `iptables-${backend}`;
  const ipv4 = {
    iptables: name,
    save: counted(`${name}-save`),
    restore: counted(`${name}-restore`),
  };
  const key = backend === 'nft' ? 'nf_tables' : 'legacy';
  const { ipv6 } = defaultCommands[key];
  return {
    commands: { [key]: { ipv4, ipv6 } },
    executions: () => tidyLines(readFileSync(log, 'utf8')),
  };
}

async function untilLocked(): Promise<void> {
  const isLocked = () => {
    try {
      execFileSync('flock', ['--nonblock', '/run/xtables.lock', 'true'], { stdio: 'ignore' });
      return false;
    } catch {
      return true;
    }
  };
  while (!isLocked()) await setTimeout(10);
}

describe('setUpHost', () => {
  test('names a primary MAC that no link has', async () => {
    const nowhere = { ...settings, primaryMac: '0a:00:00:00:00:99' };
    await expect(open('nft').setUpHost(nowhere)).rejects.toMatchObject({
      code: 'link-not-found',
      facts: { mac: '0a:00:00:00:00:99' },
    });
  });

  test('names a program that is not installed', async () => {
    const none = { iptables: 'no-such-iptables', save: 'no-such-save', restore: 'no-such-restore' };
    const families = { ipv4: none, ipv6: none };
    const network = openNetwork({ nf_tables: families, legacy: families, only: families });
    await expect(network.setUpHost(settings)).rejects.toMatchObject({
      code: 'iptables-failed',
      facts: { command: 'no-such-iptables', exitCode: 127 },
    });
  });

  test('deletes the links that an earlier process had marked', async () => {
    host.sh('ip link add enidead type veth peer name outdead');
    const netlink = openNetlink();
    netlink.links.change({ name: 'enidead' }, { group: DOOMED_LINK_GROUP });
    netlink.close();
    const network = open('nft');
    await network.setUpHost(settings);
    await network.settled();
    expect(await network.linkNames()).not.toContain('enidead');
  });
});
