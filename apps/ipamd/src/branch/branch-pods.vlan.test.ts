// From the CNI verbs to the kernel, with nothing in between that is not the daemon's own.
import { execFileSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { handleRequest, KNOWN_VERSIONS } from '@vpc-cni/cni-spec';
import {
  createPodWiring,
  enterNewNetns,
  type HostNetwork,
  type HostSettings,
  type IpFamily,
  openHostNetwork,
} from '@vpc-cni/host-network';
import { readPodEni } from '@vpc-cni/kubernetes';
import { createPluginHandlers } from '@vpc-cni/plugin';
import { createFakeClock } from '@vpc-cni/testing';
import { readConfig } from '../config.ts';
import { createLogger } from '../logger.ts';
import { refusingPorts } from '../refusing-ports.ts';
import { podsToRepair } from '../repair/pods-to-repair.ts';
import { branchAddresses } from './branch-addresses.ts';
import { openBranchPods } from './open-branch-pods.ts';
import { placeOfPodEni } from './place-of-pod-eni.ts';
import { trunkLinkFinder } from './trunk-link.ts';

const TRUNK = { mac: '0a:11:22:33:44:02' };
const NETNS = `branch-pods-${process.pid}`;
const clock = createFakeClock();
const { signal } = new AbortController();

let directory: string;
let leave: () => void;
let network: HostNetwork;

const ip = (words: string) =>
  execFileSync('ip', words.split(' '), { encoding: 'utf8' }).split('\n').filter(Boolean);
const everything = () => [
  ip('-br link').map((line) => line.split(/[@ ]/)[0]),
  ip('rule'),
  ip('-6 rule'),
];

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'branch-pods-'));
  leave = enterNewNetns();
  network = openHostNetwork({ linkWaitMs: 100 });
  ip(`netns add ${NETNS}`);
  ip('link add eth0 address 0a:11:22:33:44:00 type dummy');
  ip(`link add eth2 address ${TRUNK.mac} type dummy`);
  for (const link of ['eth0', 'eth2']) ip(`link set ${link} up`);
});
afterEach(async () => {
  await network.close();
  ip(`netns del ${NETNS}`);
  leave();
  await rm(directory, { recursive: true });
});

/** What the VPC resource controller writes. */
const ANNOTATION = JSON.stringify([
  {
    eniId: 'eni-0123456789abcdef0',
    ifAddress: '02:7f:de:ad:be:ef',
    privateIp: '10.0.42.5',
    ipv6Addr: '2600:1f14::5',
    vlanId: 7,
    subnetCidr: '10.0.32.0/19',
    subnetV6Cidr: '2600:1f14::/64',
  },
]);

/** A daemon of this node, by what outlives the one before: the kernel, and the directory. */
async function startDaemon(family: IpFamily) {
  const config = readConfig({ AWS_VPC_K8S_CNI_RUN_DIR: directory });
  const log = createLogger({ file: '/dev/null', level: 'fatal' });
  const phases = { run: <T>(_: string, step: () => Promise<T>) => step() };
  const pods = await openBranchPods(
    { config, clock, log, phases, wallNowMs: clock.nowMs },
    network,
  );
  const findTrunkLink = trunkLinkFinder(() => TRUNK, network);
  const nothing = refusingPorts(() => ({
    kind: 'refused',
    reason: 'starting',
    message: 'no pool',
  }));
  const emptyPool = {
    ...nothing.addresses,
    find: async () => undefined,
    release: async () => {},
  };
  const handlers = createPluginHandlers({
    addresses: branchAddresses(emptyPool, {
      pods,
      podEnis: {
        find: async () => ({
          kind: 'found',
          ...placeOfPodEni(readPodEni(ANNOTATION), family),
          trunkLinkIndex: (await findTrunkLink()) ?? 0,
        }),
      },
      mode: 'strict',
      nowMs: clock.nowMs,
    }),
    wiring: createPodWiring(network),
    readiness: { refusal: () => undefined },
  });
  const cni = async (command: string, prevResult?: object) => {
    const { exitCode, stdout } = await handleRequest(
      {
        environment: {
          CNI_COMMAND: command,
          CNI_CONTAINERID: 'a',
          CNI_NETNS: `/run/netns/${NETNS}`,
          CNI_IFNAME: 'eth0',
          CNI_ARGS: 'K8S_POD_NAMESPACE=default;K8S_POD_NAME=sg-pod',
          CNI_PATH: '/opt/cni/bin',
        },
        stdin: JSON.stringify({
          cniVersion: '1.0.0',
          name: 'aws-cni',
          type: 'aws-cni',
          mtu: '1500',
          prevResult,
        }),
      },
      handlers,
      { supportedVersions: KNOWN_VERSIONS, signal },
    );
    return { exitCode, output: stdout === '' ? undefined : JSON.parse(stdout) };
  };
  return { pods, cni };
}

const ipv4Settings: HostSettings = {
  primaryMac: '0a:11:22:33:44:00',
  primaryAddress: '10.0.40.10',
  vpcCidrs: ['10.0.0.0/16'],
  vethPrefix: 'eni',
  eniMtuBytes: 1500,
  connmark: 0x80,
  nodePortSupport: true,
  externalSnat: false,
  excludeSnatCidrs: [],
  randomizeSnat: 'prng',
  branchEnis: 'strict',
};

const shown = {
  ipv4: {
    settings: ipv4Settings,
    ips: [{ address: '10.0.42.5/32', gateway: '10.0.32.1' }],
    table: 'route show table 107',
    routes: [
      'default via 10.0.32.1 dev vlan.eth.7',
      '10.0.32.1 dev vlan.eth.7 scope link',
      '10.0.42.5 dev vlan23145df91e4 scope link',
    ],
  },
  ipv6: {
    settings: { ...ipv4Settings, primaryAddress: '2600:1f14::10', vpcCidrs: [] },
    ips: [{ address: '2600:1f14::5/128', gateway: 'fe80:ec2::1' }],
    table: '-6 route show table 107',
    routes: [
      '2600:1f14::5 dev vlan23145df91e4 metric 1024 pref medium',
      'fe80:ec2::1 dev vlan.eth.7 metric 1024 pref medium',
      'default via fe80:ec2::1 dev vlan.eth.7 metric 1024 pref medium',
    ],
  },
} as const satisfies Record<IpFamily, object>;

describe.each(['ipv4', 'ipv6'] as const)('in an %s cluster', (family) => {
  const { settings, ips, table, routes } = shown[family];
  const rules = family === 'ipv4' ? 'rule' : '-6 rule';

  test('a pod is wired on its ENI, checked and repaired by the next daemon, and taken down by the one after', async () => {
    await network.setUpHost(settings);
    const before = everything();
    const first = await startDaemon(family);
    const { output: result } = await first.cni('ADD');
    expect(result).toMatchObject({
      interfaces: [
        { name: 'vlan23145df91e4' },
        { mac: '0' },
        { name: 'dummy23145df91e4', mac: '7' },
      ],
      ips,
    });
    expect(ip('-d link show vlan.eth.7').join(' ')).toMatch(
      /vlan\.eth\.7@eth2.*02:7f:de:ad:be:ef.* id 7/,
    );
    expect(ip(table).map((line) => line.trim())).toEqual(routes);

    const second = await startDaemon(family);
    expect((await second.cni('CHECK', result)).exitCode).toBe(0);
    ip(`${rules} del priority 10 iif vlan.eth.7`);
    expect((await second.cni('CHECK', result)).output).toMatchObject({ code: 102 });
    const pods = podsToRepair(second.pods.all(), {
      vethPrefix: 'eni',
      isBusy: () => false,
      nowMs: clock.nowMs(),
    });
    expect((await network.repair({ settings, enis: [], pods })).failures).toEqual([]);
    expect((await second.cni('CHECK', result)).exitCode).toBe(0);

    // As if another daemon had wired it.
    await rm(join(directory, 'branch-pods.json'));
    const third = await startDaemon(family);
    expect((await third.cni('CHECK', result)).exitCode).toBe(0);
    ip(`${rules} del priority 10 iif vlan.eth.7`);
    expect((await third.cni('CHECK', result)).output).toMatchObject({ code: 102 });
    expect((await third.cni('DEL', result)).exitCode).toBe(0);
    await network.settled();
    expect(everything()).toEqual(before);
  });
});
