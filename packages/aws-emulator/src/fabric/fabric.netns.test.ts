import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import {
  addExamplePod,
  createExampleVpc,
  type ExamplePod,
  type ExampleVpc,
  NODE_ONE,
  NODE_TWO,
} from './example-vpc.ts';
import { runIpBatch } from './ip-batch.ts';
import { probe, sendOneWay, startWitness, type Witness } from './packet-probe.ts';

const POD = '10.0.1.50';
const SHORT_MS = 400;
/** The kernel sends a host only a few ICMP errors a second; then it is silence. */
const UNREACHABLE = /^(EHOSTUNREACH|nothing)$/;

let vpc: ExampleVpc;
let pod: ExamplePod;
let witnesses: Readonly<Record<'one' | 'two' | 'pod', Witness>>;

beforeAll(async () => {
  vpc = await createExampleVpc();
  pod = await addExamplePod(vpc.one, { name: 'a', address: POD });
  witnesses = {
    one: await startWitness(vpc.one.netnsPath),
    two: await startWitness(vpc.two.netnsPath),
    pod: await startWitness(pod.netnsPath),
  };
});

afterAll(async () => {
  await Promise.all(Object.values(witnesses).map((witness) => witness.stop()));
  await pod.remove();
  await vpc.fabric.close();
});

const ipOf = (netns: string, ...words: string[]) =>
  JSON.parse(execFileSync('ip', ['-json', '-n', netns, ...words], { encoding: 'utf8' }) || '[]');

describe('nodes', () => {
  test('reach each other with their own addresses', async () => {
    expect(await probe({ from: vpc.one, to: NODE_TWO })).toBe(NODE_ONE);
    expect(await probe({ from: vpc.two, to: NODE_ONE })).toBe(NODE_TWO);
  });

  test('have their primary ENI configured as DHCP does', () => {
    expect(ipOf(vpc.one.netns, 'route', 'show', 'dev', 'eth0')).toMatchObject([
      { dst: 'default', gateway: '10.0.1.1', protocol: 'dhcp', prefsrc: NODE_ONE },
      { dst: '10.0.1.0/24', protocol: 'kernel' },
    ]);
  });

  test('find addresses of their own subnet by ARP, which the fabric answers at once', async () => {
    await vpc.fabric.assign('eni-2', ['10.0.1.70']);
    await runIpBatch(['address add 10.0.1.70/32 dev lo'], { netns: vpc.two.netns });
    expect(await probe({ from: vpc.one, to: '10.0.1.70' })).toBe(NODE_ONE);
    expect(readFileSync('/proc/sys/net/ipv4/neigh/fe1/proxy_delay', 'utf8')).toBe('0\n');
  });

  test('are never asked by ARP: the fabric knows where an ENI is', () => {
    const neighbours = execFileSync('ip', ['-4', 'neighbour', 'show', 'dev', 'fe1'], {
      encoding: 'utf8',
    });
    expect(neighbours).toMatch(/^10\.0\.1\.10 lladdr 02:00:00:00:00:01 PERMANENT\s*$/);
  });

  test('get no answer from addresses of the VPC that no ENI has', async () => {
    expect(await probe({ from: vpc.one, to: '10.0.2.99', timeoutMs: SHORT_MS })).toMatch(
      UNREACHABLE,
    );
    // In the node's own subnet it is ARP that stays without an answer.
    expect(await probe({ from: vpc.one, to: '10.0.1.99', timeoutMs: SHORT_MS })).toBe('nothing');
    expect(ipOf(vpc.one.netns, 'neigh', 'show', 'to', '10.0.1.99')).not.toContainEqual(
      expect.objectContaining({ lladdr: expect.anything() }),
    );
  });
});

describe('the source and destination check', () => {
  const fromPod = () =>
    sendOneWay({
      from: pod,
      to: NODE_TWO,
      witness: witnesses.two,
      certain: { from: vpc.one, to: NODE_TWO },
    });

  test('drops a pod until its address is assigned, and again when it is unassigned', async () => {
    expect(await fromPod()).toBe('dropped');

    await vpc.fabric.assign('eni-1', [POD]);
    expect(await fromPod()).toBe(POD);
    expect(await probe({ from: pod, to: NODE_TWO })).toBe(POD);
    expect(await probe({ from: vpc.two, to: POD })).toBe(NODE_TWO);

    await vpc.fabric.unassign('eni-1', [POD]);
    expect(await fromPod()).toBe('dropped');
    expect(await probe({ from: vpc.two, to: POD, timeoutMs: SHORT_MS })).toMatch(UNREACHABLE);
  });

  test('passes every address of an assigned prefix', async () => {
    await vpc.fabric.assign('eni-1', ['10.0.1.48/28']);
    expect(await probe({ from: pod, to: NODE_TWO })).toBe(POD);
    await vpc.fabric.unassign('eni-1', ['10.0.1.48/28']);
    expect(await fromPod()).toBe('dropped');
  });

  test('drops an address on another ENI than the one it is assigned to', async () => {
    await vpc.fabric.assign('eni-2', [POD]);
    expect(await fromPod()).toBe('dropped');
    await vpc.fabric.unassign('eni-2', [POD]);
  });

  test('takes repeated assignments, and un-assignments of what is not there, as done', async () => {
    await vpc.fabric.assign('eni-1', [POD, POD]);
    await vpc.fabric.assign('eni-1', [POD]);
    await vpc.fabric.unassign('eni-1', [POD, '10.0.1.51']);
    await vpc.fabric.unassign('eni-gone', [POD]);
  });

  test('refuses an address that another ENI has, and leaves nothing of the request behind', async () => {
    const request = vpc.fabric.assign('eni-1', ['10.0.1.60', NODE_TWO]);
    await expect(request).rejects.toMatchObject({ code: 'kernel-refused' });
    expect(await probe({ from: vpc.two, to: '10.0.1.60', timeoutMs: SHORT_MS })).toMatch(
      UNREACHABLE,
    );
  });
});

describe('a secondary ENI', () => {
  const eni = {
    eniId: 'eni-3',
    instanceId: 'i-1',
    mac: '02:00:00:00:00:33',
    deviceIndex: 1,
    networkCardIndex: 0,
    subnetId: 'subnet-1',
    primaryAddress: '10.0.1.30',
    addresses: ['10.0.1.30', '10.0.1.31'],
  };
  const links = () => ipOf(vpc.one.netns, 'address', 'show').map(describeLink);
  const describeLink = (link: Record<string, unknown>) => ({
    name: link['ifname'],
    mac: link['address'],
    mtu: link['mtu'],
    state: link['operstate'],
    addresses: link['addr_info'],
  });

  test('appears in the node down, unconfigured and with its MAC', async () => {
    await vpc.fabric.attachEni(eni);
    expect(links()).toContainEqual({
      name: 'eth1',
      mac: eni.mac,
      mtu: 9001,
      state: 'DOWN',
      addresses: [],
    });
  });

  test('carries packets once the node configures it, also after going down and up', async () => {
    const configure = [
      'link set dev eth1 up',
      'address add 10.0.1.30/32 dev eth1',
      'address add 10.0.1.31/32 dev eth1',
      'route add default via 10.0.1.1 dev eth1 table 2 onlink',
      'rule add from 10.0.1.30 lookup 2',
      'rule add from 10.0.1.31 lookup 2',
    ];
    await runIpBatch(configure, { netns: vpc.one.netns });
    expect(await probe({ from: vpc.one, to: NODE_TWO, source: '10.0.1.31' })).toBe('10.0.1.31');
    const cycle = ['link set dev eth1 down', 'link set dev eth1 up', configure[3] ?? ''];
    await runIpBatch(cycle, { netns: vpc.one.netns });
    expect(await probe({ from: vpc.one, to: NODE_TWO, source: '10.0.1.30' })).toBe('10.0.1.30');
    expect(await probe({ from: vpc.two, to: '10.0.1.31' })).toBe(NODE_TWO);
  });

  test('is named after its network card and device index', async () => {
    const elsewhere = { ...eni, eniId: 'eni-4', mac: '02:00:00:00:00:44' };
    const addresses = ['10.0.1.40'];
    await vpc.fabric.attachEni({
      ...elsewhere,
      networkCardIndex: 1,
      primaryAddress: '10.0.1.40',
      addresses,
    });
    expect(links()).toContainEqual(expect.objectContaining({ name: 'eth11' }));
    await vpc.fabric.detachEni({ eniId: 'eni-4' });
  });

  test('disappears with its addresses, and may be detached twice', async () => {
    await vpc.fabric.detachEni(eni);
    await vpc.fabric.detachEni(eni);
    expect(links()).not.toContainEqual(expect.objectContaining({ name: 'eth1' }));
    expect(await probe({ from: vpc.two, to: '10.0.1.31', timeoutMs: SHORT_MS })).toMatch(
      UNREACHABLE,
    );
  });

  test('leaves nothing behind when the node has no such slot free', async () => {
    const inUse = { ...eni, deviceIndex: 0, networkCardIndex: 0 };
    await expect(vpc.fabric.attachEni(inUse)).rejects.toMatchObject({ code: 'kernel-refused' });
    expect(await probe({ from: vpc.two, to: '10.0.1.30', timeoutMs: SHORT_MS })).toMatch(
      UNREACHABLE,
    );
    expect(await probe({ from: vpc.one, to: NODE_TWO })).toBe(NODE_ONE);
  });
});
