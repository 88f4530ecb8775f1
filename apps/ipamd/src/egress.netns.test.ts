// egress-cni as a runtime executes it: the launcher and the daemon's handlers, behind the reference plugin ptp.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import {
  CURRENT_VERSION,
  convertResult,
  type NetworkConfList,
  parseConfList,
} from '@vpc-cni/cni-spec';
import { type CniAttachment, createCniRuntime } from '@vpc-cni/cni-spec/runtime';

const NODE = `egress-${process.pid}-node`;
const OUTSIDE = `egress-${process.pid}-outside`;
const PODS = ['a', 'b'].map((name) => `egress-${process.pid}-${name}`);
const nodeAddresses = { ipv4: '10.0.40.10', ipv6: '2600:1f14:aaa:bb00::10' } as const;
const internet = { ipv4: '198.51.100.1', ipv6: '2001:db8:ffff::1' } as const;
/** As the reference's dumps have it; the chain's name follows from it. */
const CONTAINER = '4f3c2a1b9e8d';

// By the family of the cluster's pods: what wires them, and how they leave in the other family.
const clusters = {
  ipv6: {
    ipam: { subnet: '2600:1f14:aaa:bb00:c404::/80', routes: [{ dst: '::/0' }] },
    egress: { subnet: '169.254.172.0/22', routes: [{ dst: '0.0.0.0/0' }] },
    other: 'ipv4',
    link: 'v4if0',
    chain: 'CNI-E4-50c92a16770e04f943db8',
    iptables: 'iptables',
  },
  ipv4: {
    ipam: { subnet: '10.88.0.0/24', routes: [{ dst: '0.0.0.0/0' }] },
    egress: { subnet: 'fd00::ac:00/118', routes: [{ dst: '::/0' }] },
    other: 'ipv6',
    link: 'v6if0',
    chain: 'CNI-E6-50c92a16770e04f943db8',
    iptables: 'ip6tables',
  },
} as const;
type Family = keyof typeof clusters;

const HOST_LOCAL = '/usr/lib/cni/host-local';

let directory: string;
let mirror: ChildProcess | undefined;
let daemon: ChildProcess | undefined;

const sh = (command: string) =>
  execFileSync('sh', ['-ec', command], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
const inNode = (command: string) => sh(`nsenter --net=/run/netns/${NODE} ${command}`);
const linesOf = (text: string) =>
  text
    .split('\n')
    .map((line) => line.trim().replace(/\s+/g, ' '))
    .filter((line) => line !== '');

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'egress-cni-'));
  const launcher = join(import.meta.dirname, '../../cni-plugin/dist/egress-cni');
  const commands = {
    ptp: '/usr/lib/cni/ptp',
    'host-local': HOST_LOCAL,
    portmap: '/usr/lib/cni/portmap',
    'egress-cni': `env AWS_VPC_K8S_CNI_RUN_DIR=${directory} ${launcher}`,
  };
  // Plugins work in the namespace they are executed in.
  for (const [type, command] of Object.entries(commands)) {
    const script = `#!/bin/sh\nexec nsenter --net=/run/netns/${NODE} ${command}\n`;
    await writeFile(join(directory, type), script, { mode: 0o755 });
  }
});
afterAll(() => rm(directory, { recursive: true }));

beforeEach(async () => {
  for (const name of [NODE, OUTSIDE, ...PODS]) sh(`ip netns add ${name}`);
  const outside = `ip -n ${OUTSIDE}`;
  // Outside knows the node's addresses and no others: what is not translated gets no answer.
  sh(`
    ip -n ${NODE} link add eth0 type veth peer name eth0 netns ${OUTSIDE}
    ${outside} link set lo up; ${outside} link set eth0 up
    ${outside} addr add 10.0.32.1/19 dev eth0; ${outside} addr add 2600:1f14:aaa:bb00::1/64 dev eth0 nodad
    ${outside} addr add ${internet.ipv4}/32 dev lo; ${outside} addr add ${internet.ipv6}/128 dev lo
    ip -n ${NODE} link set lo up; ip -n ${NODE} link set eth0 up
    ip -n ${NODE} addr add ${nodeAddresses.ipv4}/19 dev eth0
    ip -n ${NODE} addr add ${nodeAddresses.ipv6}/64 dev eth0 nodad
    ip -n ${NODE} route add default via 10.0.32.1
    ip -n ${NODE} -6 route add default via 2600:1f14:aaa:bb00::1
    nsenter --net=/run/netns/${NODE} sysctl -qw net.ipv6.conf.all.forwarding=1`);
  daemon = await startIn(NODE, [
    '--conditions=@vpc-cni/source',
    '--disable-warning=ExperimentalWarning',
    join(import.meta.dirname, 'egress-daemon.fixture.ts'),
    join(directory, 'cni.sock'),
  ]);
});
afterEach(async () => {
  for (const child of [mirror, daemon]) child?.kill('SIGKILL');
  mirror = undefined;
  for (const name of [...PODS, OUTSIDE, NODE]) sh(`ip netns del ${name} || true`);
  for (const name of ['networks', 'primary', 'results'])
    await rm(join(directory, name), { recursive: true, force: true });
});

const attachmentOf = (pod: number): CniAttachment => ({
  containerId: pod === 0 ? CONTAINER : `${CONTAINER}-${pod}`,
  netns: `/run/netns/${PODS[pod]}`,
  ifName: 'eth0',
  args: [['IgnoreUnknown', '1']],
});

const egressEntry = (family: Family, changes: object = {}) => {
  const { egress, other } = clusters[family];
  return {
    name: 'egress-cni',
    type: 'egress-cni',
    mtu: '9001',
    enabled: 'true',
    randomizeSNAT: 'prng',
    nodeIP: nodeAddresses[other],
    ipam: {
      type: 'host-local',
      ranges: [[{ subnet: egress.subnet }]],
      routes: egress.routes,
      dataDir: join(directory, 'networks'),
    },
    pluginLogFile: join(directory, 'egress.log'),
    pluginLogLevel: 'DEBUG',
    ...changes,
  };
};

function listOf(family: Family, changes: object = {}): NetworkConfList {
  const { subnet, routes } = clusters[family].ipam;
  const ipam = {
    type: 'host-local',
    ranges: [[{ subnet }]],
    routes,
    dataDir: join(directory, 'primary'),
  };
  const plugins = [{ type: 'ptp', ipam }, egressEntry(family, changes)];
  return parseConfList(JSON.stringify({ name: 'aws-cni', cniVersion: '0.4.0', plugins }));
}

const cni = () =>
  createCniRuntime({ pluginDirectories: [directory], cacheDirectory: join(directory, 'results') });

const given = () =>
  readdir(join(directory, 'networks', 'aws-cni')).then((names) =>
    names.filter((name) => /^(169\.254|fd00)/.test(name)),
  );

/** All that egress could leave on the node. */
const traces = (family: Family) => ({
  rules: linesOf(inNode(`${clusters[family].iptables}-save -t nat`)).filter((line) =>
    line.includes('CNI-E'),
  ),
  links: linesOf(inNode('ip -br link')).map((line) => line.split(/[@ ]/, 1)[0]),
  routes: linesOf(inNode('sh -c "ip -4 route; ip -6 route"')).filter((line) =>
    /169\.254|fd00/.test(line),
  ),
});

const MIRROR = `
  const bare = (address) => address.replace('::ffff:', '');
  require('net').createServer((socket) => socket.on('error', () => {}).end(bare(socket.remoteAddress)))
    .listen(8080, '::', () => console.log('ready'));`;
const ASK = `
  setTimeout(() => { console.log('no answer'); process.exit(); }, 5_000);
  require('net').connect({ host: process.argv[1], port: 8080 })
    .on('data', (answer) => { console.log(String(answer)); process.exit(); })
    .on('error', ({ code }) => { console.log(code); process.exit(); });`;

/** Starts Node in a namespace, and waits until it says something. */
async function startIn(netns: string, args: readonly string[]): Promise<ChildProcess> {
  const child = spawn('nsenter', [`--net=/run/netns/${netns}`, process.execPath, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(child.stdout, 'data');
  return child;
}

const ask = (pod: number, host: string) =>
  execFileSync('nsenter', [`--net=/run/netns/${PODS[pod]}`, process.execPath, '-e', ASK, host], {
    encoding: 'utf8',
  }).trim();

describe.each(['ipv6', 'ipv4'] as const)('behind a plugin of an %s cluster', (family) => {
  const { other, link, chain } = clusters[family];

  test('pods leave in the other family by the node’s address, and DEL leaves nothing', async () => {
    const before = traces(family);
    const list = listOf(family);
    const results = [];
    for (const pod of [0, 1]) results.push(await cni().addList(list, attachmentOf(pod)));
    const [first] = results.map((result) => convertResult(result, CURRENT_VERSION));
    expect(first?.interfaces.slice(-2)).toEqual([
      { name: expect.stringMatching(/^veth[0-9a-f]{8}$/), mac: expect.any(String) },
      { name: link, mac: expect.any(String), sandbox: attachmentOf(0).netns },
    ]);
    expect(first?.ips).toHaveLength(1); // as the plugin before said

    mirror = await startIn(OUTSIDE, ['-e', MIRROR]);
    for (const pod of [0, 1]) expect(ask(pod, internet[other])).toBe(nodeAddresses[other]);
    await cni().checkList(list, attachmentOf(0));

    expect(await given()).toHaveLength(2);
    await cni().delList(list, attachmentOf(0));
    expect(await given()).toHaveLength(1);
    expect(traces(family).rules.join()).not.toContain(chain);
    expect(ask(1, internet[other])).toBe(nodeAddresses[other]);
    await cni().delList(list, attachmentOf(1));
    expect(traces(family)).toEqual(before);
    expect(await given()).toEqual([]);
  });

  test.each([
    { name: 'without its namespace', netns: '' },
    { name: 'with a namespace that is gone', netns: '/run/netns/gone' },
  ])('DEL $name leaves nothing, twice', async ({ netns }) => {
    const before = traces(family);
    const list = listOf(family);
    await cni().addList(list, attachmentOf(0));
    sh(`ip netns del ${PODS[0]}`);
    for (let time = 1; time <= 2; time += 1) {
      await cni().delList(list, { ...attachmentOf(0), netns });
      expect(traces(family)).toEqual(before);
      expect(await given()).toEqual([]);
    }
  });
});

// plugin-and-host-network §9.5
test('the node and the pod look as the reference has them', async () => {
  await cni().addList(listOf('ipv6'), attachmentOf(0));
  const inPod = (command: string) => linesOf(sh(`ip -n ${PODS[0]} ${command}`));
  expect(inPod('-4 -o addr show v4if0')).toEqual([
    expect.stringContaining('inet 169.254.172.2/22 brd 169.254.175.255 scope global v4if0'),
  ]);
  expect(inPod('-4 route')).toEqual([
    'default via 169.254.172.1 dev v4if0',
    '169.254.172.0/22 via 169.254.172.1 dev v4if0 src 169.254.172.2',
    '169.254.172.1 dev v4if0 scope link src 169.254.172.2',
  ]);
  const about = '-m comment --comment "name: \\"aws-cni\\" id: \\"4f3c2a1b9e8d\\""';
  const { chain } = clusters.ipv6;
  expect(traces('ipv6').rules).toEqual([
    `:${chain} - [0:0]`,
    `-A POSTROUTING -s 169.254.172.2/32 ${about} -j ${chain}`,
    `-A ${chain} -d 224.0.0.0/4 ${about} -j ACCEPT`,
    `-A ${chain} ${about} -j SNAT --to-source 10.0.40.10 --random-fully`,
  ]);
  expect(inNode('cat /proc/sys/net/ipv4/ip_forward').trim()).toBe('1');
});

test('IPv6 egress switches IPv6 off on the pod’s first link', async () => {
  await cni().addList(listOf('ipv4'), attachmentOf(0));
  const off = sh(
    `nsenter --net=/run/netns/${PODS[0]} cat /proc/sys/net/ipv6/conf/eth0/disable_ipv6 /proc/sys/net/ipv6/conf/v6if0/disable_ipv6`,
  );
  expect(linesOf(off)).toEqual(['1', '0']);
});

describe('with the pod wired', () => {
  test('CHECK names what somebody took away', async () => {
    const list = listOf('ipv6');
    await cni().addList(list, attachmentOf(0));
    const { chain } = clusters.ipv6;
    inNode(`iptables -t nat -F ${chain}`);
    sh(`ip -n ${PODS[0]} route del default`);
    await expect(cni().checkList(list, attachmentOf(0))).rejects.toMatchObject({
      code: 102,
      details: expect.stringMatching(/pod: default via 169\.254\.172\.1.*host: -A CNI-E4-.* SNAT/),
    });
  });

  test('a set-up that fails gives the address back, and leaves nothing', async () => {
    sh(`ip -n ${PODS[0]} link add v4if0 type veth peer name other`);
    const before = traces('ipv6');
    await expect(cni().addList(listOf('ipv6'), attachmentOf(0))).rejects.toMatchObject({
      code: 101,
      details: expect.stringContaining('v4if0'),
    });
    expect(await given()).toEqual([]);
    expect(traces('ipv6').rules).toEqual(before.rules);
  });

  test('an egress that is not enabled adds nothing', async () => {
    const list = listOf('ipv4', { enabled: 'false', nodeIP: '' });
    const result = convertResult(await cni().addList(list, attachmentOf(0)), CURRENT_VERSION);
    expect(result.interfaces.map(({ name }) => name)).toEqual([
      expect.stringMatching(/^veth/),
      'eth0',
    ]);
    await cni().checkList(list, attachmentOf(0));
    await cni().delList(list, attachmentOf(0));
    await expect(given()).rejects.toMatchObject({ code: 'ENOENT' });
  });
});

test.each(['ipv6', 'ipv4'] as const)(
  'host-local and we know of each other’s addresses, in an %s cluster',
  async (family) => {
    const list = listOf(family);
    /** As a plugin that delegates executes it. */
    const hostLocal = (verb: 'ADD' | 'DEL' | 'CHECK', containerId: string) =>
      execFileSync(HOST_LOCAL, {
        input: JSON.stringify({ ...egressEntry(family), name: 'aws-cni', cniVersion: '0.4.0' }),
        env: {
          CNI_COMMAND: verb,
          CNI_CONTAINERID: containerId,
          CNI_NETNS: '/run/netns/x',
          CNI_IFNAME: 'eth0',
          CNI_PATH: directory,
        },
        encoding: 'utf8',
      });

    hostLocal('ADD', 'theirs');
    await cni().addList(list, attachmentOf(0));
    hostLocal('CHECK', CONTAINER);
    hostLocal('ADD', 'theirs-too');
    const [second, third, fourth] =
      family === 'ipv6' ? ['172.2', '172.3', '172.4'] : ['2', '3', '4'];
    const prefix = family === 'ipv6' ? '169.254.' : 'fd00::ac:';
    expect((await given()).sort()).toEqual([second, third, fourth].map((end) => `${prefix}${end}`));
    expect(sh(`cat ${directory}/networks/aws-cni/${prefix}${third}`)).toBe(`${CONTAINER}\r\neth0`);
    await cni().delList(list, attachmentOf(0));
    hostLocal('DEL', 'theirs');
    await cni().addList(list, attachmentOf(1));
    hostLocal('DEL', attachmentOf(1).containerId); // whoever comes after us
    expect(await given()).toEqual([`${prefix}${fourth}`]);
  },
);

test('VERSION answers without configuration', () => {
  const { supportedVersions } = JSON.parse(
    sh(`echo '{"cniVersion":"1.0.0"}' | CNI_COMMAND=VERSION ${join(directory, 'egress-cni')}`),
  );
  expect(supportedVersions).toEqual([
    '0.1.0',
    '0.2.0',
    '0.3.0',
    '0.3.1',
    '0.4.0',
    '1.0.0',
    '1.1.0',
  ]);
});
