import { expect, test } from '@jest/globals';
import { readPodEni } from '@vpc-cni/kubernetes';
import { placeOfPodEni } from './place-of-pod-eni.ts';

const entry = {
  eniId: 'eni-0123456789abcdef0',
  ifAddress: '02:7F:DE:AD:BE:EF',
  privateIp: '10.0.42.5',
  ipv6Addr: '2600:1f14::5',
  vlanId: 7,
  subnetCidr: '10.0.32.0/19',
  subnetV6Cidr: '2600:1f14::/64',
};
const eniOf = (change: object) => readPodEni(JSON.stringify([{ ...entry, ...change }]));

test.each([
  { family: 'ipv4', address: '10.0.42.5', router: '10.0.32.1' },
  { family: 'ipv6', address: '2600:1f14::5', router: 'fe80:ec2::1' },
] as const)('an $family pod has $address, and leaves by $router', ({ family, ...expected }) => {
  expect(placeOfPodEni(eniOf({}), family)).toEqual({
    ...expected,
    vlanId: 7,
    mac: '02:7f:de:ad:be:ef',
  });
});

test.each([
  { what: 'no address', change: { privateIp: '' }, complaint: 'no ipv4 address' },
  { what: 'no subnet', change: { subnetCidr: undefined }, complaint: 'no ipv4 subnet' },
  { what: 'a subnet that is none', change: { subnetCidr: '10.0.32/19' }, complaint: '10.0.32/19' },
])('an annotation with $what is refused', ({ change, complaint }) => {
  expect(() => placeOfPodEni(eniOf(change), 'ipv4')).toThrow(complaint);
});
