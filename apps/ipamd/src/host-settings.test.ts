import { expect, test } from '@jest/globals';
import type { InstanceFacts } from '@vpc-cni/imds';
import { readConfig } from './config.ts';
import { hostSettings } from './host-settings.ts';

const instance: InstanceFacts = {
  instanceId: 'i-1',
  instanceType: 'm5.large',
  availabilityZone: 'eu-central-1a',
  region: 'eu-central-1',
  primaryMac: '02:00:00:00:00:01',
  primaryEniId: 'eni-1',
  primaryAddress: '10.0.0.4',
  subnetId: 'subnet-1',
  vpcId: 'vpc-1',
};
const dualStack: InstanceFacts = { ...instance, primaryIpv6Address: '2001:db8::4' };
const IPV6 = { ENABLE_IPv6: 'true', ENABLE_PREFIX_DELEGATION: 'true' };

const addressOf = (environment: Readonly<Record<string, string>>, facts: InstanceFacts) =>
  hostSettings(readConfig(environment), facts, { vpcCidrs: ['10.0.0.0/16'] }).primaryAddress;

test('the node is wired in the family of its pods', () => {
  expect(addressOf({ ENABLE_IPv4: 'true' }, dualStack)).toBe('10.0.0.4');
  expect(addressOf(IPV6, dualStack)).toBe('2001:db8::4');
});

test('a node without an IPv6 address of its own cannot have pods with one', () => {
  expect(() => addressOf(IPV6, instance)).toThrow(/eni-1 has no IPv6 address: start the node in/);
});
