import { expect, test } from '@jest/globals';
import { subnetRole } from './subnet-role.ts';

const ROLE = 'kubernetes.io/role/cni';
const MY = { 'cni.networking.k8s.aws/cluster/my': '1' };
const OTHER = { 'cni.networking.k8s.aws/cluster/other': '1' };
const primary = 'subnet-primary';
const second = 'subnet-second';

// Reference: the validity and exclusion tables of subnet discovery.
const cases = [
  { subnetId: primary, tags: {}, role: 'usable' },
  { subnetId: primary, tags: { ...OTHER }, role: 'usable' },
  { subnetId: primary, tags: { [ROLE]: '', ...OTHER }, role: 'usable' },
  { subnetId: primary, tags: { [ROLE]: '0' }, role: 'excluded' },
  { subnetId: primary, tags: { [ROLE]: '0', ...MY }, role: 'excluded' },
  { subnetId: primary, tags: { [ROLE]: '1', ...MY }, role: 'usable' },
  { subnetId: primary, tags: { [ROLE]: '1', ...OTHER }, role: 'excluded' },
  { subnetId: second, tags: {}, role: 'untagged' },
  { subnetId: second, tags: { [ROLE]: '' }, role: 'untagged' },
  { subnetId: second, tags: { ...MY }, role: 'untagged' },
  { subnetId: second, tags: { 'kubernetes.io/cluster/my': 'owned' }, role: 'untagged' },
  { subnetId: second, tags: { [ROLE]: '1' }, role: 'usable' },
  { subnetId: second, tags: { [ROLE]: 'true' }, role: 'usable' },
  { subnetId: second, tags: { [ROLE]: '1', ...OTHER }, role: 'excluded' },
  { subnetId: second, tags: { [ROLE]: '1', ...MY, ...OTHER }, role: 'usable' },
  { subnetId: second, tags: { [ROLE]: '0', ...MY }, role: 'excluded' },
] as const;

test.each(cases)('$subnetId with $tags is $role', ({ subnetId, tags, role }) => {
  const node = { primarySubnetId: primary, clusterName: 'my' } as const;
  expect(subnetRole({ subnetId, tags }, node)).toBe(role);
});

test.each([undefined, ''])(
  'without a cluster name (%p) cluster tags do not matter',
  (clusterName) => {
    const subnet = { subnetId: second, tags: { [ROLE]: '1', ...OTHER } } as const;
    expect(subnetRole(subnet, { primarySubnetId: primary, clusterName })).toBe('usable');
  },
);
