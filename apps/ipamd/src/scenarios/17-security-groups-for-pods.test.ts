import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { EniId } from '@vpc-cni/aws-emulator';
import { handleRequest, KNOWN_VERSIONS, type PluginHandlers } from '@vpc-cni/cni-spec';
import { createPodWiring } from '@vpc-cni/host-network';
import { createPluginHandlers } from '@vpc-cni/plugin';
import type { Addresses } from '../addresses.ts';
import { IN_CLUSTER, NODE_NAME, registerNode, requestsOf } from './cluster.fixture.ts';
import type { Node } from './node.fixture.ts';
import { createWorld, type World } from './world.fixture.ts';

// Pain 17: pods with security groups of their own are slow, or stuck, and nobody says why.

const ENVIRONMENT = { ...IN_CLUSTER, ENABLE_POD_ENI: 'true', WARM_IP_TARGET: '4' };
const KEY = 'vpc.amazonaws.com/pod-eni';
const ENI = {
  eniId: 'eni-0123456789abcdef0',
  ifAddress: '02:7f:de:ad:be:ef',
  privateIp: '10.0.2.5',
  vlanId: 7,
  subnetCidr: '10.0.2.0/24',
};
const web = { apiVersion: 'v1', kind: 'Pod', namespace: 'default', name: 'web' };

let world: World;
let node: Node;
let trunkId: EniId;

beforeEach(async () => {
  world = await createWorld({ environment: ENVIRONMENT });
  registerNode(world.cluster);
  node = await world.newNode();
  node.start();
  await attachTrunk();
  await world.clock.advance(90_000);
});
afterEach(() => world.close());

/** As the VPC resource controller does. */
async function attachTrunk(): Promise<void> {
  const { outside } = world.cloud;
  const { subnetId } = world.subnet;
  const { eniId } = await outside.createEni({ subnetId, interfaceType: 'trunk' });
  const { instanceId } = node.instance;
  await outside.attachEni(eniId, { instanceId, deviceIndex: 2 });
  trunkId = eniId;
}

interface PodOptions {
  readonly wantsEni?: boolean;
  readonly annotation?: string;
}

/** The scheduler sends a pod here. */
function schedule({ wantsEni = true, annotation }: PodOptions = {}): void {
  world.cluster.create({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: 'web',
      namespace: 'default',
      annotations: annotation === undefined ? {} : { [KEY]: annotation },
    },
    spec: {
      nodeName: NODE_NAME,
      containers: [
        { name: 'main', image: 'any', resources: { limits: wantsEni ? { [KEY]: '1' } : {} } },
      ],
    },
  });
}

/** The VPC resource controller gives it an ENI. */
const annotate = (eni: object = ENI) =>
  world.cluster.change(web, { metadata: { annotations: { [KEY]: JSON.stringify([eni]) } } });

const uidNow = () => String(world.cluster.find(web)?.metadata['uid']);

/** One queue for each daemon. */
const handlersOf = new WeakMap<Addresses, PluginHandlers>();

/** What the container runtime asks of the daemon that runs. */
function cni(
  command: string,
  {
    container = 'a',
    uid = uidNow(),
    prevResult,
  }: {
    readonly container?: string;
    /** Empty: the runtime does not tell. */
    readonly uid?: string;
    readonly prevResult?: unknown;
  } = {},
) {
  const { addresses, fate } = node.daemon;
  if (addresses === undefined) throw new Error('the daemon is not ready');
  const handlers =
    handlersOf.get(addresses) ??
    createPluginHandlers({
      ...addresses,
      wiring: createPodWiring(node.site.host.open(fate)),
      readiness: { refusal: () => undefined },
    });
  handlersOf.set(addresses, handlers);
  const podUid = uid === '' ? '' : `;K8S_POD_UID=${uid}`;
  return handleRequest(
    {
      environment: {
        CNI_COMMAND: command,
        CNI_CONTAINERID: container,
        CNI_NETNS: `/run/netns/${container}`,
        CNI_IFNAME: 'eth0',
        CNI_ARGS: `IgnoreUnknown=1;K8S_POD_NAMESPACE=default;K8S_POD_NAME=web${podUid}`,
        CNI_PATH: '/opt/cni/bin',
      },
      stdin: JSON.stringify({ cniVersion: '1.0.0', name: 'aws-cni', type: 'aws-cni', prevResult }),
    },
    handlers,
    { supportedVersions: KNOWN_VERSIONS },
  ).then(({ exitCode, stdout }) => ({
    exitCode,
    output: stdout === '' ? undefined : JSON.parse(stdout),
  }));
}

const run = (...words: Parameters<typeof cni>) => world.settle(cni(...words));
const wired = () => [...node.site.host.attachments.values()];
const reserved = () => node.daemon.pool?.book.reservations() ?? [];
const held = () => node.daemon.addresses?.attachments().map(({ address }) => address);
const remembered = () => JSON.parse(node.site.disk.files.get('branch-pods.json') ?? '{"pods":[]}');

const onItsEni = {
  exitCode: 0,
  output: { interfaces: [{}, { mac: '0' }, { mac: '7' }], ips: [{ address: '10.0.2.5/32' }] },
};

describe('an ADD', () => {
  test('of a pod that has its ENI already waits for nothing, and takes nothing of the pool', async () => {
    schedule({ annotation: JSON.stringify([ENI]) });
    await world.clock.advance(100);
    const before = requestsOf(world.cluster).length;
    expect(await cni('ADD')).toMatchObject(onItsEni);
    expect(requestsOf(world.cluster)).toHaveLength(before);
    expect(reserved()).toEqual([]);
    expect(wired()).toMatchObject([
      {
        hostLinkName: expect.stringMatching(/^vlan/),
        address: '10.0.2.5',
        branch: { vlanId: 7, mac: ENI.ifAddress, router: '10.0.2.1', mode: 'strict' },
      },
    ]);
  });

  test('waits for an annotation that comes late', async () => {
    schedule();
    const adding = cni('ADD');
    await world.clock.advance(20_000);
    annotate();
    expect(await world.settle(adding, 1_000)).toMatchObject(onItsEni);
  });

  test('waits for what the API server tells late of the pod itself', async () => {
    await world.cluster.knobs.setUnavailable('reset');
    schedule({ annotation: JSON.stringify([ENI]) });
    const adding = cni('ADD');
    await world.clock.advance(5_000);
    await world.cluster.knobs.setUnavailable(false);
    expect(await world.settle(adding, 20_000)).toMatchObject(onItsEni);
  });

  test('whose annotation never comes names the controller, after the longest wait', async () => {
    schedule();
    const beganAtMs = world.clock.nowMs();
    const { output } = await run('ADD');
    expect(output).toMatchObject({
      code: 11,
      msg: expect.stringContaining('branch-eni-pending'),
      details: expect.stringMatching(/default\/web .*pod-eni.* 30 s: the VPC resource controller/),
    });
    expect(world.clock.nowMs() - beganAtMs).toBeLessThan(31_000);
    expect(held()).toEqual([]);
    annotate();
    expect(await run('ADD')).toMatchObject(onItsEni);
  });

  test.each([
    { name: 'no JSON', annotation: 'eni-1', complaint: 'no list of ENIs' },
    {
      name: 'without a VLAN',
      annotation: JSON.stringify([{ ...ENI, vlanId: 0 }]),
      complaint: 'no vlanId',
    },
    {
      name: 'of the other family',
      annotation: JSON.stringify([{ ...ENI, privateIp: '', ipv6Addr: 'fd00::1' }]),
      complaint: 'no ipv4 address',
    },
  ])('is refused at once for an annotation $name', async ({ annotation, complaint }) => {
    schedule({ annotation });
    await world.clock.advance(100);
    expect((await cni('ADD')).output).toMatchObject({
      msg: expect.stringContaining('(kubernetes)'),
      details: expect.stringContaining(complaint),
    });
  });

  test('of a pod that asks for no ENI is served by the pool', async () => {
    schedule({ wantsEni: false, annotation: JSON.stringify([ENI]) });
    expect(await run('ADD')).toMatchObject({
      exitCode: 0,
      output: { interfaces: [{}, {}, { mac: '0' }] },
    });
    expect(reserved()).toHaveLength(1);
    expect(remembered()).toEqual({ pods: [] });
  });

  test('never takes the ENI of an earlier pod of that name', async () => {
    schedule({ annotation: JSON.stringify([ENI]) });
    await world.clock.advance(100);
    world.cluster.knobs.freezeWatches();
    world.cluster.remove(web);
    schedule();
    expect((await run('ADD')).output).toMatchObject({
      details: expect.stringContaining('not told'),
    });
  });

  test('of a runtime that tells no UID asks which pod has the name', async () => {
    schedule({ annotation: JSON.stringify([ENI]) });
    const before = requestsOf(world.cluster).length;
    expect(await run('ADD', { uid: '' })).toMatchObject(onItsEni);
    expect(requestsOf(world.cluster).slice(before)).toEqual(['get pods']);
  });

  test('that waits is ended by its DEL, and keeps nothing', async () => {
    schedule();
    const adding = cni('ADD');
    await world.clock.advance(1_000);
    const deleting = cni('DEL');
    expect((await world.settle(adding, 1_000)).output).toMatchObject({ code: 103 });
    expect((await world.settle(deleting)).exitCode).toBe(0);
    expect([held(), wired()]).toEqual([[], []]);
  });
});

describe('while the API server is away', () => {
  test('a pod that is known gets its sandbox, a new one a reason', async () => {
    schedule({ annotation: JSON.stringify([ENI]) });
    await world.clock.advance(100);
    await world.cluster.knobs.setUnavailable('refused');
    await world.clock.advance(5_000);
    expect(await run('ADD')).toMatchObject(onItsEni);
    const { output } = await run('ADD', { container: 'b', uid: 'nobody-knows' });
    expect(output).toMatchObject({ msg: expect.stringContaining('(kubernetes)') });
  });
});

test('without a trunk an ADD says so; once there is one it goes on', async () => {
  await world.cloud.outside.detachEni(trunkId);
  await world.clock.advance(150_000);
  schedule({ annotation: JSON.stringify([ENI]) });
  expect((await run('ADD')).output).toMatchObject({
    msg: expect.stringContaining('branch-eni-pending'),
    details: expect.stringContaining('no trunk ENI'),
  });
  await attachTrunk();
  await world.clock.advance(90_000);
  expect(await run('ADD')).toMatchObject(onItsEni);
});

describe('after a restart', () => {
  let result: unknown;
  beforeEach(async () => {
    schedule({ annotation: JSON.stringify([ENI]) });
    result = (await run('ADD')).output;
  });

  const restart = async (environment = ENVIRONMENT) => {
    node.kill();
    node.start(environment);
    await world.clock.advance(10_000);
  };

  test('CHECK and DEL know the pod, and it does not come back', async () => {
    await restart();
    expect((await run('CHECK', { prevResult: result })).exitCode).toBe(0);
    expect((await run('DEL')).exitCode).toBe(0);
    expect([wired(), remembered().pods]).toEqual([[], []]);
    await restart();
    expect(held()).toEqual([]);
  });

  test('it stays known when no more pods are to have ENIs of their own', async () => {
    await restart({ ...ENVIRONMENT, ENABLE_POD_ENI: 'false' });
    expect((await run('CHECK', { prevResult: result })).exitCode).toBe(0);
    await run('DEL');
    expect(wired()).toEqual([]);
  });

  test('CHECK and DEL know it by the runtime’s memory alone, as one that another daemon wired', async () => {
    node.site.disk.files.delete('branch-pods.json');
    await restart();
    expect((await run('CHECK', { prevResult: result })).exitCode).toBe(0);
    expect(held()).toEqual([]);
    expect((await run('DEL', { prevResult: result })).exitCode).toBe(0);
    expect(wired()).toEqual([]);
  });

  test('a file that is damaged is moved aside, and pods are served', async () => {
    node.site.disk.files.set('branch-pods.json', '{"version":"vpc-cni-branch-pods/1","pods":[{}]}');
    await restart();
    expect(node.daemon.log.filter(({ level }) => level === 'error')).toHaveLength(1);
    expect([...node.site.disk.files.keys()].join()).toContain('branch-pods.json.unreadable-');
    expect(await run('ADD', { container: 'b' })).toMatchObject(onItsEni);
  });

  test('a pod that went with the node’s boot is forgotten', async () => {
    node.site.host.attachments.clear();
    await restart();
    expect([held(), remembered().pods]).toEqual([[], []]);
  });
});

describe('a DEL that comes late', () => {
  test('does not take down the next sandbox of the pod, nor the next pod on the VLAN', async () => {
    schedule({ annotation: JSON.stringify([ENI]) });
    const { output: prevResult } = await run('ADD');
    await run('ADD', { container: 'b' });
    expect((await run('DEL', { prevResult })).exitCode).toBe(0);
    expect(wired()).toHaveLength(1);
    expect(remembered().pods).toMatchObject([{ key: { containerId: 'b' } }]);
  });
});

test('what cannot be written down is not handed out', async () => {
  schedule({ annotation: JSON.stringify([ENI]) });
  node.site.disk.failure = 'ENOSPC: no space left on device';
  expect((await run('ADD')).output).toMatchObject({
    msg: expect.stringContaining('checkpoint-unwritable'),
  });
  expect(wired()).toEqual([]);
  node.site.disk.failure = undefined;
  expect(await run('ADD')).toMatchObject(onItsEni);
});
