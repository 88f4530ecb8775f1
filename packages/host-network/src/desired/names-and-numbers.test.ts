import { describe, expect, test } from '@jest/globals';
import { deriveMtus } from './derive-mtus.ts';
import { hostLinkName } from './host-link-name.ts';
import { routeTableId } from './route-table-id.ts';

describe('hostLinkName', () => {
  // plugin-and-host-network §3.1
  test.each([
    {
      podNamespace: 'kube-system',
      podName: 'coredns-57ff979f67-qqbdh',
      index: 0,
      name: 'enib5faff8a083',
    },
    {
      podNamespace: 'kube-system',
      podName: 'coredns-57ff979f67-8ns9b',
      index: 0,
      name: 'eni9571956a6cc',
    },
    { podNamespace: 'default', podName: 'sample-pod', index: 0, name: 'enicc21c2d7785' },
    { podNamespace: 'default', podName: 'sample-pod', index: 1, name: 'enia0b7655f3c9' },
    { podNamespace: 'default', podName: 'sg-pod', index: 0, name: 'eni23145df91e4' },
    { podNamespace: '', podName: '', index: 0, name: 'eni3a52ce78095' },
    { podNamespace: '', podName: '', index: 1, name: 'enice799470a46' },
  ])('is $name for $podNamespace/$podName/$index', ({ podNamespace, podName, index, name }) => {
    expect(hostLinkName({ prefix: 'eni', podNamespace, podName, index })).toBe(name);
  });

  test('means the first interface when none is given', () => {
    const pod = { prefix: 'eni', podNamespace: 'default', podName: 'sample-pod' };
    expect(hostLinkName(pod)).toBe('enicc21c2d7785');
  });
});

describe('routeTableId', () => {
  // plugin-and-host-network §0.4
  test.each([
    { networkCardIndex: 0, deviceNumber: 0, table: 254 },
    { networkCardIndex: 0, deviceNumber: 1, table: 2 },
    { networkCardIndex: 0, deviceNumber: 14, table: 15 },
    { networkCardIndex: 1, deviceNumber: 0, table: 10_100 },
    { networkCardIndex: 1, deviceNumber: 1, table: 10_101 },
    { networkCardIndex: 2, deviceNumber: 3, table: 10_203 },
  ])('is $table for card $networkCardIndex, device $deviceNumber', ({ table, ...place }) => {
    expect(routeTableId(place)).toBe(table);
  });
});

describe('deriveMtus', () => {
  test.each([
    { wanted: {}, mtus: { eniMtuBytes: 9001, podMtuBytes: 9001 } },
    { wanted: { eniMtuBytes: 1500 }, mtus: { eniMtuBytes: 1500, podMtuBytes: 1500 } },
    { wanted: { podMtuBytes: 1450 }, mtus: { eniMtuBytes: 9001, podMtuBytes: 1450 } },
    {
      wanted: { eniMtuBytes: 1500, podMtuBytes: 9001 },
      mtus: { eniMtuBytes: 1500, podMtuBytes: 1500 },
    },
    {
      wanted: { eniMtuBytes: 1280, family: 'ipv6' },
      mtus: { eniMtuBytes: 1280, podMtuBytes: 1280 },
    },
  ] as const)('makes $mtus of $wanted', ({ wanted, mtus }) => {
    expect(deriveMtus(wanted)).toEqual(mtus);
  });

  test.each([
    { eniMtuBytes: 575 },
    { eniMtuBytes: 9002 },
    { podMtuBytes: 1500.5 },
    { eniMtuBytes: 1279, family: 'ipv6' },
  ] as const)('refuses %j', (wanted) => {
    expect(() => deriveMtus(wanted)).toThrow(/MtuBytes must be/);
  });
});
