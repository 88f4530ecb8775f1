import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { describeHost } from '../desired/describe-host.ts';
import type { HostSettings } from '../desired/settings.ts';
import type { Ipv4Cidr } from '../ipv4.ts';
import { parseIptablesVersion } from './iptables-version.ts';
import { describeConnmark, isConnmarkInPlace } from './nft-connmark.ts';
import { parseIptablesSave } from './parse-iptables-save.ts';
import { planIptables } from './plan-iptables.ts';
import { emptyNode, restore } from './restore-model.fixture.ts';
import { joinWords, splitWords } from './rule-words.ts';

const settings: HostSettings = {
  primaryMac: '0a:11:22:33:44:00',
  primaryAddress: '10.0.40.10',
  vpcCidrs: ['10.0.0.0/16', '100.64.0.0/16'],
  vethPrefix: 'eni',
  eniMtuBytes: 9001,
  connmark: 0x80,
  nodePortSupport: true,
  externalSnat: false,
  excludeSnatCidrs: ['192.168.0.0/16'],
  randomizeSnat: 'prng',
};

type Variant = Partial<HostSettings> & { readonly backend?: 'nf_tables' | 'legacy' };

const describeFor = ({ backend = 'legacy', ...other }: Variant) =>
  describeHost(
    { ...settings, ...other },
    {
      primaryLinkName: 'eth0',
      isLocalRuleMoved: false,
      iptables: { backend, hasRandomFully: true },
    },
  ).packetFilter.ipv4;

const apply = (saved: string, variant: Variant) =>
  restore(saved, planIptables(describeFor(variant), parseIptablesSave(saved)));

describe('planIptables', () => {
  // plugin-and-host-network §9.1
  test('writes on an empty node what iptables-save shows on a node of ours', () => {
    expect(planIptables(describeFor({}), parseIptablesSave(emptyNode))?.split('\n')).toEqual([
      '*nat',
      ':AWS-CONNMARK-CHAIN-0 - [0:0]',
      ':AWS-SNAT-CHAIN-0 - [0:0]',
      '-A AWS-CONNMARK-CHAIN-0 -d 192.168.0.0/16 -m comment --comment "AWS CONNMARK CHAIN" -j RETURN',
      '-A AWS-CONNMARK-CHAIN-0 -d 100.64.0.0/16 -m comment --comment "AWS CONNMARK CHAIN" -j RETURN',
      '-A AWS-CONNMARK-CHAIN-0 -d 10.0.0.0/16 -m comment --comment "AWS CONNMARK CHAIN" -j RETURN',
      '-A AWS-CONNMARK-CHAIN-0 -m comment --comment "AWS, CONNMARK" -j CONNMARK --set-xmark 0x80/0x80',
      '-A AWS-SNAT-CHAIN-0 -d 192.168.0.0/16 -m comment --comment "AWS SNAT CHAIN EXCLUSION" -j RETURN',
      '-A AWS-SNAT-CHAIN-0 -d 100.64.0.0/16 -m comment --comment "AWS SNAT CHAIN" -j RETURN',
      '-A AWS-SNAT-CHAIN-0 -d 10.0.0.0/16 -m comment --comment "AWS SNAT CHAIN" -j RETURN',
      '-A AWS-SNAT-CHAIN-0 ! -o vlan+ -m comment --comment "AWS, SNAT" -m addrtype ! --dst-type LOCAL -j SNAT --to-source 10.0.40.10 --random-fully',
      '-A PREROUTING -i eni+ -m comment --comment "AWS, outbound connections" -j AWS-CONNMARK-CHAIN-0',
      '-A PREROUTING -m comment --comment "AWS, CONNMARK" -j CONNMARK --restore-mark --nfmask 0x80 --ctmask 0x80',
      '-A POSTROUTING -m comment --comment "AWS SNAT CHAIN" -j AWS-SNAT-CHAIN-0',
      'COMMIT',
      '*mangle',
      '-A PREROUTING -i eth0 -m comment --comment "AWS, primary ENI" -m addrtype --dst-type LOCAL --limit-iface-in -j CONNMARK --set-xmark 0x80/0x80',
      '-A PREROUTING -i eni+ -m comment --comment "AWS, primary ENI" -j CONNMARK --restore-mark --nfmask 0x80 --ctmask 0x80',
      '-A PREROUTING -i vlan+ -m comment --comment "AWS, primary ENI" -j CONNMARK --restore-mark --nfmask 0x80 --ctmask 0x80',
      'COMMIT',
      '',
    ]);
  });

  const variants: readonly Variant[] = [
    {},
    { backend: 'nf_tables' },
    { externalSnat: true },
    { externalSnat: true, nodePortSupport: false },
    { nodePortSupport: false },
    { connmark: 0x100 },
    { vethPrefix: 'pod' },
    { vethPrefix: '' },
    { vpcCidrs: ['10.0.0.0/16'] },
    { vpcCidrs: ['100.64.0.0/16', '10.0.0.0/16'], excludeSnatCidrs: ['0.0.0.0/0'] },
    { primaryAddress: '10.0.40.11' },
    { randomizeSnat: 'none' },
    { randomizeSnat: 'hashrandom', backend: 'nf_tables' },
  ];
  const pairs = variants.flatMap((a) => variants.map((b) => ({ a, b })));

  test.each(pairs)('is the same with %j as if there had never been anything else', ({ a, b }) => {
    const fresh = apply(emptyNode, a);
    expect(apply(apply(fresh, b), a)).toBe(fresh);
    expect(apply(apply(emptyNode, b), a)).toBe(fresh);
  });

  test.each(variants)('has nothing to do the second time with %j', (variant) => {
    const saved = parseIptablesSave(apply(emptyNode, variant));
    expect(planIptables(describeFor(variant), saved)).toBeUndefined();
  });

  const foreign = [
    '-A PREROUTING -m comment --comment "kubernetes service portals" -j KUBE-SERVICES',
    '-A PREROUTING -m comment --comment "it\\"s mine" -j MARK --set-xmark 0x1/0xffffffff',
    '-A PREROUTING -m comment --comment "AWS, CONNMARK" -j KUBE-SERVICES',
    '-A POSTROUTING -s 10.0.0.0/16 -j MASQUERADE',
    '-A KUBE-SERVICES -m comment --comment "an open quote -j RETURN',
  ];
  const busyNode = emptyNode.replace(
    ':POSTROUTING ACCEPT [0:0]\n',
    `:POSTROUTING ACCEPT [0:0]\n:KUBE-SERVICES - [0:0]\n${foreign.join('\n')}\n`,
  );

  test('never mentions what is not ours', () => {
    for (const variant of variants) {
      const saved = apply(apply(busyNode, {}), variant);
      for (const rule of foreign) expect(saved).toContain(rule);
    }
  });

  test('puts a rule that somebody removed back, and leaves the others in place', () => {
    const saved = apply(emptyNode, { backend: 'nf_tables' }).replace(/-A POSTROUTING .*\n/, '');
    expect(planIptables(describeFor({ backend: 'nf_tables' }), parseIptablesSave(saved))).toBe(
      '*nat\n-A POSTROUTING -m comment --comment "AWS SNAT CHAIN" -j AWS-SNAT-CHAIN-0\nCOMMIT\n',
    );
  });

  test('puts rules that somebody doubled or moved in order', () => {
    const fresh = apply(emptyNode, {});
    const lines = fresh.split('\n');
    const [first = '', second = ''] = lines.filter((line) => line.includes('AWS, primary ENI'));
    const doubled = fresh.replace(first, `${first}\n${first}`);
    const moved = fresh.replace(first, '#').replace(second, first).replace('#', second);
    expect(apply(doubled, {})).toBe(fresh);
    expect(apply(moved, {})).toBe(fresh);
  });

  test('empties, but does not delete, a stale chain that somebody else jumps to', () => {
    const saved = emptyNode.replace(
      ':POSTROUTING ACCEPT [0:0]\n',
      ':POSTROUTING ACCEPT [0:0]\n:AWS-SNAT-CHAIN-1 - [0:0]\n:AWS-SNAT-CHAIN-2 - [0:0]\n' +
        '-A POSTROUTING -g AWS-SNAT-CHAIN-1\n-A AWS-SNAT-CHAIN-1 -j AWS-SNAT-CHAIN-2\n',
    );
    const after = apply(saved, { backend: 'nf_tables' });
    expect(after).toContain(':AWS-SNAT-CHAIN-1');
    expect(after).not.toContain('-A AWS-SNAT-CHAIN-1');
    expect(after).not.toContain('AWS-SNAT-CHAIN-2');
  });
});

describe('words of a rule', () => {
  test('survive being joined and split', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ minLength: 1 })), (words) => {
        expect(splitWords(joinWords(words))).toEqual(words);
      }),
    );
  });

  test.each([
    {
      line: '-m comment --comment "AWS, SNAT" -j SNAT',
      words: ['-m', 'comment', '--comment', 'AWS, SNAT', '-j', 'SNAT'],
    },
    { line: '--comment "say \\"hi\\""', words: ['--comment', 'say "hi"'] },
    { line: '--comment ""', words: ['--comment', ''] },
    { line: '--comment "open', words: undefined },
    { line: '', words: [] },
  ])('are read from $line', ({ line, words }) => {
    expect(splitWords(line)).toEqual(words);
  });
});

describe('parseIptablesVersion', () => {
  test.each([
    { text: 'iptables v1.8.9 (nf_tables)\n', backend: 'nf_tables', hasRandomFully: true },
    { text: 'iptables v1.8.9 (legacy)\n', backend: 'legacy', hasRandomFully: true },
    { text: 'iptables v1.6.2', backend: 'nf_tables', hasRandomFully: true },
    { text: 'iptables v1.6.1', backend: 'nf_tables', hasRandomFully: false },
    { text: 'iptables v1.4.21', backend: 'nf_tables', hasRandomFully: false },
    { text: '', backend: 'nf_tables', hasRandomFully: false },
  ] as const)('reads $text', ({ text, ...facts }) => {
    expect(parseIptablesVersion(text)).toEqual(facts);
  });
});

describe('describeConnmark', () => {
  // as nft 1.0.6 lists it
  const listed = [
    'table ip aws-cni {',
    '\tchain nat-prerouting {',
    '\t\ttype nat hook prerouting priority dstnat + 10; policy accept;',
    '\t\tfib daddr type local return',
    '\t\tiifname "eni*" counter packets 7 bytes 420 jump snat-mark',
    '\t\tcounter packets 9 bytes 540 meta mark set ct mark & 0x00000080',
    '\t}',
    '',
    '\tchain snat-mark {',
    '\t\tcounter packets 7 bytes 420 ip daddr 10.0.0.0/16 return',
    '\t\tcounter packets 3 bytes 180 ip daddr 100.64.0.0/16 return',
    '\t\tcounter packets 3 bytes 180 ip daddr 192.168.0.0/16 return',
    '\t\tcounter packets 3 bytes 180 ct mark set ct mark | 0x00000080',
    '\t}',
    '}',
    '',
  ].join('\n');

  test('recognises its own work, counters and spelling aside', () => {
    expect(isConnmarkInPlace(describeConnmark(settings), listed)).toBe(true);
    expect(
      isConnmarkInPlace(describeConnmark(settings), listed.replace('dstnat + 10', '-90')),
    ).toBe(true);
  });

  const different: readonly Partial<HostSettings>[] = [
    { connmark: 0x100 },
    { vethPrefix: 'pod' },
    { vpcCidrs: ['10.0.0.0/16'] },
    { excludeSnatCidrs: ['192.168.0.0/16', '172.16.0.0/12'] },
  ];
  test.each(different)('sees the difference to %j', (other) => {
    expect(isConnmarkInPlace(describeConnmark({ ...settings, ...other }), listed)).toBe(false);
  });

  test('names every destination once', () => {
    const vpcCidrs: readonly Ipv4Cidr[] = ['10.0.0.0/16', '10.0.0.0/16'];
    const ruleset = describeConnmark({ ...settings, vpcCidrs, excludeSnatCidrs: ['10.0.3.4/16'] });
    expect(ruleset.match(/ip daddr/g)).toHaveLength(1);
  });
});
