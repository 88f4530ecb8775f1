import { request as httpRequest } from 'node:http';
import { AttachNetworkInterfaceCommand, CreateNetworkInterfaceCommand } from '@aws-sdk/client-ec2';
import { MetadataService } from '@aws-sdk/ec2-metadata-service';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createFakeClock } from '@vpc-cni/testing';
import { emulatedVpc } from '../emulated-vpc.ts';
import { createEmulator } from '../emulator.ts';

const TTL = 'x-aws-ec2-metadata-token-ttl-seconds';
const TOKEN = 'x-aws-ec2-metadata-token';

describe('metadata for one instance', () => {
  const clock = createFakeClock();
  let cloud: Awaited<ReturnType<typeof emulatedVpc>>;
  let url = '';
  let mac = '';

  beforeEach(async () => {
    cloud = await emulatedVpc({ clock });
    const { emulator, subnetId } = cloud;
    const node = await emulator.runInstance({
      subnetId,
      instanceType: 'm5.large',
      publicAddress: true,
    });
    mac = node.primaryMac;
    const { instanceId } = node;
    ({ url } = await emulator.listenImds({ host: '127.0.0.1', port: 0, instanceId }));
  });
  afterEach(() => cloud.close());

  const token = async (ttlSeconds = '60') => {
    const response = await fetch(`${url}/latest/api/token`, {
      method: 'PUT',
      headers: { [TTL]: ttlSeconds },
    });
    return response.text();
  };
  const get = async (path: string, headers: Record<string, string> = {}) => {
    const response = await fetch(url + path, { headers });
    return { status: response.status, body: await response.text() };
  };
  const read = async (path: string) => get(`/latest/${path}`, { [TOKEN]: await token() });

  test('the real SDK reads it', async () => {
    const imds = new MetadataService({ endpoint: url });
    expect(await imds.request('/latest/meta-data/instance-type', {})).toBe('m5.large');
    const document = JSON.parse(
      await imds.request('/latest/dynamic/instance-identity/document', {}),
    );
    expect(document).toMatchObject({ region: 'us-west-2', instanceId: 'i-00000000000000001' });
  });

  const paths = () => [
    { path: 'meta-data/instance-id', body: 'i-00000000000000001' },
    { path: 'meta-data/placement/availability-zone', body: 'us-west-2a' },
    { path: 'meta-data/placement/region', body: 'us-west-2' },
    { path: 'meta-data/local-ipv4', body: '10.0.0.4' },
    { path: 'meta-data/public-ipv4', body: '203.0.113.10' },
    { path: 'meta-data/mac', body: mac },
    { path: 'meta-data/network/interfaces/macs', body: `${mac}/` },
    { path: 'meta-data/network/interfaces/macs/', body: `${mac}/` },
    { path: 'meta-data/network/interfaces/', body: 'macs/' },
    { path: `meta-data/network/interfaces/macs/${mac}/device-number`, body: '0' },
    { path: `meta-data/network/interfaces/macs/${mac}/network-card`, body: '0' },
    {
      path: `meta-data/network/interfaces/macs/${mac}/interface-id`,
      body: 'eni-00000000000000001',
    },
    {
      path: `meta-data/network/interfaces/macs/${mac}/security-group-ids`,
      body: 'sg-00000000000000001',
    },
    {
      path: `meta-data/network/interfaces/macs/${mac}/subnet-ipv4-cidr-block`,
      body: '10.0.0.0/24',
    },
    {
      path: `meta-data/network/interfaces/macs/${mac}/subnet-ipv6-cidr-blocks`,
      body: '2001:db8:0:1::/64',
    },
    {
      path: `meta-data/network/interfaces/macs/${mac}/vpc-ipv4-cidr-blocks`,
      body: '10.0.0.0/16\n100.64.0.0/16',
    },
  ];
  test('every path leads to its text', async () => {
    for (const { path, body } of paths()) {
      expect({ path, ...(await read(path)) }).toEqual({ path, status: 200, body });
    }
  });

  test('what an ENI does not have is a 404, as is anything else', async () => {
    const absent = [
      'ipv4-prefix',
      'ipv6s',
      'ipv6-prefix',
      'vpc-ipv6-cidr-blocks',
      'nonsense',
      'mac/',
    ];
    const eniPaths = absent.map((field) => `meta-data/network/interfaces/macs/${mac}/${field}`);
    const others = ['meta-data/ipv6', 'user-data', '__proto__', 'meta-data/constructor'];
    for (const path of [...eniPaths, ...others]) {
      expect({ path, status: (await read(path)).status }).toEqual({ path, status: 404 });
    }
  });

  test('credentials of a role are there for an SDK without configuration', async () => {
    const { body: role } = await read('meta-data/iam/security-credentials/');
    const { body } = await read(`meta-data/iam/security-credentials/${role}`);
    expect(JSON.parse(body)).toMatchObject({ Code: 'Success', AccessKeyId: expect.any(String) });
  });

  test('without a token, with a forged or an expired one, it is a 401', async () => {
    const good = await token('60');
    expect(await get('/latest/meta-data/mac', { [TOKEN]: good })).toEqual({
      status: 200,
      body: mac,
    });
    expect((await get('/latest/meta-data/mac')).status).toBe(401);
    expect((await get('/latest/meta-data/mac', { [TOKEN]: `x${good}` })).status).toBe(401);
    await clock.advance(60_000);
    expect((await get('/latest/meta-data/mac', { [TOKEN]: good })).status).toBe(401);
  });

  const tokenRequests = [
    { name: 'without a life', headers: {}, status: 400 },
    { name: 'for 0 seconds', headers: { [TTL]: '0' }, status: 400 },
    { name: 'for more than six hours', headers: { [TTL]: '21601' }, status: 400 },
    { name: 'for nonsense', headers: { [TTL]: 'long' }, status: 400 },
    {
      name: 'through a proxy',
      headers: { [TTL]: '60', 'x-forwarded-for': '10.0.0.9' },
      status: 403,
    },
    { name: 'for six hours', headers: { [TTL]: '21600' }, status: 200 },
  ];
  test.each(tokenRequests)('a token $name: $status', async ({ headers, status }) => {
    const response = await fetch(`${url}/latest/api/token`, {
      method: 'PUT',
      headers: headers as never,
    });
    expect(response.status).toBe(status);
  });

  test('an ENI shows when it is in use, with its prefixes', async () => {
    const { ec2, emulator, subnetId } = cloud;
    emulator.knobs.attachDelayMs = 1000;
    const { NetworkInterface: eni } = await ec2.send(
      new CreateNetworkInterfaceCommand({
        SubnetId: subnetId,
        Ipv4PrefixCount: 2,
        Ipv6AddressCount: 1,
      }),
    );
    await ec2.send(
      new AttachNetworkInterfaceCommand({
        NetworkInterfaceId: eni?.NetworkInterfaceId,
        InstanceId: 'i-00000000000000001',
        DeviceIndex: 2,
      }),
    );
    expect((await read('meta-data/network/interfaces/macs/')).body).toBe(`${mac}/`);
    await clock.advance(1000);
    expect((await read('meta-data/network/interfaces/macs/')).body.split('\n')).toHaveLength(2);
    const folder = `meta-data/network/interfaces/macs/${eni?.MacAddress}`;
    expect((await read(`${folder}/ipv4-prefix`)).body).toBe('10.0.0.16/28\n10.0.0.32/28');
    expect((await read(`${folder}/ipv6s`)).body).toBe('2001:db8:0:1::10');
    expect((await read(`${folder}/device-number`)).body).toBe('2');
  });

  test('an ENI for EFA alone has no addresses', async () => {
    const { emulator, subnetId } = cloud;
    emulator.knobs.attachDelayMs = 0;
    const { outside } = emulator;
    const eni = await outside.createEni({ subnetId, interfaceType: 'efa-only' });
    await outside.attachEni(eni.eniId, { instanceId: 'i-00000000000000001', deviceIndex: 2 });
    const folder = `meta-data/network/interfaces/macs/${eni.mac}`;
    expect((await read(`${folder}/interface-id`)).body).toBe(eni.eniId);
    expect((await read(`${folder}/local-ipv4s`)).status).toBe(404);
  });

  test('paths that are hidden are missing, from their folder too', async () => {
    const { knobs } = cloud.emulator;
    const folder = `meta-data/network/interfaces/macs/${mac}/`;
    const seen = async () => {
      const { body } = await read(folder);
      const { status } = await read(`${folder}local-ipv4s`);
      return [body.split('\n').includes('local-ipv4s'), status];
    };
    const path = `network/interfaces/macs/${mac}/local-ipv4s`;
    knobs.hideMetadata(path);
    knobs.hideMetadata('local-ipv4/nothing/below');
    expect(await seen()).toEqual([false, 404]);
    expect((await read('meta-data/local-ipv4')).status).toBe(200);
    knobs.showMetadata(path);
    expect(await seen()).toEqual([true, 200]);
    knobs.hideMetadata(`network/interfaces/macs/${mac}`);
    expect(await read('meta-data/network/interfaces/macs/')).toMatchObject({ body: '' });
  });

  test('notices of the end come when they are announced', async () => {
    const { outside } = cloud.emulator;
    const paths = [
      'spot/instance-action',
      'spot/termination-time',
      'events/recommendations/rebalance',
      'autoscaling/target-lifecycle-state',
    ].map((path) => `meta-data/${path}`);
    for (const path of paths) {
      expect({ path, status: (await read(path)).status }).toEqual({ path, status: 404 });
    }
    outside.announce('i-00000000000000001', {
      spotInterruption: { action: 'terminate', atMs: Date.UTC(2026, 0, 2, 3, 4, 5, 678) },
      rebalanceRecommendedAtMs: Date.UTC(2026, 0, 2),
      targetLifecycleState: 'Terminated',
    });
    const bodies = [];
    for (const path of paths) {
      bodies.push((await read(path)).body);
    }
    expect(bodies).toEqual([
      '{"action":"terminate","time":"2026-01-02T03:04:05Z"}',
      '2026-01-02T03:04:05Z',
      '{"noticeTime":"2026-01-02T00:00:00Z"}',
      'Terminated',
    ]);
    outside.announce('i-00000000000000001', {});
    expect((await read('meta-data/spot/instance-action')).status).toBe(404);
  });

  test('knobs make it slow or failing, and the journal tells', async () => {
    const { emulator } = cloud;
    emulator.knobs.failNext('imds', { code: 'Busy', message: 'busy', status: 503 });
    expect(await get('/latest/meta-data/mac')).toEqual({ status: 503, body: 'busy' });
    expect(emulator.journal.at(-1)).toMatchObject({
      service: 'imds',
      operation: 'GET',
      outcome: '503',
      parameters: { path: '/latest/meta-data/mac', instanceId: 'i-00000000000000001' },
    });
  });
});

describe('metadata by source address', () => {
  test('each instance sees itself, a stranger nothing', async () => {
    const emulator = createEmulator();
    const { vpcId } = emulator.addVpc({ cidr: '127.0.0.0/16' });
    const { subnetId } = emulator.addSubnet({
      vpcId,
      cidr: '127.0.1.0/24',
      availabilityZone: 'us-west-2a',
    });
    const first = await emulator.runInstance({ subnetId, instanceType: 't3.small' });
    const second = await emulator.runInstance({ subnetId, instanceType: 't3.small' });
    const { url } = await emulator.listenImds({ host: '127.0.0.1', port: 0 });
    const ask = async (localAddress: string) => {
      const token = await httpGet(`${url}/latest/api/token`, {
        method: 'PUT',
        localAddress,
        headers: { [TTL]: '60' },
      });
      return httpGet(`${url}/latest/meta-data/instance-id`, {
        method: 'GET',
        localAddress,
        headers: { [TOKEN]: token },
      });
    };
    try {
      expect(await ask(first.primaryAddress)).toBe(first.instanceId);
      expect(await ask(second.primaryAddress)).toBe(second.instanceId);
      expect(await ask('127.0.1.200')).toBe('404 - Not Found');
    } finally {
      await emulator.close();
    }
  });
});

function httpGet(
  url: string,
  options: {
    readonly method: string;
    readonly localAddress: string;
    readonly headers: Record<string, string>;
  },
): Promise<string> {
  return new Promise((resolve, reject) => {
    const call = httpRequest(url, { ...options, agent: false }, (response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        body += chunk;
      });
      response.on('end', () => resolve(body));
    });
    call.on('error', reject);
    call.end();
  });
}
