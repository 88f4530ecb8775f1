import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type IpAddress, type IpCidr, ipText } from '../ip.ts';
import { addressFromMessage, addressMessage, addressText, type LinkAddress } from './address.ts';
import { linkFromMessage, newDummy, newVlan } from './link.ts';
import { type Route, routeFromMessage, routeMessage, routeText } from './route.ts';
import { type Rule, ruleFromMessage, ruleMessage, ruleText } from './rule.ts';

const bytesOf = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
const u32 = fc.nat(0xffffffff);
const linkName = fc.stringMatching(/^[a-z][a-z0-9.]{0,14}$/);

describe.each([
  { name: 'IPv4', length: 4 },
  { name: 'IPv6', length: 16 },
])('what is said of $name comes back', ({ length }) => {
  const address: fc.Arbitrary<IpAddress> = bytesOf(length).map(ipText);
  const cidr: fc.Arbitrary<IpCidr> = fc
    .tuple(address, fc.integer({ min: 1, max: length * 8 }))
    .map(([text, prefixLength]): IpCidr => `${text}/${prefixLength}`);
  const anyPrefix = fc.oneof(
    address,
    cidr.filter((text) => !text.endsWith(`/${length * 8}`)),
  );

  test('for rules', () => {
    const rules: fc.Arbitrary<Rule> = fc.record(
      {
        priority: u32,
        from: anyPrefix,
        to: anyPrefix,
        inputLinkName: linkName,
        mark: u32,
        ipProtocol: fc.nat(255),
        tableId: fc.integer({ min: 1, max: 0xffffffff }),
      },
      { requiredKeys: ['priority', 'from', 'tableId'] },
    );
    fc.assert(
      fc.property(rules, (rule) => expect(ruleFromMessage(ruleMessage(rule))).toEqual(rule)),
    );
  });

  test('for routes', () => {
    const routes: fc.Arbitrary<Route> = fc.record(
      {
        destination: cidr,
        via: address,
        tableId: u32,
        scope: fc.constantFrom('global' as const, 'link' as const),
        preferredSource: address,
        metric: fc.integer({ min: 1, max: 1000 }),
      },
      { requiredKeys: ['destination', 'tableId', 'scope'] },
    );
    fc.assert(
      fc.property(routes, (route) => {
        // An IPv6 route without metric gets the kernel's, which stays unsaid.
        const message = routeMessage(route, 3);
        const answer = length === 16 ? { metric: 1024, ...message } : message;
        expect(routeFromMessage(answer, undefined)).toEqual(route);
      }),
    );
  });

  test('for addresses', () => {
    const addresses: fc.Arbitrary<LinkAddress> = fc.record({
      address,
      prefixLength: fc.integer({ min: 0, max: length * 8 }),
      scope: fc.constantFrom('global' as const, 'link' as const, 'host' as const),
      linkName: fc.constant(''),
    });
    fc.assert(
      fc.property(addresses, (linkAddress) =>
        expect(addressFromMessage(addressMessage(linkAddress, 3))).toEqual(linkAddress),
      ),
    );
  });
});

describe('the family', () => {
  const everything = { priority: 20, tableId: 255 } as const;

  test('of a rule for everything is said, and comes back', () => {
    const rule: Rule = { family: 'ipv6', ...everything };
    expect(ruleMessage(rule).family).toBe(10);
    expect(ruleFromMessage(ruleMessage(rule))).toEqual(rule);
    expect(ruleFromMessage(ruleMessage(everything))).toEqual(everything);
  });

  test('of a default route is that of its gateway, or said', () => {
    const viaRouter: Route = {
      destination: 'default',
      via: 'fe80::1',
      tableId: 2,
      scope: 'global',
    };
    expect(routeMessage(viaRouter, 3).family).toBe(10);
    expect(routeMessage({ ...viaRouter, via: '10.0.0.1' }, 3).family).toBe(2);
    const { via: _, ...onLink } = viaRouter;
    expect(routeMessage({ ...onLink, family: 'ipv6' }, 3).family).toBe(10);
  });
});

// In the words of iproute2 6.1.
test.each([
  {
    text: routeText({
      destination: '2600:1f13::7/128',
      linkName: 'eni1',
      tableId: 254,
      scope: 'link',
    }),
    words: '2600:1f13::7 dev eni1',
  },
  {
    text: routeText({
      destination: 'default',
      via: 'fe80::1',
      linkName: 'eth0',
      tableId: 254,
      scope: 'global',
      metric: 7,
    }),
    words: 'default via fe80::1 dev eth0 metric 7',
  },
  {
    text: ruleText({ priority: 0, from: 'fe80:ec2::1', ipProtocol: 58, tableId: 255 }),
    words: '0: from fe80:ec2::1 ipproto ipv6-icmp lookup local',
  },
  {
    text: addressText({
      address: '2600:1f13::7',
      prefixLength: 128,
      scope: 'global',
      linkName: 'eth0',
      skipsDad: true,
    }),
    words: 'inet6 2600:1f13::7/128 scope global nodad',
  },
])('$words', ({ text, words }) => {
  expect(text).toBe(words);
});

describe('a new link', () => {
  test('on a VLAN names its parent and id', () => {
    const vlan = { name: 'vlan.eth.7', isUp: false, parentIndex: 3, vlanId: 7 } as const;
    expect(linkFromMessage(newVlan(vlan))).toMatchObject({
      name: 'vlan.eth.7',
      kind: 'vlan',
      parentIndex: 3,
      vlanId: 7,
    });
  });

  test.each([0, 4095, 1.5, Number.NaN])('with the VLAN id %p is refused', (vlanId) => {
    const link = { name: 'v', isUp: false, parentIndex: 3, vlanId };
    expect(() => newVlan(link)).toThrow(TypeError);
  });

  test('that is a dummy may be up at once, with a MAC of its own', () => {
    const link = newDummy({ name: 'd', isUp: true, mac: '02:00:00:00:00:01' });
    expect(linkFromMessage(link)).toMatchObject({
      kind: 'dummy',
      isUp: true,
      mac: '02:00:00:00:00:01',
    });
  });
});
