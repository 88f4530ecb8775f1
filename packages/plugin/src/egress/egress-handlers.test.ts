import { beforeEach, describe, expect, test } from '@jest/globals';
import { handleRequest, KNOWN_VERSIONS, parsePluginConf } from '@vpc-cni/cni-spec';
import { createAttachmentQueue } from '../attachment-queue.ts';
import { createEgressHandlers } from './egress-handlers.ts';
import type {
  EgressContainer,
  EgressHolder,
  EgressPool,
  EgressReserveReply,
} from './egress-ports.ts';

const CONTAINER = '4f3c2a1b9e8d';
const prevResult = {
  cniVersion: '0.4.0',
  interfaces: [{ name: 'enicc21c2d7785' }, { name: 'eth0', mac: '2', sandbox: '/run/netns/a' }],
  ips: [{ version: '4', interface: 1, address: '10.0.41.99/32' }],
  dns: {},
};
const conf = {
  cniVersion: '0.4.0',
  name: 'aws-cni',
  type: 'egress-cni',
  mtu: '9001',
  enabled: 'true',
  randomizeSNAT: 'prng',
  nodeIP: '2600:1f14::10',
  ipam: {
    type: 'host-local',
    ranges: [[{ subnet: 'fd00::ac:00/118' }]],
    routes: [{ dst: '::/0' }],
    dataDir: '/run/cni/v4pd/egress-v6-ipam',
  },
  prevResult,
};
const withIpam = (changes: object) => ({ ipam: { ...conf.ipam, ...changes } });

let log: string[];
let reply: EgressReserveReply;
let holders: readonly EgressHolder[];
let pool: EgressPool | undefined;
let container: EgressContainer | undefined;
let missing: readonly string[];
let failure: { readonly of: string; readonly error: Error } | undefined;

beforeEach(() => {
  log = [];
  reply = { kind: 'reserved', address: 'fd00::ac:2' };
  holders = [];
  pool = undefined;
  container = undefined;
  missing = [];
  failure = undefined;
});

const note = (what: string) => {
  log.push(what);
  if (failure?.of === what) throw failure.error;
};
const queue = createAttachmentQueue();
const handlers = createEgressHandlers({
  queue,
  addresses: {
    reserve: async (wanted) => {
      pool = wanted;
      note('reserve');
      return reply;
    },
    release: async (_, { containerId }) => note(`release ${containerId}`),
    find: async () => (reply.kind === 'held' ? reply.address : undefined),
    list: async () => holders,
  },
  wiring: {
    setUp: async (wanted, address) => {
      container = wanted;
      note(`set up ${address}`);
      const [hostLink, podLink] = [
        { name: 'veth1a2b3c4d', mac: '02:00:00:00:00:01' },
        { name: 'v6if0', mac: '02:00:00:00:00:02' },
      ];
      return { hostLink, podLink };
    },
    tearDown: async ({ containerId }) => note(`tear down ${containerId}`),
    check: async () => {
      note('look');
      return missing;
    },
  },
});

async function cni(verb: 'ADD' | 'DEL' | 'CHECK' | 'GC', changes: object = {}) {
  const { exitCode, stdout } = await handleRequest(
    {
      environment: {
        CNI_COMMAND: verb,
        CNI_CONTAINERID: CONTAINER,
        CNI_NETNS: '/run/netns/a',
        CNI_IFNAME: 'eth0',
        CNI_PATH: '/opt/cni/bin',
      },
      stdin: JSON.stringify({ ...conf, ...changes }),
    },
    handlers,
    { supportedVersions: KNOWN_VERSIONS },
  );
  return { exitCode, output: stdout === '' ? undefined : JSON.parse(stdout) };
}

describe('ADD', () => {
  test('adds two interfaces to the result before, and no address', async () => {
    expect(await cni('ADD')).toEqual({
      exitCode: 0,
      output: {
        ...prevResult,
        interfaces: [
          ...prevResult.interfaces,
          { name: 'veth1a2b3c4d', mac: '02:00:00:00:00:01' },
          { name: 'v6if0', mac: '02:00:00:00:00:02', sandbox: '/run/netns/a' },
        ],
      },
    });
    expect(log).toEqual(['reserve', 'set up fd00::ac:2']);
    expect(container).toEqual({
      networkName: 'aws-cni',
      containerId: CONTAINER,
      netnsPath: '/run/netns/a',
      podLinkName: 'eth0',
      nodeAddress: '2600:1f14::10',
      mtuBytes: 9001,
      randomizeSnat: 'prng',
    });
    expect(pool).toEqual({
      dataDirectory: '/run/cni/v4pd/egress-v6-ipam',
      networkName: 'aws-cni',
      cidr: 'fd00::ac:00/118',
    });
  });

  test.each([{ enabled: 'false' }, { enabled: '' }, { enabled: 'TRUE' }, { enabled: undefined }])(
    'with %j gives the result before',
    async (changes) => {
      const off = { ...changes, nodeIP: '', ipam: {} };
      expect(await cni('ADD', off)).toEqual({ exitCode: 0, output: prevResult });
      expect(log).toEqual([]);
    },
  );

  test.each([
    ['none', 'none'],
    ['hashrandom', 'hashrandom'],
    ['', 'prng'],
    ['None', 'prng'],
  ])('takes randomizeSNAT %j as %s', async (randomizeSNAT, expected) => {
    await cni('ADD', { randomizeSNAT });
    expect(container?.randomizeSnat).toBe(expected);
  });

  // plugin-and-host-network §7.1: what is wrong is told whether egress is enabled or not, as far as it is needed.
  test.each([
    { key: 'prevResult', changes: { prevResult: undefined, enabled: 'false' } },
    { key: 'mtu', changes: { mtu: 'many', enabled: 'false' } },
    { key: 'mtu', changes: { mtu: 9001 } },
    { key: 'enabled', changes: { enabled: true } },
    { key: 'nodeIP', changes: { nodeIP: '' } },
    { key: 'nodeIP', changes: { nodeIP: 'fe80::1' } },
    { key: 'nodeIP', changes: { nodeIP: '::1' } },
    { key: 'ipam.type', changes: { ipam: {} } },
    { key: 'ipam.type', changes: withIpam({ type: 'static' }) },
    { key: 'ipam.dataDir', changes: withIpam({ dataDir: undefined }) },
    { key: 'ipam.dataDir', changes: withIpam({ dataDir: 'here' }) },
    ...[
      undefined,
      [],
      [[]],
      [['a']],
      [null],
      [[{ subnet: 4 }]],
      [[{ subnet: 'a' }], [{ subnet: 'b' }]],
    ].map((ranges) => ({ key: 'ipam.ranges', changes: withIpam({ ranges }) })),
    {
      key: 'ipam.ranges',
      changes: withIpam({ ranges: [[{ subnet: 'fd00::ac:0/118', rangeStart: 'fd00::ac:9' }]] }),
    },
  ])('is error 7 for $key in $changes, before an address is taken', async ({ key, changes }) => {
    const { exitCode, output } = await cni('ADD', changes);
    expect(exitCode).toBe(1);
    expect(output.code).toBe(7);
    expect(output.msg).toContain(key);
    expect(log).toEqual([]);
  });

  test('that cannot be wired gives the address back, whatever becomes of that', async () => {
    const refused = Object.assign(new Error('v6if0 is there'), { code: 'link-exists' });
    failure = { of: 'set up fd00::ac:2', error: refused };
    expect((await cni('ADD')).output).toMatchObject({ code: 101, details: 'v6if0 is there' });
    expect(log).toEqual(['reserve', 'set up fd00::ac:2', `release ${CONTAINER}`]);
  });

  test.each([
    { reply: { kind: 'exhausted' }, code: 11, details: 'fd00::ac:00/118' },
    { reply: { kind: 'held', address: 'fd00::ac:9' }, code: 101, details: 'fd00::ac:9' },
  ] as const)('is error $code when the reply is $reply, and wires nothing', async (given) => {
    reply = given.reply;
    expect((await cni('ADD')).output).toMatchObject({
      code: given.code,
      details: expect.stringContaining(given.details),
    });
    expect(log).toEqual(['reserve']); // what an ADD before it got stays
  });

  test('that cannot get an address says why', async () => {
    failure = { of: 'reserve', error: new Error('ENOSPC: no space left') };
    expect((await cni('ADD')).output).toMatchObject({
      code: 100,
      details: 'ENOSPC: no space left',
    });
  });

  test('that was given up before its turn does nothing', async () => {
    await expect(
      handlers.add({
        containerId: CONTAINER,
        ifName: 'eth0',
        netns: '/run/netns/a',
        args: '',
        path: '',
        stdin: '',
        conf: parsePluginConf(JSON.stringify(conf)),
        signal: AbortSignal.abort(),
      }),
    ).rejects.toMatchObject({ code: 11 });
    expect(log).toEqual([]);
  });
});

describe('DEL', () => {
  test('takes the wiring away before the address can be given again', async () => {
    expect(await cni('DEL', { prevResult: undefined })).toEqual({ exitCode: 0, output: undefined });
    expect(log).toEqual([`tear down ${CONTAINER}`, `release ${CONTAINER}`]);
  });

  test('that fails keeps the address', async () => {
    failure = { of: `tear down ${CONTAINER}`, error: new Error('EBUSY') };
    expect((await cni('DEL')).output).toMatchObject({ code: 100, details: 'EBUSY' });
    expect(log).toEqual([`tear down ${CONTAINER}`]);
  });

  test('does nothing where egress is not enabled', async () => {
    expect(await cni('DEL', { enabled: 'false' })).toEqual({ exitCode: 0, output: undefined });
    expect(log).toEqual([]);
  });
});

describe('CHECK', () => {
  test('asks for address and wiring', async () => {
    reply = { kind: 'held', address: 'fd00::ac:2' };
    expect(await cni('CHECK')).toEqual({ exitCode: 0, output: undefined });
    expect(log).toEqual(['look']);
  });

  test('is error 3 without an address', async () => {
    expect((await cni('CHECK')).output).toMatchObject({ code: 3 });
    expect(log).toEqual([]);
  });

  test('names what is missing', async () => {
    reply = { kind: 'held', address: 'fd00::ac:2' };
    missing = ['pod: default via fe80::1 dev v6if0'];
    expect((await cni('CHECK')).output).toMatchObject({ code: 102, details: missing[0] });
  });

  test('has nothing to ask where egress is not enabled', async () => {
    expect(await cni('CHECK', { enabled: 'false' })).toEqual({ exitCode: 0, output: undefined });
    expect(log).toEqual([]);
  });
});

describe('GC', () => {
  const gc = (valid: unknown, changes: object = {}) =>
    cni('GC', { cniVersion: '1.1.0', 'cni.dev/valid-attachments': valid, ...changes });
  const valid = [{ containerID: 'a', ifname: 'eth0' }];
  beforeEach(() => {
    holders = ['a', 'b', 'c'].map((containerId) => ({ containerId, interfaceName: 'eth0' }));
  });

  test('takes down what is not valid any more', async () => {
    expect(await gc(valid)).toEqual({ exitCode: 0, output: undefined });
    expect(log).toEqual(['tear down b', 'release b', 'tear down c', 'release c']);
  });

  test('goes on after a failure, and tells it', async () => {
    failure = { of: 'tear down b', error: new Error('EBUSY') };
    expect((await gc(valid)).output).toMatchObject({ msg: expect.stringContaining('EBUSY') });
    expect(log).toEqual(['tear down b', 'tear down c', 'release c']);
  });

  test('does nothing without a list, nor where egress is not enabled', async () => {
    await gc(undefined);
    await gc([], { enabled: 'false' });
    expect(log).toEqual([]);
  });
});

describe('behind the plugin that wires the pod', () => {
  const key = { networkName: 'aws-cni', containerId: CONTAINER, interfaceName: 'eth0' };

  test.each(['ADD', 'DEL'] as const)(
    '%s waits for what is done to the attachment',
    async (verb) => {
      const { promise, resolve } = Promise.withResolvers<void>();
      const before = queue.run(key, () => promise.then(() => note('before')));
      const behind = cni(verb);
      await new Promise(setImmediate);
      expect(log).toEqual([]);
      resolve();
      await Promise.all([before, behind]);
      expect(log[0]).toBe('before');
      expect(log).toHaveLength(3);
    },
  );

  test('a DEL of that plugin waits for the egress, whatever becomes of it', async () => {
    failure = { of: `tear down ${CONTAINER}`, error: new Error('EBUSY') };
    const { promise, resolve } = Promise.withResolvers<void>();
    const before = queue.run(key, () => promise);
    const failed = cni('DEL');
    await new Promise(setImmediate);
    const behind = queue.runDel(key, async () => note('DEL'));
    resolve();
    await Promise.all([before, behind]);
    expect((await failed).exitCode).toBe(1);
    expect(log).toEqual([`tear down ${CONTAINER}`, 'DEL']);
  });
});
