import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { LinkAddress } from '../netlink/address.ts';
import type { Link } from '../netlink/link.ts';
import type { Route } from '../netlink/route.ts';
import type { Rule } from '../netlink/rule.ts';
import { describeEni } from './describe-eni.ts';
import { describeHostNetwork } from './describe-host.ts';
import { describePod } from './describe-pod.ts';
import { diff } from './diff.ts';
import { changeText } from './network-change.ts';
import { type NetworkDescription, nothing } from './network-description.ts';
import { type NetworkState, untouched } from './network-state.ts';
import type { HostSettings, PodAttachment } from './settings.ts';
import { carryOut } from './state-model.fixture.ts';

const link = (name: string, more: Partial<Link> = {}): Link => ({
  index: 5,
  name,
  mac: '02:00:00:00:00:05',
  mtuBytes: 9001,
  isUp: true,
  hasCarrier: true,
  group: 0,
  kind: 'veth',
  ...more,
});
const attachment: PodAttachment = {
  netnsPath: '/run/netns/a',
  podLinkName: 'eth0',
  hostLinkName: 'enib5faff8a083',
  address: '10.0.40.77',
  routeTableId: 2,
  mtuBytes: 9001,
};
const { host, pod } = describePod(attachment);
const eni = describeEni(
  {
    mac: '0a:11:22:33:44:01',
    primaryAddress: '10.0.41.20',
    subnetCidr: '10.0.32.0/19',
    routeTableId: 2,
  },
  { eniMtuBytes: 9001 },
  'eth1',
);
const texts = (actual: NetworkState, desired: NetworkDescription, macs?: Map<string, string>) =>
  diff(actual, desired, macs).map(changeText);
const known = (links: readonly Link[]) => untouched(links) as Required<NetworkState>;

describe('diff', () => {
  test('adds everything in a namespace that nobody touched, links last of what precedes traffic', () => {
    const fresh = link('eth0', { isUp: false, mtuBytes: 1500 });
    const macs = new Map([['enib5faff8a083', '02:00:00:00:00:01']]);
    expect(texts(untouched([fresh]), pod, macs)).toEqual([
      'link change link eth0 up mtu 9001 type veth',
      'address add inet 10.0.40.77/32 scope global eth0',
      'route add 169.254.1.1 dev eth0 scope link',
      'route add default via 169.254.1.1 dev eth0',
      'neighbour replace 169.254.1.1 dev eth0 lladdr 02:00:00:00:00:01 PERMANENT',
    ]);
  });

  test('prepares for anything where nothing was read', () => {
    expect(texts({ links: [link('enib5faff8a083')] }, host)).toEqual([
      'sysctl write net/ipv6/conf/enib5faff8a083/accept_ra = 0',
      'sysctl write net/ipv6/conf/enib5faff8a083/accept_redirects = 1',
      'sysctl write net/ipv6/conf/enib5faff8a083/forwarding = 0',
      'route replace 10.0.40.77 dev enib5faff8a083 scope link',
      'rule clear 1536: from 10.0.40.77 lookup any',
      'rule add 512: from all to 10.0.40.77 lookup main',
      'rule add 1536: from 10.0.40.77 lookup 2',
    ]);
  });

  test('says of a missing link only that it is missing', () => {
    expect(texts(known([]), pod)).toEqual(['link create link eth0 up mtu 9001 type veth']);
  });

  test('points the neighbour entry at the host link again after its MAC was changed', () => {
    const neighbours = [
      { address: '169.254.1.1', linkName: 'eth0', mac: '02:00:00:00:00:01' },
    ] as const;
    const actual = { ...known([link('eth0')]), ...pod, links: [link('eth0')], neighbours };
    const after = (mac: string) => texts(actual, pod, new Map([['enib5faff8a083', mac]]));
    expect(after('02:00:00:00:00:01')).toEqual([]);
    expect(after('02:00:00:00:00:99')).toEqual([
      'neighbour replace 169.254.1.1 dev eth0 lladdr 02:00:00:00:00:99 PERMANENT',
    ]);
  });

  test('makes an ENI’s routes again when it takes its last address away', () => {
    const wrong: LinkAddress = {
      address: '10.0.41.77',
      prefixLength: 19,
      scope: 'global',
      linkName: 'eth1',
    };
    const actual = {
      ...known([link('eth1')]),
      routes: eni.routes,
      rules: eni.rules,
      addresses: [wrong],
    };
    expect(texts(actual, eni)).toEqual([
      'address delete inet 10.0.41.77/19 scope global eth1',
      'address add inet 10.0.41.20/19 brd 10.0.63.255 scope global eth1',
      'route replace 10.0.32.1 dev eth1 table 2 scope link',
      'route replace default via 10.0.32.1 dev eth1 table 2',
      'route delete 10.0.32.0/19 dev eth1 scope link src 10.0.41.20',
    ]);
  });

  test('has a right rule in place before it takes the wrong one away', () => {
    const stale: Rule = { priority: 1536, from: '10.0.40.77', tableId: 7 };
    const actual = { ...known([link('enib5faff8a083')]), routes: host.routes, rules: [stale] };
    expect(texts(actual, { ...host, sysctls: [] })).toEqual([
      'rule add 512: from all to 10.0.40.77 lookup main',
      'rule add 1536: from 10.0.40.77 lookup 2',
      'rule delete 1536: from 10.0.40.77 lookup 7',
    ]);
  });

  // plugin-and-host-network §10, trap 17: to the kernel, the second deletion also matches the first rule
  test('brings a rule back that a deletion may have hit', () => {
    const settings = { branchEnis: 'strict', primaryAddress: '2600:1f14:aaa:bb00::10' } as const;
    const desired = describeHostNetwork(
      { ...hostSettings, ...settings },
      { primaryLinkName: 'eth0', isLocalRuleMoved: false },
    );
    const local: Rule = { family: 'ipv6', priority: 0, tableId: 255 };
    const actual = { ...known([link('eth0')]), sysctls: desired.sysctls, rules: [local] };
    expect(texts(actual, desired)).toEqual([
      'rule add 1024: from all fwmark 0x80/0x80 lookup main',
      'rule add 20: from all lookup local',
      'rule add 0: from fe80:ec2::1 ipproto ipv6-icmp lookup local',
      'rule delete 0: from all lookup local',
      'rule add 0: from fe80:ec2::1 ipproto ipv6-icmp lookup local',
    ]);
  });

  describe('of a VLAN', () => {
    const branch = {
      vlanId: 7,
      mac: '02:7f:de:ad:be:ef',
      router: '10.0.32.1',
      trunkLinkIndex: 3,
      mode: 'strict',
    } as const;
    const side = describePod({ ...attachment, hostLinkName: 'vlan23145df91e4', branch }).host;
    const hostLink = link('vlan23145df91e4');
    const vlan = link('vlan.eth.7', {
      kind: 'vlan',
      vlanId: 7,
      parentIndex: 3,
      mac: '02:7f:de:ad:be:ef',
    });
    const files = side.sysctls.map(({ key, value }) =>
      key.includes('vlan.eth.7') ? { key, value: undefined } : { key, value },
    );
    const linkTexts = (present: Link | undefined) =>
      texts(
        {
          ...known(present === undefined ? [hostLink] : [hostLink, present]),
          sysctls: present === undefined ? files : side.sysctls,
          routes: side.routes,
          rules: side.rules,
        },
        side,
      );

    test('makes one that is missing, and brings it up once its settings are right', () => {
      expect(linkTexts(undefined)).toEqual([
        'link create link vlan.eth.7 up type vlan id 7',
        'sysctl write net/ipv6/conf/vlan.eth.7/accept_ra = 0',
        'sysctl write net/ipv6/conf/vlan.eth.7/accept_redirects = 1',
        'sysctl write net/ipv6/conf/vlan.eth.7/forwarding = 0',
        'link change link vlan.eth.7 up type vlan id 7',
      ]);
    });

    test('leaves a right one alone', () => expect(linkTexts(vlan)).toEqual([]));

    test('puts it on another trunk', () => {
      expect(linkTexts({ ...vlan, parentIndex: 4 }).slice(0, 2)).toEqual([
        'link recreate link vlan.eth.7 up type vlan id 7',
        'link change link vlan.eth.7 up type vlan id 7',
      ]);
    });

    test('gives it its MAC', () => {
      expect(linkTexts({ ...vlan, mac: '02:00:00:00:00:01' })).toEqual([
        'link change link vlan.eth.7 up type vlan id 7',
      ]);
    });
  });
});

const hostSettings: HostSettings = {
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

describe('carrying out a diff', () => {
  const tables = fc.constantFrom(2, 3, 254);
  const addresses = fc.constantFrom('10.0.40.77', '10.0.40.78', '10.0.41.20' as const);
  const rules: fc.Arbitrary<Rule> = fc.oneof(
    fc.record({ priority: fc.constant(512), to: addresses, tableId: tables }),
    fc.record({ priority: fc.constantFrom(1536, 32765), from: addresses, tableId: tables }),
    fc.record({ priority: fc.constant(1024), mark: fc.constantFrom(0x80, 0x100), tableId: tables }),
    fc.record({ priority: fc.constantFrom(1535, 32766), tableId: tables }),
  );
  const routes: fc.Arbitrary<Route> = fc.record({
    destination: fc.constantFrom(
      'default',
      '10.0.40.77/32',
      '10.0.32.1/32',
      '10.0.32.0/19' as const,
    ),
    linkName: fc.constantFrom('eth1', 'enib5faff8a083', '#9'),
    tableId: tables,
    scope: fc.constantFrom('link', 'global' as const),
  });
  const linkAddresses: fc.Arbitrary<LinkAddress> = fc.record({
    address: addresses,
    prefixLength: fc.constantFrom(19, 32),
    scope: fc.constant('global' as const),
    linkName: fc.constantFrom('eth1', 'enib5faff8a083'),
  });
  const links = fc.record({ mtuBytes: fc.constantFrom(1500, 9001), isUp: fc.boolean() });
  const unique = <T>(of: fc.Arbitrary<T>, key: (one: T) => string) =>
    fc.uniqueArray(of, { maxLength: 8, selector: key });
  const states = fc.record({
    links: links.map((more) => [link('eth1', more), link('enib5faff8a083', more)]),
    sysctls: fc.constant([]),
    addresses: unique(linkAddresses, ({ address }) => address),
    routes: unique(routes, ({ destination, tableId }) => `${destination} ${tableId}`),
    rules: unique(rules, (rule) => JSON.stringify(rule)),
    neighbours: fc.constant([]),
  });
  const descriptions = fc.constantFrom(host, eni);

  test('leads to what is described, whatever was there', () => {
    fc.assert(
      fc.property(states, descriptions, (state, desired) => {
        expect(texts(carryOut(state, diff(state, desired)), desired)).toEqual([]);
      }),
    );
  });

  test('leaves alone what nobody claims', () => {
    const foreign: readonly Rule[] = [
      { priority: 100, tableId: 255 },
      { priority: 1024, to: '10.9.0.0/16', tableId: 254 },
      { priority: 1536, from: '10.0.40.99', tableId: 2 },
    ];
    fc.assert(
      fc.property(states, descriptions, (state, desired) => {
        const before = { ...state, rules: [...foreign, ...state.rules] };
        const after = carryOut(before, diff(before, desired));
        expect(after.rules).toEqual(expect.arrayContaining([...foreign]));
      }),
    );
  });

  test('of nothing changes nothing', () => {
    fc.assert(fc.property(states, (state) => expect(diff(state, nothing)).toEqual([])));
  });
});
