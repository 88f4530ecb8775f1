import { beforeEach, describe, expect, test } from '@jest/globals';
import { type CniResult, handleRequest, KNOWN_VERSIONS } from '@vpc-cni/cni-spec';
import { createEgressHandlers } from './egress-handlers.ts';
import type { EgressContainer } from './egress-ports.ts';

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
  ipam: { type: 'host-local' },
  prevResult,
};

let log: string[];
let given: CniResult;
let container: EgressContainer | undefined;
let missing: readonly string[];
let failure: { readonly of: string; readonly error: Error } | undefined;

beforeEach(() => {
  log = [];
  given = { interfaces: [], ips: [{ address: 'fd00::ac:2/118' }], routes: [] };
  container = undefined;
  missing = [];
  failure = undefined;
});

const note = (what: string) => {
  log.push(what);
  if (failure?.of === what) throw failure.error;
};
const handlers = createEgressHandlers({
  addresses: {
    add: async (type) => {
      note(`${type} ADD`);
      return given;
    },
    del: async (type) => note(`${type} DEL`),
    check: async (type) => note(`${type} CHECK`),
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
    tearDown: async () => note('tear down'),
    check: async () => {
      note('look');
      return missing;
    },
  },
});

async function cni(verb: 'ADD' | 'DEL' | 'CHECK', changes: object = {}) {
  const { exitCode, stdout } = await handleRequest(
    {
      environment: {
        CNI_COMMAND: verb,
        CNI_CONTAINERID: '4f3c2a1b9e8d',
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
    expect(log).toEqual(['host-local ADD', 'set up fd00::ac:2']);
    expect(container).toEqual({
      networkName: 'aws-cni',
      containerId: '4f3c2a1b9e8d',
      netnsPath: '/run/netns/a',
      podLinkName: 'eth0',
      nodeAddress: '2600:1f14::10',
      mtuBytes: 9001,
      randomizeSnat: 'prng',
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
    expect(log).toEqual(['host-local ADD', 'set up fd00::ac:2', 'host-local DEL']);
  });

  test.each([
    { name: 'none', ips: [] },
    { name: 'two', ips: [{ address: 'fd00::ac:2/118' }, { address: 'fd00::ac:3/118' }] },
  ])('with $name instead of one address gives them back', async ({ ips }) => {
    given = { ...given, ips };
    expect((await cni('ADD')).output).toMatchObject({ code: 7 });
    expect(log).toEqual(['host-local ADD', 'host-local DEL']);
  });
});

describe('DEL', () => {
  test('takes the wiring away before the address can be given again', async () => {
    expect(await cni('DEL', { prevResult: undefined })).toEqual({ exitCode: 0, output: undefined });
    expect(log).toEqual(['tear down', 'host-local DEL']);
  });

  test('that fails keeps the address', async () => {
    failure = { of: 'tear down', error: new Error('EBUSY') };
    expect((await cni('DEL')).output).toMatchObject({ code: 100, details: 'EBUSY' });
    expect(log).toEqual(['tear down']);
  });

  test('does nothing where egress is not enabled', async () => {
    expect(await cni('DEL', { enabled: 'false' })).toEqual({ exitCode: 0, output: undefined });
    expect(log).toEqual([]);
  });
});

describe('CHECK', () => {
  test('asks for address and wiring', async () => {
    expect(await cni('CHECK')).toEqual({ exitCode: 0, output: undefined });
    expect(log).toEqual(['host-local CHECK', 'look']);
  });

  test('names what is missing', async () => {
    missing = ['pod: default via fe80::1 dev v6if0'];
    expect((await cni('CHECK')).output).toMatchObject({ code: 102, details: missing[0] });
  });

  test('has nothing to ask where egress is not enabled', async () => {
    expect(await cni('CHECK', { enabled: 'false' })).toEqual({ exitCode: 0, output: undefined });
    expect(log).toEqual([]);
  });
});
