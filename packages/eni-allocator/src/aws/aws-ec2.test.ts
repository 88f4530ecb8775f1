import type { ServerResponse } from 'node:http';
import { afterEach, describe, expect, test } from '@jest/globals';
import type { Ec2NetworkPort } from '../ports.ts';
import { createAwsEc2 } from './aws-ec2.ts';
import { type Ec2Stub, type Reply, refuses, says, startEc2Stub } from './ec2-stub.ts';

const credentials = { accessKeyId: 'AKID', secretAccessKey: 'secret' };
let stub: Ec2Stub | undefined;

afterEach(async () => {
  await stub?.close();
  stub = undefined;
});

const portAgainst = (...replies: Reply[]) => portWithin(5_000, ...replies);

async function portWithin(timeoutMs: number, ...replies: Reply[]) {
  stub = await startEc2Stub(...replies);
  const port = createAwsEc2({
    region: 'eu-central-1',
    endpoint: stub.url,
    credentials,
    timeoutMs,
  });
  return { port, requests: stub.requests };
}

const ENI_XML = `
  <networkInterfaceId>eni-1</networkInterfaceId>
  <subnetId>subnet-1</subnetId>
  <description>aws-K8S-i-1</description>
  <macAddress>0A:58:0a:00:00:05</macAddress>
  <privateIpAddress>10.0.0.5</privateIpAddress>
  <status>in-use</status>
  <attachment>
    <attachmentId>eni-attach-1</attachmentId><instanceId>i-1</instanceId>
    <deviceIndex>2</deviceIndex><status>detaching</status>
  </attachment>
  <interfaceType>interface</interfaceType>
  <groupSet><item><groupId>sg-2</groupId></item><item><groupId>sg-1</groupId></item></groupSet>
  <connectionTrackingConfiguration>
    <tcpEstablishedTimeout>400</tcpEstablishedTimeout>
  </connectionTrackingConfiguration>
  <tagSet><item><key>team</key><value>net</value></item></tagSet>
  <privateIpAddressesSet>
    <item><privateIpAddress>10.0.0.9</privateIpAddress><primary>false</primary></item>
    <item><privateIpAddress>10.0.0.5</privateIpAddress><primary>true</primary></item>
    <item><privateIpAddress>10.0.0.7</privateIpAddress><primary>false</primary></item>
  </privateIpAddressesSet>
  <ipv4PrefixSet><item><ipv4Prefix>10.0.1.16/28</ipv4Prefix></item></ipv4PrefixSet>
  <ipv6AddressesSet><item><ipv6Address>2001:db8::5</ipv6Address></item></ipv6AddressesSet>
  <ipv6PrefixSet><item><ipv6Prefix>2001:db8:0:0:5::/80</ipv6Prefix></item></ipv6PrefixSet>`;

test.each([
  { product: { name: 'amazon-vpc-cni-k8s', version: 'v1.2.3' }, named: true },
  { product: undefined, named: false },
])('the user agent names the product $product', async ({ product, named }) => {
  stub = await startEc2Stub(says('DeleteNetworkInterface', '<return>true</return>'));
  const port = createAwsEc2({ region: 'eu-central-1', endpoint: stub.url, credentials, product });
  await port.deleteEni('eni-1');
  expect(stub.userAgents.map((text) => text?.includes('amazon-vpc-cni-k8s/v1.2.3'))).toEqual([
    named,
  ]);
});

describe('what createAwsEc2 sends', () => {
  test('createEni', async () => {
    const xml = `<networkInterface>${ENI_XML}</networkInterface>`;
    const { port, requests } = await portAgainst(says('CreateNetworkInterface', xml));
    await port.createEni({
      subnetId: 'subnet-1',
      securityGroupIds: ['sg-1', 'sg-2'],
      secondaryAddressCount: 9,
      prefixCount: 0,
      description: 'aws-K8S-i-1',
      tags: { a: '1' },
      clientToken: 'token-1',
    });
    expect(requests).toEqual([
      {
        Action: 'CreateNetworkInterface',
        Version: '2016-11-15',
        SubnetId: 'subnet-1',
        'SecurityGroupId.1': 'sg-1',
        'SecurityGroupId.2': 'sg-2',
        SecondaryPrivateIpAddressCount: '9',
        Description: 'aws-K8S-i-1',
        'TagSpecification.1.ResourceType': 'network-interface',
        'TagSpecification.1.Tag.1.Key': 'a',
        'TagSpecification.1.Tag.1.Value': '1',
        ClientToken: 'token-1',
      },
    ]);
  });

  test('createEni with prefixes names no count of addresses', async () => {
    const xml = `<networkInterface>${ENI_XML}</networkInterface>`;
    const { port, requests } = await portAgainst(says('CreateNetworkInterface', xml));
    await port.createEni({
      subnetId: 'subnet-1',
      securityGroupIds: [],
      secondaryAddressCount: 0,
      prefixCount: 3,
      connectionTracking: { tcpEstablishedSeconds: 400, udpSeconds: 45 },
      description: '',
      tags: {},
      clientToken: 'token-1',
    });
    expect(requests[0]).toMatchObject({
      Ipv4PrefixCount: '3',
      'ConnectionTrackingSpecification.TcpEstablishedTimeout': '400',
      'ConnectionTrackingSpecification.UdpTimeout': '45',
    });
    expect(requests[0]).not.toHaveProperty('SecondaryPrivateIpAddressCount');
  });

  test('assignPrefixes and unassignPrefixes', async () => {
    const { port, requests } = await portAgainst(
      says(
        'AssignPrivateIpAddresses',
        `<assignedIpv4PrefixSet><item><ipv4Prefix>10.0.1.16/28</ipv4Prefix></item></assignedIpv4PrefixSet>`,
      ),
      says('UnassignPrivateIpAddresses', '<return>true</return>'),
    );
    const eniId = 'eni-1';
    const prefixes = await port.assignPrefixes({ eniId, count: 1 });
    expect(prefixes).toEqual(['10.0.1.16/28']);
    await port.unassignPrefixes({ eniId, prefixes });
    const common = { Version: '2016-11-15', NetworkInterfaceId: eniId };
    expect(requests).toEqual([
      { ...common, Action: 'AssignPrivateIpAddresses', Ipv4PrefixCount: '1' },
      { ...common, Action: 'UnassignPrivateIpAddresses', 'Ipv4Prefix.1': '10.0.1.16/28' },
    ]);
  });

  test('assignIpv6Prefixes and unassignIpv6Prefixes', async () => {
    const { port, requests } = await portAgainst(
      says(
        'AssignIpv6Addresses',
        '<assignedIpv6PrefixSet><item>2001:db8:0:1:5::/80</item></assignedIpv6PrefixSet>',
      ),
      says('UnassignIpv6Addresses', '<networkInterfaceId>eni-1</networkInterfaceId>'),
    );
    const eniId = 'eni-1';
    const prefixes = await port.assignIpv6Prefixes({ eniId, count: 1 });
    expect(prefixes).toEqual(['2001:db8:0:1:5::/80']);
    await port.unassignIpv6Prefixes({ eniId, prefixes });
    const common = { Version: '2016-11-15', NetworkInterfaceId: eniId };
    expect(requests).toEqual([
      { ...common, Action: 'AssignIpv6Addresses', Ipv6PrefixCount: '1' },
      { ...common, Action: 'UnassignIpv6Addresses', 'Ipv6Prefix.1': '2001:db8:0:1:5::/80' },
    ]);
  });

  test('setSecurityGroups', async () => {
    const { port, requests } = await portAgainst(
      says('ModifyNetworkInterfaceAttribute', '<return>true</return>'),
    );
    await port.setSecurityGroups({ eniId: 'eni-1', securityGroupIds: ['sg-1', 'sg-2'] });
    expect(requests).toEqual([
      {
        Action: 'ModifyNetworkInterfaceAttribute',
        Version: '2016-11-15',
        NetworkInterfaceId: 'eni-1',
        'SecurityGroupId.1': 'sg-1',
        'SecurityGroupId.2': 'sg-2',
      },
    ]);
  });

  test('attachEni names the network card even when it is 0', async () => {
    const xml = '<attachmentId>eni-attach-1</attachmentId>';
    const { port, requests } = await portAgainst(says('AttachNetworkInterface', xml));
    const slot = { deviceNumber: 1, networkCardIndex: 0 };
    const outcome = await port.attachEni({ eniId: 'eni-1', instanceId: 'i-1', ...slot });
    expect(outcome).toEqual({ kind: 'attached', attachmentId: 'eni-attach-1' });
    expect(requests[0]).toMatchObject({ DeviceIndex: '1', NetworkCardIndex: '0' });
  });

  test('describeEnis by id: filters of 200, all pages', async () => {
    const page = (token: string) =>
      says('DescribeNetworkInterfaces', `<networkInterfaceSet/>${token}`);
    const { port, requests } = await portAgainst(
      page('<nextToken>more</nextToken>'),
      page(''),
      page(''),
    );
    const eniIds = Array.from({ length: 201 }, (_, n) => `eni-${n}` as const);
    await port.describeEnis({ eniIds });
    expect(requests).toHaveLength(3);
    expect(requests[0]).toMatchObject({
      'Filter.1.Name': 'network-interface-id',
      'Filter.1.Value.200': 'eni-199',
    });
    expect(requests[1]).toMatchObject({ NextToken: 'more' });
    expect(requests[2]).toMatchObject({ 'Filter.1.Value.1': 'eni-200' });
  });

  test('describeEnis by tag takes values literally', async () => {
    const { port, requests } = await portAgainst(says('DescribeNetworkInterfaces', ''));
    await port.describeEnis({ status: 'available', tags: { 'k/x': 'a*b\\c' } });
    expect(requests[0]).toMatchObject({
      'Filter.1.Name': 'status',
      'Filter.1.Value.1': 'available',
      'Filter.2.Name': 'tag:k/x',
      'Filter.2.Value.1': 'a\\*b\\\\c',
    });
  });
});

describe('what createAwsEc2 understands', () => {
  test('an ENI, with its addresses, attachment and tags', async () => {
    const xml = `<networkInterfaceSet><item>${ENI_XML}</item></networkInterfaceSet>`;
    const { port } = await portAgainst(says('DescribeNetworkInterfaces', xml));
    expect(await port.describeEnis({ eniIds: ['eni-1'] })).toEqual([
      {
        eniId: 'eni-1',
        mac: '0a:58:0a:00:00:05',
        subnetId: 'subnet-1',
        primaryAddress: '10.0.0.5',
        secondaryAddresses: ['10.0.0.9', '10.0.0.7'],
        prefixes: ['10.0.1.16/28'],
        ipv6Addresses: ['2001:db8::5'],
        ipv6Prefixes: ['2001:db8:0:0:5::/80'],
        securityGroupIds: ['sg-2', 'sg-1'],
        interfaceType: 'interface',
        connectionTracking: { tcpEstablishedSeconds: 400 },
        status: 'detaching',
        description: 'aws-K8S-i-1',
        tags: { team: 'net' },
        attachmentId: 'eni-attach-1',
        instanceId: 'i-1',
        deviceNumber: 2,
        networkCardIndex: 0,
      },
    ]);
  });

  test('the limits of the default network card, not of all cards together', async () => {
    const card = (index: number, enis: number) =>
      `<item><networkCardIndex>${index}</networkCardIndex><maximumNetworkInterfaces>${enis}</maximumNetworkInterfaces></item>`;
    const { port } = await portAgainst(
      says(
        'DescribeInstanceTypes',
        `<instanceTypeSet><item><instanceType>p5.48xlarge</instanceType><networkInfo>
          <maximumNetworkInterfaces>64</maximumNetworkInterfaces>
          <ipv4AddressesPerInterface>50</ipv4AddressesPerInterface>
          <defaultNetworkCardIndex>0</defaultNetworkCardIndex>
          <networkCards>${card(0, 2)}${card(1, 2)}</networkCards>
        </networkInfo></item></instanceTypeSet>`,
      ),
    );
    expect(await port.describeInstanceLimits('p5.48xlarge')).toEqual({
      maxEnis: 2,
      addressesPerEni: 50,
      networkCards: [
        { networkCardIndex: 0, maxEnis: 2 },
        { networkCardIndex: 1, maxEnis: 2 },
      ],
    });
  });

  const slot = { deviceNumber: 1, networkCardIndex: 0 };
  const outcomes = [
    {
      name: 'a taken device number',
      reply: refuses(
        400,
        'InvalidParameterValue',
        "Instance 'i-1' already has an interface attached at device index '1'.",
      ),
      ask: (port: Ec2NetworkPort) => port.attachEni({ eniId: 'eni-1', instanceId: 'i-1', ...slot }),
      outcome: { kind: 'device-number-taken' },
    },
    {
      name: 'an ENI that is attached already',
      reply: refuses(400, 'InvalidNetworkInterface.InUse', 'Interface: [eni-1] in use.'),
      ask: (port: Ec2NetworkPort) => port.attachEni({ eniId: 'eni-1', instanceId: 'i-1', ...slot }),
      outcome: { kind: 'eni-in-use' },
    },
    {
      name: 'an attachment that is gone',
      reply: refuses(400, 'InvalidAttachmentID.NotFound', 'It does not exist.'),
      ask: (port: Ec2NetworkPort) =>
        port.detachEni({ eniId: 'eni-1', attachmentId: 'eni-attach-1' }),
      outcome: 'not-attached',
    },
    {
      name: 'an attachment that is changing',
      reply: refuses(400, 'IncorrectState', 'It is attaching.'),
      ask: (port: Ec2NetworkPort) =>
        port.detachEni({ eniId: 'eni-1', attachmentId: 'eni-attach-1' }),
      outcome: 'busy',
    },
    {
      name: 'a deletion of nothing',
      reply: refuses(400, 'InvalidNetworkInterfaceID.NotFound', 'It does not exist.'),
      ask: (port: Ec2NetworkPort) => port.deleteEni('eni-1'),
      outcome: 'not-found',
    },
    {
      name: 'a deletion of something in use',
      reply: refuses(
        400,
        'InvalidParameterValue',
        "Network interface 'eni-1' is currently in use.",
      ),
      ask: (port: Ec2NetworkPort) => port.deleteEni('eni-1'),
      outcome: 'in-use',
    },
  ];

  test.each(outcomes)('$name as an outcome', async ({ reply, ask, outcome }) => {
    const { port } = await portAgainst(reply);
    expect(await ask(port)).toEqual(outcome);
  });
});

describe('how createAwsEc2 fails', () => {
  const cases = [
    {
      name: 'throttled',
      reply: refuses(503, 'RequestLimitExceeded', 'Request limit exceeded.'),
      code: 'throttled',
    },
    {
      name: 'address-limit-reached',
      reply: refuses(
        400,
        'PrivateIpAddressLimitExceeded',
        'Number of private addresses will exceed limit.',
      ),
      code: 'address-limit-reached',
    },
    {
      name: 'unreachable, for a failing server',
      reply: refuses(500, 'InternalError', 'An internal error has occurred'),
      code: 'unreachable',
    },
    {
      name: 'unreachable, for a proxy that speaks for EC2',
      reply: (response: ServerResponse) => {
        response.writeHead(502, { 'content-type': 'text/html' });
        response.end('<html><body>Bad gateway<br></body></html>');
      },
      code: 'unreachable',
    },
    {
      name: 'unreachable, for a cut connection',
      reply: (response: ServerResponse) => response.destroy(),
      code: 'unreachable',
    },
    {
      name: 'unreachable, for silence',
      reply: () => {},
      timeoutMs: 50,
      code: 'unreachable',
    },
    {
      name: 'unreachable, for an answer that stops half-way',
      reply: (response: ServerResponse) => {
        response.write('<AssignPrivateIpAddressesResponse>');
      },
      timeoutMs: 50,
      code: 'unreachable',
    },
    {
      name: 'unexpected, for an answer without what was asked for',
      reply: says('AssignPrivateIpAddresses', '<return>true</return>'),
      code: 'unexpected',
    },
    {
      name: 'unexpected, for nonsense',
      reply: (response: ServerResponse) => {
        response.end('{"hello": "world"}');
      },
      code: 'unexpected',
    },
  ];

  test.each(cases)('$name, after one request', async ({ reply, timeoutMs = 5_000, code }) => {
    const { port, requests } = await portWithin(timeoutMs, reply);
    await expect(port.assignAddresses({ eniId: 'eni-1', count: 2 })).rejects.toMatchObject({
      name: 'EniAllocatorError',
      code,
      facts: { eniId: 'eni-1', count: 2, action: 'AssignPrivateIpAddresses' },
    });
    expect(requests).toHaveLength(1);
  });

  test('unreachable, for nobody at home', async () => {
    const { port } = await portAgainst(() => {});
    await stub?.close();
    stub = undefined;
    await expect(port.deleteEni('eni-1')).rejects.toMatchObject({
      code: 'unreachable',
      message: expect.stringContaining(
        'deleting eni-1 (ec2:DeleteNetworkInterface): connect ECONNREFUSED 127.0.0.1',
      ),
    });
  });

  test('not-permitted, without credentials', async () => {
    const port = createAwsEc2({
      region: 'eu-central-1',
      credentials: async () => {
        throw Object.assign(new Error('Could not load credentials from any providers'), {
          name: 'CredentialsProviderError',
        });
      },
    });
    await expect(port.deleteEni('eni-1')).rejects.toMatchObject({ code: 'not-permitted' });
  });

  test('with the reason of the caller, when aborted', async () => {
    const controller = new AbortController();
    const { port } = await portAgainst(() => controller.abort(new Error('shutting down')));
    const { signal } = controller;
    await expect(port.deleteEni('eni-1', { signal })).rejects.toThrow('shutting down');
    await expect(port.deleteEni('eni-1', { signal })).rejects.toThrow('shutting down');
    expect(stub?.requests).toHaveLength(1);
  });
});
