import { describe, expect, test } from '@jest/globals';
import { routeText } from '../netlink/route.ts';
import { describeEni } from './describe-eni.ts';
import { describeHost } from './describe-host.ts';
import { describePod } from './describe-pod.ts';
import { eniMark } from './eni-mark.ts';
import { explain } from './explain.ts';
import type { HostSettings, PodAttachment } from './settings.ts';

const pod: PodAttachment = {
  netnsPath: '/run/netns/a',
  podLinkName: 'eth0',
  hostLinkName: 'enib5faff8a083',
  address: '10.0.40.77',
  routeTableId: 254,
  mtuBytes: 9001,
};

describe('describePod', () => {
  // plugin-and-host-network §3.3, 4.2, 9.2
  test('says what a pod on the primary ENI needs, in order', () => {
    const { host, pod: inside } = describePod(pod);
    expect(explain(host)).toEqual([
      'link enib5faff8a083 up mtu 9001 type veth',
      'net/ipv6/conf/enib5faff8a083/accept_ra = 0',
      'net/ipv6/conf/enib5faff8a083/accept_redirects = 1',
      'net/ipv6/conf/enib5faff8a083/forwarding = 0',
      '10.0.40.77 dev enib5faff8a083 scope link',
      '512: from all to 10.0.40.77 lookup main',
    ]);
    expect(explain(inside)).toEqual([
      'link eth0 up mtu 9001 type veth',
      'inet 10.0.40.77/32 scope global eth0',
      '169.254.1.1 dev eth0 scope link',
      'default via 169.254.1.1 dev eth0',
      '169.254.1.1 dev eth0 lladdr of enib5faff8a083 PERMANENT',
    ]);
  });

  // §4.2: 0 and 1 are older codes of the primary ENI
  test.each([
    { routeTableId: 0, rules: 1 },
    { routeTableId: 1, rules: 1 },
    { routeTableId: 254, rules: 1 },
    { routeTableId: 2, rules: 2 },
    { routeTableId: 10_101, rules: 2 },
  ])('has $rules rules with table $routeTableId', ({ routeTableId, rules }) => {
    expect(describePod({ ...pod, routeTableId }).host.rules).toHaveLength(rules);
  });

  test('leads packets from a secondary address to the ENI’s table', () => {
    const words = explain(describePod({ ...pod, routeTableId: 2 }).host);
    expect(words.at(-1)).toBe('1536: from 10.0.40.77 lookup 2');
  });

  test('refuses what is not an address', () => {
    const address = '10.0.40.777';
    expect(() => describePod({ ...pod, address })).toThrow(TypeError);
  });
});

describe('a pod with a branch ENI', () => {
  const branch = {
    vlanId: 7,
    mac: '02:7f:de:ad:be:ef',
    router: '10.0.32.1',
    trunkLinkIndex: 4,
  } as const;
  const sgPod = { ...pod, address: '10.0.42.5', hostLinkName: 'vlan23145df91e4' } as const;
  const outByVlan = [
    '10.0.32.1 dev vlan.eth.7 table 107 scope link',
    'default via 10.0.32.1 dev vlan.eth.7 table 107',
  ];

  // plugin-and-host-network §4.3, 9.4
  test('has everything in its own table when it is strict', () => {
    const { host } = describePod({ ...sgPod, branch: { ...branch, mode: 'strict' } });
    expect(explain(host)).toEqual([
      'link vlan23145df91e4 up mtu 9001 type veth',
      'link vlan.eth.7 up type vlan id 7',
      'net/ipv6/conf/vlan23145df91e4/accept_ra = 0',
      'net/ipv6/conf/vlan23145df91e4/accept_redirects = 1',
      'net/ipv6/conf/vlan23145df91e4/forwarding = 0',
      'net/ipv6/conf/vlan.eth.7/accept_ra = 0',
      'net/ipv6/conf/vlan.eth.7/accept_redirects = 1',
      'net/ipv6/conf/vlan.eth.7/forwarding = 0',
      '10.0.42.5 dev vlan23145df91e4 table 107 scope link',
      ...outByVlan,
      '10: from all iif vlan.eth.7 lookup 107',
      '10: from all iif vlan23145df91e4 lookup 107',
    ]);
  });

  test('is like any other, but for its table, in standard mode', () => {
    const standard = {
      ...sgPod,
      hostLinkName: 'eni23145df91e4',
      branch: { ...branch, mode: 'standard' },
    } as const;
    const { routes, rules } = describePod(standard).host;
    expect(explain({ routes, rules })).toEqual([
      '10.0.42.5 dev eni23145df91e4 scope link',
      ...outByVlan,
      '512: from all to 10.0.42.5 lookup main',
      '1536: from 10.0.42.5 lookup 107',
    ]);
  });

  test('has the same inside as any other', () => {
    const { pod: inside } = describePod({ ...sgPod, branch: { ...branch, mode: 'strict' } });
    expect(inside).toEqual(describePod(sgPod).pod);
  });

  test('has rules and router of IPv6 in an IPv6 cluster', () => {
    const { routes, rules, sysctls } = describePod({
      ...sgPod,
      address: '2600:1f14:aaa:bb00::5',
      branch: { ...branch, router: 'fe80:ec2::1', mode: 'strict' },
    }).host;
    expect(rules.map(({ family }) => family)).toEqual(['ipv6', 'ipv6']);
    expect(explain({ routes })).toEqual([
      '2600:1f14:aaa:bb00::5 dev vlan23145df91e4 table 107',
      'fe80:ec2::1 dev vlan.eth.7 table 107',
      'default via fe80:ec2::1 dev vlan.eth.7 table 107',
    ]);
    expect(explain({ sysctls })).toContain('net/ipv6/conf/vlan.eth.7/accept_dad = 0');
  });

  const dual = { ...sgPod, secondAddress: '2600:1f14:aaa:bb00::5' } as const;

  test('leaves by a router of each family when it has addresses of both', () => {
    const both = { ...branch, secondRouter: 'fe80:ec2::1', mode: 'strict' } as const;
    const { routes, rules } = describePod({ ...dual, branch: both }).host;
    expect(explain({ routes })).toEqual([
      '10.0.42.5 dev vlan23145df91e4 table 107 scope link',
      '2600:1f14:aaa:bb00::5 dev vlan23145df91e4 table 107',
      ...outByVlan,
      'fe80:ec2::1 dev vlan.eth.7 table 107',
      'default via fe80:ec2::1 dev vlan.eth.7 table 107',
    ]);
    expect(rules.map(({ family }) => family)).toEqual(['ipv4', 'ipv4', 'ipv6', 'ipv6']);
  });

  test('is refused with addresses of a family that its ENI has no router for', () => {
    expect(() => describePod({ ...dual, branch: { ...branch, mode: 'strict' } })).toThrow(
      /ipv4 and ipv6, and its ENI the router 10\.0\.32\.1: give one of each family/,
    );
  });

  test('has a VLAN of any make where others made it', () => {
    const { mac: _, trunkLinkIndex: __, ...known } = branch;
    const { host } = describePod({ ...sgPod, branch: { ...known, mode: 'strict' } });
    expect(host.links[1]).toEqual({ name: 'vlan.eth.7', isUp: true, kind: 'vlan' });
  });

  test.each([153, 154, 155])('is refused with VLAN %i, whose table is the kernel’s', (vlanId) => {
    const refused = { ...sgPod, branch: { ...branch, vlanId, mode: 'strict' } } as const;
    expect(() => describePod(refused)).toThrow(/one of the kernel's own/);
  });
});

describe('a pod with addresses of both families', () => {
  test('has routes, rules and gateways of both, and no translation', () => {
    const dual = { ...pod, secondAddress: '2600:1f14:aaa:bb00:c404::1', routeTableId: 2 } as const;
    const { host, pod: inside } = describePod(dual);
    expect(explain({ routes: host.routes, rules: host.rules })).toEqual([
      '10.0.40.77 dev enib5faff8a083 scope link',
      '2600:1f14:aaa:bb00:c404::1 dev enib5faff8a083',
      '512: from all to 10.0.40.77 lookup main',
      '1536: from 10.0.40.77 lookup 2',
      '512: from all to 2600:1f14:aaa:bb00:c404::1 lookup main',
      '1536: from 2600:1f14:aaa:bb00:c404::1 lookup 2',
    ]);
    expect(explain({ addresses: inside.addresses, routes: inside.routes })).toEqual([
      'inet 10.0.40.77/32 scope global eth0',
      'inet6 2600:1f14:aaa:bb00:c404::1/128 scope global nodad',
      '169.254.1.1 dev eth0 scope link',
      'fe80::1 dev eth0',
      'default via 169.254.1.1 dev eth0',
      'default via fe80::1 dev eth0',
    ]);
  });
});

describe('describeEni', () => {
  const eni = {
    mac: '0a:11:22:33:44:01',
    primaryAddress: '10.0.41.20',
    subnetCidr: '10.0.32.0/19',
    routeTableId: 2,
  } as const;

  // plugin-and-host-network §6.3, 9.1
  test('says what a secondary ENI needs', () => {
    const description = describeEni(eni, { eniMtuBytes: 9001 }, 'eth1');
    expect(explain(description)).toEqual([
      'link eth1 up mtu 9001',
      'inet 10.0.41.20/19 brd 10.0.63.255 scope global eth1',
      '10.0.32.1 dev eth1 table 2 scope link',
      'default via 10.0.32.1 dev eth1 table 2',
      '32765: from 10.0.41.20 lookup 2',
    ]);
    expect(description.claims.routes.map(routeText)).toEqual([
      '10.0.32.0/19 dev eth1 scope link src 10.0.41.20',
    ]);
  });

  test('gives its marked replies a rule, and its link a loose reverse path', () => {
    const settings = { eniMtuBytes: 9001, eniMarkMask: 0x7f00, nodePortSupport: true };
    const words = explain(describeEni(eni, settings, 'eth1'));
    expect(words).toContain('net/ipv4/conf/eth1/rp_filter = 2');
    expect(words).toContain('1025: from all fwmark 0x100/0x7f00 lookup 2');
  });

  test('names the MAC while the link’s name is not known', () => {
    expect(explain(describeEni(eni, { eniMtuBytes: 1500 }))[0]).toBe(
      'link 0a:11:22:33:44:01 up mtu 1500',
    );
  });

  test('refuses the main table', () => {
    expect(() => describeEni({ ...eni, routeTableId: 254 }, { eniMtuBytes: 9001 })).toThrow(
      /primary ENI/,
    );
  });
});

describe('eniMark', () => {
  test.each([
    { routeTableId: 2, mask: 0x7f00, mark: 0x100 },
    { routeTableId: 16, mask: 0x7f00, mark: 0xf00 },
    { routeTableId: 10_100, mask: 0x7f00, mark: 0x1000 },
    { routeTableId: 10_101, mask: 0x7f00, mark: 0x1100 },
    { routeTableId: 2, mask: 0x8000_0000, mark: 0x8000_0000 },
  ])('is $mark for table $routeTableId in $mask', ({ routeTableId, mask, mark }) => {
    expect(eniMark(routeTableId, mask)).toBe(mark);
  });

  test.each([
    { routeTableId: 10_300, mask: 0xf00 },
    { routeTableId: 4, mask: 0x500 },
    { routeTableId: 254, mask: 0x7f00 },
  ])('refuses table $routeTableId in mask $mask', ({ routeTableId, mask }) => {
    expect(() => eniMark(routeTableId, mask)).toThrow(/eniMarkMask/);
  });
});

describe('describeHost', () => {
  const settings: HostSettings = {
    primaryMac: '0a:11:22:33:44:00',
    primaryAddress: '10.0.40.10',
    vpcCidrs: ['10.0.0.0/16'],
    vethPrefix: 'eni',
    eniMtuBytes: 9001,
    connmark: 0x80,
    nodePortSupport: true,
    externalSnat: false,
    excludeSnatCidrs: [],
    randomizeSnat: 'prng',
  };
  const factsOf = (backend: 'nf_tables' | 'legacy') => ({
    primaryLinkName: 'eth0',
    isLocalRuleMoved: false,
    iptables: { backend, hasRandomFully: true },
  });

  test('says what ip(8) and sysctl(8) must show', () => {
    expect(explain(describeHost(settings, factsOf('nf_tables')))).toEqual([
      'link eth0 up mtu 9001',
      'net/ipv4/conf/eth0/rp_filter = 2',
      '1024: from all fwmark 0x80/0x80 lookup main',
    ]);
  });

  // plugin-and-host-network §5.3, presence matrix
  const matrix = [
    {
      externalSnat: false,
      nodePortSupport: true,
      rule: 1,
      jump: 1,
      setMark: 1,
      fromPods: 1,
      fromVlan: 1,
      connmark: 1,
    },
    {
      externalSnat: false,
      nodePortSupport: false,
      rule: 1,
      jump: 1,
      setMark: 0,
      fromPods: 1,
      fromVlan: 0,
      connmark: 1,
    },
    {
      externalSnat: true,
      nodePortSupport: true,
      rule: 1,
      jump: 0,
      setMark: 1,
      fromPods: 1,
      fromVlan: 1,
      connmark: 0,
    },
    {
      externalSnat: true,
      nodePortSupport: false,
      rule: 0,
      jump: 0,
      setMark: 0,
      fromPods: 0,
      fromVlan: 0,
      connmark: 0,
    },
  ];

  describe.each(['nf_tables', 'legacy'] as const)('with %s', (backend) => {
    test.each(matrix)(
      'follows the matrix with externalSnat $externalSnat, nodePortSupport $nodePortSupport',
      ({ externalSnat, nodePortSupport, ...expected }) => {
        const { rules, packetFilter } = describeHost(
          { ...settings, externalSnat, nodePortSupport },
          factsOf(backend),
        );
        const shared = packetFilter.ipv4.tables.flatMap(({ table, sharedRules }) =>
          sharedRules.map(({ chain, rule }) => `${table} ${chain} ${rule.join(' ')}`),
        );
        const count = (pattern: RegExp) => shared.filter((rule) => pattern.test(rule)).length;
        const legacyConnmark = count(/nat PREROUTING .*-j AWS-CONNMARK-CHAIN-0/);
        const nftConnmark = packetFilter.connmarkRuleset === undefined ? 0 : 1;
        expect({
          rule: rules.length,
          jump: count(/nat POSTROUTING .*-j AWS-SNAT-CHAIN-0/),
          setMark: count(/mangle PREROUTING -i eth0 .*--set-xmark/),
          fromPods: count(/mangle PREROUTING -i eni\+ .*--restore-mark/),
          fromVlan: count(/mangle PREROUTING -i vlan\+ .*--restore-mark/),
          connmark: legacyConnmark + nftConnmark,
        }).toEqual(expected);
        expect(backend === 'legacy' ? nftConnmark : legacyConnmark).toBe(0);
        const names = packetFilter.ipv4.tables.flatMap(({ chains }) =>
          chains.map(({ name }) => name),
        );
        expect(names).toContain('AWS-SNAT-CHAIN-0');
      },
    );
  });

  test.each([
    { randomizeSnat: 'none', hasRandomFully: true, ends: '10.0.40.10' },
    { randomizeSnat: 'hashrandom', hasRandomFully: true, ends: '--random' },
    { randomizeSnat: 'prng', hasRandomFully: true, ends: '--random-fully' },
    { randomizeSnat: 'prng', hasRandomFully: false, ends: '--random' },
  ] as const)(
    'ends the SNAT rule with $ends for $randomizeSnat',
    ({ randomizeSnat, hasRandomFully, ends }) => {
      const facts = {
        ...factsOf('nf_tables'),
        iptables: { backend: 'nf_tables', hasRandomFully },
      } as const;
      const { packetFilter } = describeHost({ ...settings, randomizeSnat }, facts);
      expect(packetFilter.ipv4.tables[0]?.chains[0]?.rules.at(-1)?.at(-1)).toBe(ends);
    },
  );

  // plugin-and-host-network §5.2: new connections to egress addresses, which are the same on every node
  test.each([
    { name: 'none', more: {}, blocks: 0, translates: 0 },
    { name: 'a plugin', more: { hasEgressPlugin: true }, blocks: 1, translates: 0 },
    { name: 'this node', more: { egressAddress: '2600::10' }, blocks: 1, translates: 1 },
  ] as const)('with IPv6 egress by $name, refuses what it must', ({ more, blocks, translates }) => {
    const { packetFilter } = describeHost({ ...settings, ...more }, factsOf('nf_tables'));
    const count = (name: string) =>
      packetFilter.ipv6.tables.find(({ table }) => table === name)?.sharedRules.length;
    expect({ blocks: count('filter'), translates: count('nat') }).toEqual({ blocks, translates });
  });

  test('refuses to translate everything', () => {
    const nothingExempt = { ...settings, vpcCidrs: [] };
    expect(() => describeHost(nothingExempt, factsOf('legacy'))).toThrow(/vpcCidrs is empty/);
    expect(() =>
      describeHost({ ...nothingExempt, externalSnat: true }, factsOf('legacy')),
    ).not.toThrow();
  });
});
