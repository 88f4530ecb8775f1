import { expect, test } from '@jest/globals';
import {
  gatewayScript,
  hopLimitScript,
  privateSubnetScript,
  publicMappingScript,
} from './nft-script.ts';

const statements = (script: string) =>
  script
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');

test('only metadata replies are limited, to each of the hop limits that EC2 knows', () => {
  const script = statements(hopLimitScript());
  expect(script.filter((line) => line.includes('ttl set'))).toHaveLength(64);
  expect(script).toContain('meta oifgroup 1001 ip ttl set 1');
  expect(script).toContain('meta oifgroup 1064 ip ttl set 64');
  expect(script).toContain('ip saddr 169.254.169.254 jump hop-limits');
});

test('the gateway judges packets on public addresses, of which the NAT gateway is always one', () => {
  const script = statements(
    gatewayScript({ internetLink: 'internet', natGatewayAddress: '203.0.113.254' }),
  );
  expect(script).toContain('set live { type ipv4_addr; elements = { 203.0.113.254 }; }');
  expect(script).toContain('iifname "internet" ip daddr != @live drop');
  expect(script).toContain('oifname "internet" ip saddr != @live drop');
});

test('the NAT gateway comes before a private node can use a public address', () => {
  const script = gatewayScript({ internetLink: 'internet', natGatewayAddress: '203.0.113.254' });
  expect(script.indexOf('@private-subnets snat to 203.0.113.254')).toBeGreaterThan(0);
  expect(script.indexOf('@private-subnets snat')).toBeLessThan(script.indexOf('map @public-of'));
});

test('a private subnet is one element', () => {
  expect(privateSubnetScript('10.0.2.0/24')).toBe(
    'add element ip vpc-gateway private-subnets { 10.0.2.0/24 }',
  );
});

test.each(['add', 'delete'] as const)('a mapping is %s-ed both ways at once', (verb) => {
  const mapping = { privateAddress: '10.0.1.10', publicAddress: '203.0.113.7' };
  expect(statements(publicMappingScript(verb, mapping))).toEqual([
    `${verb} element ip vpc-gateway public-of { 10.0.1.10 : 203.0.113.7 }`,
    `${verb} element ip vpc-gateway private-of { 203.0.113.7 : 10.0.1.10 }`,
    `${verb} element ip vpc-gateway live { 203.0.113.7 }`,
  ]);
});
