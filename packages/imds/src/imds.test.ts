import type { ServerResponse } from 'node:http';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createFakeClock } from '@vpc-cni/testing';
import { createImds, type ImdsOptions } from './imds.ts';
import { eniTree, type ImdsStub, startImdsStub } from './imds-stub.ts';

const PRIMARY_MAC = '02:00:00:00:00:01';
const SECOND_MAC = '02:00:00:00:00:02';
const MACS = 'meta-data/network/interfaces/macs/';

const primary = {
  'device-number': '0\n',
  'interface-id': 'eni-1',
  'ipv4-prefix': '10.0.1.0/28\n10.0.1.16/28',
  'ipv6-prefix': '2001:db8:0:0:1::/80\n',
  ipv6s: '2001:db8::10',
  'subnet-ipv6-cidr-blocks': '2001:db8::/64',
  'vpc-ipv6-cidr-blocks': '2001:db8::/56',
  'local-ipv4s': '10.0.0.10\n10.0.0.11\n10.0.0.12',
  mac: PRIMARY_MAC,
  'network-card': '0',
  'security-group-ids': 'sg-1\nsg-2\n',
  'subnet-id': 'subnet-1',
  'subnet-ipv4-cidr-block': '10.0.0.0/24\n',
  'vpc-id': 'vpc-1',
  'vpc-ipv4-cidr-blocks': '10.0.0.0/16\n100.64.0.0/16',
};
const second = {
  'device-number': '2',
  'interface-id': 'eni-2',
  'local-ipv4s': '10.0.0.20',
  'subnet-id': 'subnet-1',
  'subnet-ipv4-cidr-block': '10.0.0.0/24',
};
const instance = {
  'meta-data/instance-id': 'i-1\n',
  'meta-data/instance-type': 'm5.large',
  'meta-data/placement/availability-zone': 'eu-central-1a',
  'meta-data/local-ipv4': '10.0.0.10',
  'meta-data/mac': '02:00:00:00:00:01',
  'dynamic/instance-identity/document': '{"region": "eu-central-1"}',
};
const secondFacts = {
  eniId: 'eni-2',
  mac: SECOND_MAC,
  deviceNumber: 2,
  networkCardIndex: 0,
  subnetId: 'subnet-1',
  subnetCidr: '10.0.0.0/24',
  primaryAddress: '10.0.0.20',
  secondaryAddresses: [],
  prefixes: [],
  ipv6Addresses: [],
  ipv6Prefixes: [],
  isPrimary: false,
};

let stub: ImdsStub;
beforeEach(async () => {
  stub = await startImdsStub({
    ...instance,
    [MACS]: `${SECOND_MAC}/\n${PRIMARY_MAC}/`,
    ...eniTree(PRIMARY_MAC, primary),
    ...eniTree(SECOND_MAC, second),
  });
});
afterEach(() => stub.close());

/** With a clock of the test's own, time-outs are not the point: far away from what it advances. */
const PATIENT_MS = 3_600_000;
const open = (options: ImdsOptions = {}) =>
  createImds({ endpoint: stub.url, retries: 0, ...options });
const setSecond = (fields: Readonly<Record<string, string | undefined>>) => {
  for (const path of [...stub.tree.keys()].filter((path) => path.includes(`${SECOND_MAC}/`))) {
    stub.tree.delete(path);
  }
  for (const [path, text] of Object.entries(eniTree(SECOND_MAC, { ...second, ...fields }))) {
    stub.tree.set(path, text);
  }
};
const hideSecond = () => stub.tree.set(MACS, `${PRIMARY_MAC}/`);
const tokenRequests = () => stub.requests.filter((request) => request === 'PUT api/token').length;

describe('readInstance', () => {
  test('gathers what never changes', async () => {
    expect(await open().readInstance()).toEqual({
      instanceId: 'i-1',
      instanceType: 'm5.large',
      availabilityZone: 'eu-central-1a',
      region: 'eu-central-1',
      primaryMac: PRIMARY_MAC,
      primaryEniId: 'eni-1',
      primaryAddress: '10.0.0.10',
      subnetId: 'subnet-1',
      vpcId: 'vpc-1',
    });
  });

  test('remembers it', async () => {
    const imds = open();
    const first = await imds.readInstance();
    const requestCount = stub.requests.length;
    expect(await imds.readInstance()).toBe(first);
    expect(stub.requests).toHaveLength(requestCount);
  });

  test('does not remember a failure', async () => {
    const imds = open();
    stub.tree.delete('meta-data/instance-id');
    await expect(imds.readInstance()).rejects.toMatchObject({
      code: 'not-found',
      facts: { path: 'meta-data/instance-id' },
    });
    stub.tree.set('meta-data/instance-id', 'i-1');
    expect((await imds.readInstance()).instanceId).toBe('i-1');
  });
});

describe('readEnis', () => {
  test('lists ENIs by device number, with the first address as the primary one', async () => {
    expect(await open().readEnis()).toEqual([
      {
        eniId: 'eni-1',
        mac: PRIMARY_MAC,
        deviceNumber: 0,
        networkCardIndex: 0,
        subnetId: 'subnet-1',
        subnetCidr: '10.0.0.0/24',
        primaryAddress: '10.0.0.10',
        secondaryAddresses: ['10.0.0.11', '10.0.0.12'],
        prefixes: ['10.0.1.0/28', '10.0.1.16/28'],
        ipv6Addresses: ['2001:db8::10'],
        ipv6Prefixes: ['2001:db8:0:0:1::/80'],
        subnetIpv6Cidr: '2001:db8::/64',
        isPrimary: true,
      },
      secondFacts,
    ]);
  });

  test('is live', async () => {
    const imds = open();
    await imds.readEnis();
    setSecond({ 'local-ipv4s': '10.0.0.20\n10.0.0.21' });
    expect((await imds.readEnis())[1]?.secondaryAddresses).toEqual(['10.0.0.21']);
  });

  test('gives the primary ENI device number 0 whatever the service says', async () => {
    stub.tree.set(`${MACS}${PRIMARY_MAC}/device-number`, '3');
    expect((await open().readEnis()).find((eni) => eni.isPrimary)?.deviceNumber).toBe(0);
  });

  const others = [
    {
      name: 'has its network card',
      fields: { 'network-card': '1\n' },
      seen: { networkCardIndex: 1 },
    },
    { name: 'is left out without addresses (efa-only)', fields: { 'local-ipv4s': undefined } },
    {
      name: 'is left out without addresses, subnet and all (efa-only)',
      fields: {
        'local-ipv4s': undefined,
        'subnet-id': undefined,
        'subnet-ipv4-cidr-block': undefined,
      },
    },
    { name: 'is left out with an empty list of addresses', fields: { 'local-ipv4s': '\n' } },
    {
      name: 'is left out with IPv6 addresses only',
      fields: {
        'local-ipv4s': undefined,
        ipv6s: '2001:db8::1',
        'subnet-ipv4-cidr-block': undefined,
      },
    },
  ];

  test.each(others)('a second ENI $name', async ({ fields, seen }) => {
    setSecond(fields);
    const enis = (await open().readEnis()).filter((eni) => !eni.isPrimary);
    expect(enis).toEqual(seen === undefined ? [] : [{ ...secondFacts, ...seen }]);
  });

  test.each(['interface-id', 'device-number', 'subnet-id', 'subnet-ipv4-cidr-block'])(
    'fails when %s is missing from an ENI that is there',
    async (field) => {
      setSecond({ [field]: undefined });
      await expect(open().readEnis()).rejects.toMatchObject({
        code: 'not-found',
        facts: { path: `${MACS}${SECOND_MAC}/${field}` },
      });
    },
  );

  const half = ['interface-id', 'subnet-id', 'subnet-ipv4-cidr-block', 'local-ipv4s'] as const;

  test.each(half)('leaves out an ENI that comes without %s, until it has it', async (field) => {
    const imds = open();
    hideSecond();
    await imds.readEnis();
    setSecond({ [field]: undefined });
    stub.tree.set(MACS, `${SECOND_MAC}/\n${PRIMARY_MAC}/`);
    expect((await imds.readEnis()).map((eni) => eni.eniId)).toEqual(['eni-1']);
    setSecond({});
    expect((await imds.readEnis()).map((eni) => eni.eniId)).toEqual(['eni-1', 'eni-2']);
  });

  test.each(half)('fails when an ENI loses its %s, because it may have pods', async (field) => {
    const imds = open();
    await imds.readEnis();
    setSecond({ [field]: undefined });
    await expect(imds.readEnis()).rejects.toMatchObject({
      code: 'not-found',
      facts: { path: `${MACS}${SECOND_MAC}/${field}` },
    });
  });

  test('asks only for what an ENI has', async () => {
    await open().readEnis();
    const asked = stub.requests.filter((request) => request.includes(`${SECOND_MAC}/`));
    expect(asked.map((request) => request.split('/').at(-1)).sort()).toEqual([
      '',
      'device-number',
      'interface-id',
      'local-ipv4s',
      'subnet-id',
      'subnet-ipv4-cidr-block',
    ]);
  });

  test('leaves out an ENI that vanishes between the list and its fields', async () => {
    const imds = open();
    for (const path of [...stub.tree.keys()].filter((path) => path.includes(`${SECOND_MAC}/`))) {
      stub.tree.delete(path);
    }
    expect((await imds.readEnis()).map((eni) => eni.eniId)).toEqual(['eni-1']);
  });

  test('fails as a whole when one field cannot be read', async () => {
    stub.intercept((path, response) => {
      if (!path.endsWith(`${SECOND_MAC}/local-ipv4s`)) {
        return false;
      }
      response.writeHead(500).end();
      return true;
    });
    await expect(open().readEnis()).rejects.toMatchObject({ code: 'unreachable' });
  });

  const nonsense = [
    { field: 'device-number', text: 'two', expected: 'an integer' },
    { field: 'interface-id', text: 'i-1', expected: 'an id like eni-0a1b2c' },
    { field: 'local-ipv4s', text: '10.0.0.10\n10.0.0.256', expected: 'an IPv4 address' },
    { field: 'subnet-ipv4-cidr-block', text: '10.0.0.0/33', expected: 'an IPv4 CIDR' },
    { field: 'ipv4-prefix', text: '10.0.0.0', expected: 'an IPv4 CIDR' },
    { field: 'ipv6s', text: '10.0.0.1', expected: 'an IPv6 address' },
    { field: 'ipv6-prefix', text: '2001:db8::/129', expected: 'an IPv6 CIDR' },
    { field: 'subnet-ipv6-cidr-blocks', text: '2001:db8::', expected: 'an IPv6 CIDR' },
  ];

  test.each(nonsense)('names the path when $field is $text', async ({ field, text, expected }) => {
    setSecond({ [field]: text });
    const path = `${MACS}${SECOND_MAC}/${field}`;
    await expect(open().readEnis()).rejects.toMatchObject({
      code: 'malformed',
      message: `[malformed] reading ${path}: expected ${expected}, received ${JSON.stringify(text)}`,
      facts: { path, answer: text },
    });
  });
});

describe('lists of the primary ENI', () => {
  test('readVpcCidrs gives all CIDRs', async () => {
    expect(await open().readVpcCidrs(PRIMARY_MAC)).toEqual(['10.0.0.0/16', '100.64.0.0/16']);
  });

  test('readVpcCidrs does not believe in a VPC without CIDRs', async () => {
    stub.tree.set(`${MACS}${PRIMARY_MAC}/vpc-ipv4-cidr-blocks`, '\n');
    await expect(open().readVpcCidrs(PRIMARY_MAC)).rejects.toMatchObject({ code: 'malformed' });
  });

  test('readVpcIpv6Cidrs gives all CIDRs, and none without IPv6', async () => {
    expect(await open().readVpcIpv6Cidrs(PRIMARY_MAC)).toEqual(['2001:db8::/56']);
    expect(await open().readVpcIpv6Cidrs(SECOND_MAC)).toEqual([]);
  });

  test('readSecurityGroupIds gives all groups', async () => {
    expect(await open().readSecurityGroupIds(PRIMARY_MAC)).toEqual(['sg-1', 'sg-2']);
  });

  test('a MAC the service does not know is not found', async () => {
    const mac = '02:00:00:00:00:99';
    await expect(open().readSecurityGroupIds(mac)).rejects.toMatchObject({
      code: 'not-found',
      message: `[not-found] reading ${MACS}${mac}/security-group-ids: ${stub.url} does not know it`,
    });
  });
});

describe('an answer of before', () => {
  const rename = (groupIds: string) =>
    stub.tree.set(`${MACS}${PRIMARY_MAC}/security-group-ids`, groupIds);

  test('serves for as long as the reader says', async () => {
    const clock = createFakeClock();
    const imds = open({ clock, timeoutMs: PATIENT_MS, deadlineMs: PATIENT_MS });
    const read = (maxAgeMs?: number) => imds.readSecurityGroupIds(PRIMARY_MAC, { maxAgeMs });
    expect(await read(Number.POSITIVE_INFINITY)).toEqual(['sg-1', 'sg-2']);
    rename('sg-3');
    await clock.advance(30_000);
    expect(await read(30_000)).toEqual(['sg-1', 'sg-2']);
    expect(await read(29_999)).toEqual(['sg-3']);
    rename('sg-4');
    expect(await read(29_999)).toEqual(['sg-3']);
    expect(await read()).toEqual(['sg-4']);
  });

  test('is for one ENI only', async () => {
    const imds = open();
    const maxAgeMs = Number.POSITIVE_INFINITY;
    await imds.readVpcIpv6Cidrs(PRIMARY_MAC, { maxAgeMs });
    expect(await imds.readVpcIpv6Cidrs(SECOND_MAC, { maxAgeMs })).toEqual([]);
  });

  test('is the way through an outage', async () => {
    const imds = open();
    const enis = await imds.readEnis();
    const { url } = stub;
    await stub.close();
    await expect(imds.readEnis()).rejects.toMatchObject({ facts: { endpoint: url } });
    expect(await imds.readEnis({ maxAgeMs: Number.POSITIVE_INFINITY })).toBe(enis);
    stub = await startImdsStub({});
  });
});

describe('the session', () => {
  test('uses one token for all reads', async () => {
    const imds = open();
    await Promise.all([imds.readInstance(), imds.readEnis()]);
    expect(tokenRequests()).toBe(1);
  });

  test('gets a new token when the old one is refused', async () => {
    const clock = createFakeClock();
    const imds = open({ clock, timeoutMs: PATIENT_MS });
    await imds.readEnis();
    stub.expireTokens();
    const reading = imds.readSecurityGroupIds(PRIMARY_MAC);
    await untilSettled(reading, clock);
    expect(await reading).toEqual(['sg-1', 'sg-2']);
    expect(tokenRequests()).toBe(2);
  });

  test('gets a new token before the old one expires', async () => {
    const clock = createFakeClock();
    const imds = open({ clock, timeoutMs: PATIENT_MS });
    await imds.readEnis();
    await clock.advance(6 * 60 * 60 * 1000 - 1);
    await imds.readEnis();
    expect(tokenRequests()).toBe(2);
  });

  test('never falls back to reads without a token, and recovers', async () => {
    const imds = open();
    stub.intercept((path, response) => {
      if (path === 'api/token') {
        response.writeHead(403).end();
      }
      return path === 'api/token';
    });
    for (const _ of ['once', 'again']) {
      await expect(imds.readEnis()).rejects.toMatchObject({
        code: 'disabled',
        facts: { status: 403 },
      });
    }
    expect(stub.requests).toEqual(['PUT api/token', 'PUT api/token']);
    stub.intercept(() => false);
    expect(await imds.readEnis()).toHaveLength(2);
  });
});

describe('trouble', () => {
  const broken = [
    { name: 'a failing service', status: 503 },
    { name: 'a throttling service', status: 429 },
  ];

  test.each(broken)('$name is asked again, then unreachable', async ({ status }) => {
    const clock = createFakeClock();
    stub.intercept((path, response) => {
      if (path === 'meta-data/mac') {
        response.writeHead(status).end();
      }
      return path === 'meta-data/mac';
    });
    const reading = open({ retries: 2, clock, timeoutMs: PATIENT_MS }).readEnis();
    await untilSettled(reading, clock);
    await expect(reading).rejects.toMatchObject({ code: 'unreachable', facts: { status } });
    expect(stub.requests.filter((request) => request === 'GET meta-data/mac')).toHaveLength(3);
  });

  test('a retry can help', async () => {
    const clock = createFakeClock();
    let failures = 2;
    stub.intercept((path, response) => {
      const isFailing = path === 'meta-data/mac' && failures-- > 0;
      if (isFailing) {
        response.destroy();
      }
      return isFailing;
    });
    const reading = open({ retries: 2, clock, timeoutMs: PATIENT_MS }).readEnis();
    await untilSettled(reading, clock);
    expect(await reading).toHaveLength(2);
  });

  const silences = [
    { name: 'does not answer', start: () => {} },
    {
      name: 'stops half-way',
      start: (response: ServerResponse) => response.write('02:00'),
    },
  ];

  test.each(silences)('a service that $name is unreachable', async ({ start }) => {
    stub.intercept((path, response) => {
      if (path === 'meta-data/mac') {
        start(response);
      }
      return path === 'meta-data/mac';
    });
    await expect(open({ timeoutMs: 50 }).readEnis()).rejects.toMatchObject({
      code: 'unreachable',
      facts: { path: 'meta-data/mac', endpoint: stub.url },
    });
  });

  test('nobody at home is unreachable, by name', async () => {
    const imds = open();
    const { url } = stub;
    await stub.close();
    await expect(imds.readEnis()).rejects.toMatchObject({
      code: 'unreachable',
      message: expect.stringContaining(`reading meta-data/mac: ${url} gives no usable answer`),
      facts: { endpoint: url },
    });
    stub = await startImdsStub({});
  });

  test.each([403, 404])('a service that gives no token (%d) is disabled', async (status) => {
    stub.intercept((path, response) => {
      if (path === 'api/token') {
        response.writeHead(status).end();
      }
      return path === 'api/token';
    });
    await expect(open({ retries: 5 }).readEnis()).rejects.toMatchObject({
      code: 'disabled',
      message: expect.stringContaining('--http-endpoint enabled'),
      facts: { path: 'meta-data/mac', endpoint: stub.url, status },
    });
    expect(stub.requests).toEqual(['PUT api/token']);
  });

  test('metadata that is turned off between two reads is disabled', async () => {
    const imds = open();
    await imds.readEnis();
    stub.intercept((_path, response) => {
      response.writeHead(403).end();
      return true;
    });
    await expect(imds.readEnis()).rejects.toMatchObject({ code: 'disabled' });
  });

  test('a service whose token alone does not arrive is behind a hop limit', async () => {
    stub.intercept((path) => path === 'api/token');
    await expect(open({ timeoutMs: 50 }).readInstance()).rejects.toMatchObject({
      code: 'hop-limit',
      message: expect.stringContaining('--http-put-response-hop-limit 2'),
      facts: { path: 'meta-data/mac', endpoint: stub.url },
    });
    expect(stub.requests).toEqual(['PUT api/token', 'GET meta-data/']);
  });

  test('a service that answers nothing at all is behind no hop limit', async () => {
    stub.intercept(() => true);
    await expect(open({ timeoutMs: 50 }).readInstance()).rejects.toMatchObject({
      code: 'unreachable',
    });
  });

  test('a service that refuses every token is unauthorized', async () => {
    const clock = createFakeClock();
    stub.intercept((path, response) => {
      if (path !== 'api/token') {
        response.writeHead(401).end();
      }
      return path !== 'api/token';
    });
    const reading = open({ clock, timeoutMs: PATIENT_MS }).readEnis();
    await untilSettled(reading, clock);
    await expect(reading).rejects.toMatchObject({ code: 'unauthorized', facts: { status: 401 } });
    expect(tokenRequests()).toBe(2);
  });

  test('an abort ends a read that hangs, with its reason', async () => {
    const controller = new AbortController();
    stub.intercept((path) => {
      if (path === 'meta-data/mac') {
        controller.abort(new Error('shutting down'));
      }
      return path === 'meta-data/mac';
    });
    const { signal } = controller;
    await expect(open({ retries: 5 }).readEnis({ signal })).rejects.toThrow('shutting down');
  });

  test('a list that takes too long as a whole is unreachable', async () => {
    const clock = createFakeClock();
    stub.intercept((path) => path === 'meta-data/mac');
    const reading = open({ clock, timeoutMs: PATIENT_MS, deadlineMs: 500, retries: 9 }).readEnis();
    await untilSettled(reading, clock);
    await expect(reading).rejects.toMatchObject({
      code: 'unreachable',
      message: expect.stringContaining('no complete answer within 500 ms'),
      facts: { path: 'the ENIs', endpoint: stub.url, deadlineMs: 500 },
    });
  });

  test.each(['169.254.169.254', 'ftp://x', 'http://x/latest'])(
    'refuses %p as an endpoint',
    (endpoint) => {
      expect(() => createImds({ endpoint })).toThrow(TypeError);
    },
  );
});

/** Lets real sockets and the fake clock take turns until the promise has its outcome. */
async function untilSettled(
  promise: Promise<unknown>,
  clock: ReturnType<typeof createFakeClock>,
): Promise<void> {
  let isSettled = false;
  const note = () => {
    isSettled = true;
  };
  promise.then(note, note);
  while (!isSettled) {
    await clock.advance(1);
  }
}
