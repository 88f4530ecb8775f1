import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { hostLinkName } from '../desired/host-link-name.ts';
import type { EniLink, HostSettings, PodAttachment } from '../desired/settings.ts';
import { createTestHost, type TestHost } from '../netns-test-host.ts';
import type { Transport } from '../talk.fixture.ts';
import { type HostNetwork, openHostNetwork } from './open-host-network.ts';

// user-asks row 25. Connections of many pods share one address outside, so each needs a port of its own there.
// The kernel chooses the port with a connection's first packet and enters it in its table when the packet has
// passed: two that chose the same one meanwhile are one too many, and the later packet is dropped
// (`insert_failed`), which the pod sees as a delay of a second. Two pods that use the same source ports at the
// same time, each on a processor of its own, would choose alike every time; `--random-fully` makes them differ.

const NODE = '10.0.40.10';
const INTERNET = '198.51.100.1';
const FLOWS_OF_A_POD = 1_000;
const settings: HostSettings = {
  primaryMac: '0a:11:22:33:44:00',
  primaryAddress: NODE,
  vpcCidrs: ['10.0.0.0/16'],
  vethPrefix: 'eni',
  eniMtuBytes: 1500,
  connmark: 0x80,
  nodePortSupport: true,
  externalSnat: false,
  excludeSnatCidrs: [],
  randomizeSnat: 'prng',
};
const eth1: EniLink = {
  mac: '0a:11:22:33:44:01',
  primaryAddress: '10.0.41.20',
  subnetCidr: '10.0.32.0/19',
  routeTableId: 2,
};

let host: TestHost;
let network: HostNetwork;
let pods: readonly PodAttachment[];
let children: ChildProcess[];

beforeEach(async () => {
  host = createTestHost();
  host.addEni({ name: 'eth0', mac: settings.primaryMac, address: `${NODE}/19` });
  host.addEni({ name: 'eth1', mac: eth1.mac });
  host.sh(`
    ip route add default via 10.0.32.1 dev eth0
    sysctl -qw net.ipv4.ip_forward=1
    ip -n ${host.outside} link set lo up
    ip -n ${host.outside} addr add 10.0.32.1/19 dev eth0
    ip -n ${host.outside} addr add ${INTERNET}/32 dev lo`);
  network = openHostNetwork({ linkWaitMs: 100 });
  const [a = '', b = ''] = host.addPodNetns('a', 'b');
  pods = [podAt(a, 'a', '10.0.40.77', 254), podAt(b, 'b', '10.0.41.99', eth1.routeTableId)];
  children = [];
  await network.setUpHost(settings);
  await network.setUpEni(eth1, settings);
  for (const pod of pods) await network.setUpPod(pod);
});

afterEach(async () => {
  for (const child of children) child.kill('SIGKILL');
  await network.close();
  host.close();
});

const podAt = (
  netnsPath: string,
  podName: string,
  address: '10.0.40.77' | '10.0.41.99',
  routeTableId: number,
): PodAttachment => ({
  netnsPath,
  podLinkName: 'eth0',
  hostLinkName: hostLinkName({ prefix: 'eni', podNamespace: 'default', podName }),
  address,
  routeTableId,
  mtuBytes: 1500,
});

/** Tells everybody who asks by which address and port it sees them. */
const mirrorProgram = `
  const seen = (address, port) => address.replace('::ffff:', '') + ' ' + port;
  const udp = require('dgram').createSocket('udp4');
  udp.on('message', (_, { address, port }) => udp.send(seen(address, port), port, address));
  const tcp = require('net').createServer((socket) =>
    socket.on('error', () => {}).end(seen(socket.remoteAddress, socket.remotePort)));
  udp.bind(8080, '${INTERNET}', () =>
    tcp.listen({ port: 8080, backlog: 4096 }, () => console.log('ready')));`;

/** Opens a socket for each flow, asks by all of them when it is told to, and prints the answers. */
const clientProgram = `
  const transport = process.argv[1];
  const flows = Array.from({ length: ${FLOWS_OF_A_POD} }, (_, n) => 20_000 + n);
  const answers = new Map();
  const take = (port) => (answer) => {
    answers.set(port, String(answer));
    if (answers.size === flows.length) finish();
  };
  const finish = () => { console.log(JSON.stringify([...answers.values()])); process.exit(0); };
  setTimeout(finish, 20_000);
  const start = (go) => { console.log('ready'); process.stdin.once('data', go); };
  if (transport === 'tcp') {
    start(() => {
      for (const localPort of flows)
        require('net').connect({ host: '${INTERNET}', port: 8080, localPort })
          .on('data', take(localPort)).on('error', () => {});
    });
  } else {
    const sockets = flows.map((port) => {
      const socket = require('dgram').createSocket('udp4');
      socket.on('message', take(port));
      return new Promise((resolve) => socket.bind(port, () => resolve({ port, socket })));
    });
    // The mirror's buffer holds a few hundred questions: those that find no room are asked again.
    const ask = (all) => {
      for (const { port, socket } of all) if (!answers.has(port)) socket.send('?', 8080, '${INTERNET}');
      setTimeout(ask, 300, all);
    };
    Promise.all(sockets).then((all) => start(() => ask(all)));
  }`;

async function run(netns: string, ...words: readonly string[]): Promise<ChildProcess> {
  const child = spawn('nsenter', [`--net=${netns}`, process.execPath, '-e', ...words], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  children.push(child);
  if (child.stdout !== null) await once(child.stdout, 'readable');
  return child;
}

/** What connection tracking counts on all processors. */
function failures() {
  const [header = '', ...rows] = host.sh('cat /proc/net/stat/nf_conntrack').trim().split('\n');
  const names = header.trim().split(/\s+/);
  const sum = (name: string) =>
    rows
      .map((row) => Number.parseInt(row.trim().split(/\s+/)[names.indexOf(name)] ?? '', 16))
      .reduce((total, count) => total + count);
  return { insertFailed: sum('insert_failed'), dropped: sum('drop') };
}

test.each<Transport>(['udp', 'tcp'])(
  '2,000 flows at once over %s leave by one address, and none is refused a port',
  async (transport) => {
    const before = failures();
    await run(`/run/netns/${host.outside}`, mirrorProgram);
    const clients = await Promise.all(
      pods.map(({ netnsPath }) => run(netnsPath, clientProgram, transport)),
    );
    for (const { stdin } of clients) stdin?.write('go');
    const outputs = await Promise.all(
      clients.map(({ stdout }) => (stdout === null ? '' : text(stdout))),
    );
    const answers = outputs.flatMap(
      (output) => JSON.parse(output.replace('ready', '')) as readonly string[],
    );
    expect(failures()).toEqual(before);
    expect(answers).toHaveLength(pods.length * FLOWS_OF_A_POD);
    expect(answers.filter((answer) => !answer.startsWith(`${NODE} `))).toEqual([]);
    // Each has a port of its own.
    expect(new Set(answers).size).toBe(answers.length);
  },
);
