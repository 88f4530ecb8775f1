import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from '@jest/globals';
import { AddressBook } from '@vpc-cni/ipam';
import { readConfig } from './config.ts';
import { createIntrospectionServer, enisView, introspectionViews } from './introspection.ts';
import { closed } from './listen.ts';

const server = createIntrospectionServer(() => ({
  '/v1/enis': () => ({ eni: 1 }),
  '/v1/eni-configs': () => undefined,
}));

afterEach(() => closed(server));

test('shows a view to who gets it, the list of views elsewhere, and changes nothing', async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const ask = (path: string, method = 'GET') =>
    fetch(`http://127.0.0.1:${port}${path}`, { method });
  expect(await (await ask('/v1/enis')).json()).toEqual({ eni: 1 });
  expect(await (await ask('/')).json()).toEqual({
    AvailableCommands: ['/v1/enis', '/v1/eni-configs'],
  });
  expect((await ask('/v1/eni-configs')).status).toBe(404);
  expect((await ask('/v1/enis', 'DELETE')).status).toBe(405);
});

test('shows settings with the keys and types of the AWS VPC CNI', () => {
  const views = introspectionViews({
    config: readConfig({ WARM_IP_TARGET: '5', AWS_EXTERNAL_SERVICE_CIDRS: '10.9.1.1/16' }),
    book: new AddressBook({ addressCooldownMs: 30_000 }),
    nowMs: () => 0,
    eniConfigName: () => 'us-west-2a',
    explain: () => ({}),
    wiring: () => ({}),
  });
  expect(views['/v1/eni-configs']?.()).toBe('us-west-2a');
  expect(views['/v1/ipamd-env-settings']?.()).toEqual({
    WARM_ENI_TARGET: 1,
    WARM_IP_TARGET: 5,
    MINIMUM_IP_TARGET: 0,
    AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG: false,
    AWS_MANAGE_ENIS_NON_SCHEDULABLE: false,
    ENABLE_SUBNET_DISCOVERY: true,
  });
  expect(views['/v1/networkutils-env-settings']?.()).toEqual({
    AWS_VPC_K8S_CNI_CONNMARK: 128,
    AWS_VPC_K8S_CNI_EXCLUDE_SNAT_CIDRS: null,
    AWS_EXTERNAL_SERVICE_CIDRS: ['10.9.0.0/16'],
    AWS_VPC_K8S_CNI_EXTERNALSNAT: false,
    AWS_VPC_ENI_MTU: 9001,
    AWS_VPC_K8S_CNI_VETHPREFIX: 'eni',
    AWS_VPC_CNI_NODE_PORT_SUPPORT: true,
    AWS_VPC_K8S_CNI_RANDOMIZESNAT: 2,
  });
});

test('shows addresses and prefixes of the pool as the AWS VPC CNI does', () => {
  const book = new AddressBook({ addressCooldownMs: 30_000 });
  book.addEni({
    eniId: 'eni-1',
    deviceNumber: 0,
    networkCardIndex: 0,
    isPrimary: true,
    routeTableId: 254,
    subnetId: 'subnet-1',
    primaryAddress: '10.0.0.4',
    attachedAtMs: 0,
  });
  book.addPrefix('eni-1', '10.0.0.16/28');
  const key = { networkName: 'aws-cni', containerId: 'a', interfaceName: 'eth0' };
  book.reserve(key, { podNamespace: 'shop', podName: 'cart-0', interfacesCount: 1 }, 0);
  book.addAddress('eni-1', '10.0.0.9');
  const held = {
    Address: '10.0.0.16',
    IPAMKey: { networkName: 'aws-cni', containerID: '', ifName: '' },
    IPAMMetadata: { k8sPodNamespace: 'shop', k8sPodName: 'cart-0', interfacesCount: 1 },
    AssignedTime: '1970-01-01T00:00:00.000Z',
    UnassignedTime: '0001-01-01T00:00:00Z',
  };
  expect(enisView(book, 0)).toEqual({
    '0': {
      TotalIPs: 17,
      AssignedIPs: 1,
      ENIs: {
        'eni-1': {
          ID: 'eni-1',
          IsPrimary: true,
          IsTrunk: false,
          IsEFA: false,
          DeviceNumber: 0,
          IPv6Cidrs: {},
          IsExcludedForPodIPs: false,
          RouteTableID: 254,
          SubnetID: 'subnet-1',
          AvailableIPv4Cidrs: {
            '10.0.0.9/32': {
              Cidr: { IP: '10.0.0.9', Mask: '/////w==' },
              IPAddresses: {},
              IsPrefix: false,
              AddressFamily: '',
            },
            '10.0.0.16/28': {
              Cidr: { IP: '10.0.0.16', Mask: '////8A==' },
              IPAddresses: { '10.0.0.16': held },
              IsPrefix: true,
              AddressFamily: '',
            },
          },
        },
      },
    },
  });
});

test('shows each network card by itself, card 0 even when it has nothing', () => {
  const book = new AddressBook({ addressCooldownMs: 30_000 });
  book.addEni({
    eniId: 'eni-2',
    deviceNumber: 1,
    networkCardIndex: 1,
    isPrimary: false,
    routeTableId: 10_101,
    subnetId: 'subnet-1',
    primaryAddress: '10.0.0.5',
    attachedAtMs: 0,
  });
  book.addAddress('eni-2', '10.0.0.9');
  expect(enisView(book, 0)).toMatchObject({
    '0': { TotalIPs: 0, AssignedIPs: 0, ENIs: {} },
    '1': { TotalIPs: 1, AssignedIPs: 0, ENIs: { 'eni-2': { RouteTableID: 10_101 } } },
  });
});
