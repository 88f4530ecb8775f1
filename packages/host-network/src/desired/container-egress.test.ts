import { describe, expect, test } from '@jest/globals';
import { chainOwnership } from '../iptables/owned-rules.ts';
import { parseIptablesSave } from '../iptables/parse-iptables-save.ts';
import { planIptables } from '../iptables/plan-iptables.ts';
import { restore } from '../iptables/restore-model.fixture.ts';
import {
  type ContainerEgress,
  describeEgressChain,
  egressAttachment,
  egressChainName,
  noEgressChain,
} from './container-egress.ts';
import { isEgressAddress } from './egress-cidrs.ts';

const egress: ContainerEgress = {
  networkName: 'aws-cni',
  containerId: '4f3c2a1b9e8d',
  netnsPath: '/run/netns/a',
  address: '169.254.172.2',
  mtuBytes: 9001,
  nodeAddress: '10.0.40.10',
  randomizeSnat: 'prng',
};
const facts = { backend: 'nf_tables', hasRandomFully: true } as const;

// plugin-and-host-network §7.1, §9.5
test.each([
  {
    containerId: 'containerId-123',
    nodeAddress: '10.0.40.10',
    name: 'CNI-E4-5740307710ebfd5fb24f5',
  },
  { containerId: 'containerId-789', nodeAddress: '2600::10', name: 'CNI-E6-e335b08ae90730d0a659a' },
  { containerId: '4f3c2a1b9e8d', nodeAddress: '10.0.40.10', name: 'CNI-E4-50c92a16770e04f943db8' },
] as const)('the chain of $containerId is $name', ({ name, ...key }) => {
  expect(egressChainName({ networkName: 'aws-cni', ...key })).toBe(name);
});

test('a container’s link has the same name whenever it is asked for, and no other container’s', () => {
  const names = ['a', 'b', 'a'].map(
    (containerId) => egressAttachment({ ...egress, containerId }).hostLinkName,
  );
  expect(names[0]).toMatch(/^veth[0-9a-f]{8}$/);
  expect(names[2]).toBe(names[0]);
  expect(names[1]).not.toBe(names[0]);
});

test.each([
  ['169.254.172.2', true],
  ['169.254.175.254', true],
  ['169.254.176.1', false],
  ['10.0.0.1', false],
  ['fd00::ac:2', true],
  ['fd00::ac:3ff', true],
  ['fd00::ac:400', false],
] as const)('%s is an egress address: %s', (address, expected) => {
  expect(isEgressAddress(address)).toBe(expected);
});

describe('the plan for one chain', () => {
  const name = egressChainName(egress);
  const ownership = chainOwnership(name);
  // Another container's, and a chain that jumps to something else.
  const before = `*nat
:PREROUTING ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:CNI-E4-0123456789abcdef01234 - [0:0]
:AWS-SNAT-CHAIN-0 - [0:0]
-A POSTROUTING -s 169.254.172.9/32 -j CNI-E4-0123456789abcdef01234
-A POSTROUTING -m comment --comment "AWS SNAT CHAIN" -j AWS-SNAT-CHAIN-0
COMMIT
`;
  const carryOut = (saved: string, wanted = describeEgressChain(egress, facts)) => {
    const batch = planIptables(wanted, parseIptablesSave(saved), ownership);
    return batch === undefined ? saved : restore(saved, batch);
  };
  const rulesOf = (saved: string) =>
    [...parseIptablesSave(saved).values()].flatMap(({ rules }) => rules);

  test('makes it whole, once, and leaves what others have', () => {
    const after = carryOut(before);
    expect(carryOut(after)).toBe(after);
    expect(rulesOf(after)).toEqual(expect.arrayContaining(rulesOf(before)));
    expect(rulesOf(after)).toHaveLength(rulesOf(before).length + 3);
  });

  test('replaces a rule that leads there from an address of before', () => {
    const stale = carryOut(
      before,
      describeEgressChain({ ...egress, address: '169.254.172.7' }, facts),
    );
    expect(carryOut(stale)).not.toContain('169.254.172.7');
  });

  test('takes it away, with whatever leads there, and nothing else', () => {
    const gone = carryOut(carryOut(before), noEgressChain);
    expect(rulesOf(gone)).toEqual(rulesOf(before));
    expect(gone).not.toContain(name);
    expect(carryOut(gone, noEgressChain)).toBe(gone);
  });
});
