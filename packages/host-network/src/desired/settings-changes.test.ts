import { describe, expect, test } from '@jest/globals';
import { parseIptablesSave } from '../iptables/parse-iptables-save.ts';
import { planIptables } from '../iptables/plan-iptables.ts';
import { emptyNode, restore } from '../iptables/restore-model.fixture.ts';
import { ruleText } from '../netlink/rule.ts';
import { describeHost, isMovedLocalRule } from './describe-host.ts';
import { diff } from './diff.ts';
import type { IptablesBackend } from './host-facts.ts';
import { type NetworkState, untouched } from './network-state.ts';
import type { HostSettings } from './settings.ts';
import { carryOut } from './state-model.fixture.ts';

const settings: HostSettings = {
  primaryMac: '0a:11:22:33:44:00',
  primaryAddress: '10.0.40.10',
  vpcCidrs: ['10.0.0.0/16', '100.64.0.0/16'],
  vethPrefix: 'eni',
  eniMtuBytes: 9001,
  connmark: 0x80,
  nodePortSupport: true,
  externalSnat: false,
  excludeSnatCidrs: [],
  randomizeSnat: 'prng',
};

const modes: readonly Partial<HostSettings>[] = [
  {},
  { externalServiceCidrs: ['10.9.0.0/16', '0.0.0.0/0'], branchEnis: 'strict' },
  { externalServiceCidrs: ['10.8.0.1/32'], branchEnis: 'standard', egressAddress: '2600:1f14::10' },
];

/** Every combination of what operators switch. Custom networking and network policy change none of it. */
const variants = [false, true].flatMap((externalSnat) =>
  [false, true].flatMap((nodePortSupport) =>
    ([[], ['192.168.0.0/16'], ['0.0.0.0/0']] as const).flatMap((excludeSnatCidrs) =>
      modes.map(
        (mode): HostSettings => ({
          ...settings,
          externalSnat,
          nodePortSupport,
          excludeSnatCidrs,
          ...mode,
        }),
      ),
    ),
  ),
);

interface Node {
  readonly network: Required<NetworkState>;
  readonly ipv4: string;
  readonly ipv6: string;
  readonly connmarkRuleset: string | undefined;
}

const eth0 = {
  ...{ index: 2, name: 'eth0', mac: settings.primaryMac, mtuBytes: 1500, isUp: true },
  ...{ hasCarrier: true, group: 0, kind: '' },
};
const freshNode: Node = {
  network: {
    ...(untouched([eth0]) as Required<NetworkState>),
    rules: [
      { priority: 0, tableId: 255 },
      { priority: 32766, tableId: 254 },
      { priority: 32767, tableId: 253 },
    ],
  },
  ipv4: emptyNode,
  ipv6: emptyNode,
  connmarkRuleset: undefined,
};

function setUp(
  { network, ipv4, ipv6 }: Node,
  wanted: HostSettings,
  backend: IptablesBackend,
): Node {
  const description = describeHost(wanted, {
    primaryLinkName: 'eth0',
    isLocalRuleMoved: network.rules.some(isMovedLocalRule),
    iptables: { backend, hasRandomFully: true },
  });
  const { packetFilter } = description;
  const restored = (saved: string, family: 'ipv4' | 'ipv6') =>
    restore(saved, planIptables(packetFilter[family], parseIptablesSave(saved)));
  return {
    network: carryOut(network, diff(network, description)),
    ipv4: restored(ipv4, 'ipv4'),
    ipv6: restored(ipv6, 'ipv6'),
    connmarkRuleset: packetFilter.connmarkRuleset,
  };
}

/** What decides about packets: rules in the order of their priorities, filters as they stand. */
const inEffect = ({ network, ...filters }: Node) => ({
  ...filters,
  rules: network.rules.map(ruleText).sort(),
});

describe.each(['nf_tables', 'legacy'] as const)(
  'settings changed from A to B with %s',
  (backend) => {
    const fresh = variants.map((variant) => setUp(freshNode, variant, backend));

    test('and back give what a fresh A gives, for every pair', () => {
      for (const [index, a] of variants.entries()) {
        const freshA = fresh[index] ?? freshNode;
        for (const b of variants) {
          const back = setUp(setUp(freshA, b, backend), a, backend);
          expect(inEffect(back)).toEqual(inEffect(freshA));
        }
      }
    });

    test('give what a fresh B gives, for every pair', () => {
      for (const freshA of fresh) {
        for (const [index, b] of variants.entries()) {
          expect(inEffect(setUp(freshA, b, backend))).toEqual(inEffect(fresh[index] ?? freshNode));
        }
      }
    });
  },
);
