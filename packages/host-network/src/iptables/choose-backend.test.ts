import { expect, test } from '@jest/globals';
import type { IptablesBackend } from '../desired/host-facts.ts';
import { chooseBackend } from './choose-backend.ts';
import { parseIptablesSave } from './parse-iptables-save.ts';

const tables = (...lines: readonly string[]) => [
  parseIptablesSave(['*mangle', ...lines, 'COMMIT'].join('\n')),
];
const rules = (count: number) => Array.from({ length: count }, () => '-A FORWARD -j ACCEPT');
const ours = Array.from(
  { length: 9 },
  () =>
    '-A PREROUTING -i eni+ -m comment --comment "AWS, primary ENI" -j CONNMARK --restore-mark --nfmask 0x80 --ctmask 0x80',
);
const hint = ':KUBE-IPTABLES-HINT - [0:0]';
const canary = ':KUBE-KUBELET-CANARY - [0:0]';
const proxy = ':KUBE-PROXY-CANARY - [0:0]';

interface Case {
  readonly name: string;
  readonly nft?: readonly string[];
  readonly legacy?: readonly string[];
  readonly current?: IptablesBackend;
  readonly chosen: IptablesBackend | undefined;
}

// As iptables-wrapper-installer.sh (kubernetes-sigs/iptables-wrappers) decides.
const first: readonly Case[] = [
  { name: 'nf_tables on an empty host', nft: [], legacy: [], chosen: 'nf_tables' },
  { name: 'the kubelet’s hint', nft: rules(5), legacy: [hint], chosen: 'legacy' },
  { name: 'the kubelet’s canary', nft: rules(5), legacy: [canary], chosen: 'legacy' },
  { name: 'nf_tables where both have a hint', nft: [hint], legacy: [hint], chosen: 'nf_tables' },
  { name: 'the side with more rules', nft: rules(2), legacy: rules(3), chosen: 'legacy' },
  { name: 'nf_tables in a draw', nft: rules(3), legacy: rules(3), chosen: 'nf_tables' },
  { name: 'by rules that are not ours', nft: rules(1), legacy: ours, chosen: 'nf_tables' },
  { name: 'the only side there is', legacy: [], chosen: 'legacy' },
  { name: 'nothing where there is no side', chosen: undefined },
];
const again: readonly Case[] = [
  {
    name: 'stays although the other side has more rules',
    ...{ current: 'nf_tables', nft: [], legacy: rules(9), chosen: 'nf_tables' },
  },
  {
    name: 'follows a kubelet that turns up on the other side',
    ...{ current: 'nf_tables', nft: rules(9), legacy: [canary], chosen: 'legacy' },
  },
  {
    name: 'follows a kube-proxy that turns up on the other side, without kubelet',
    ...{ current: 'legacy', nft: [proxy], legacy: rules(9), chosen: 'nf_tables' },
  },
  {
    name: 'stays with a kube-proxy on this side',
    ...{ current: 'legacy', nft: [proxy], legacy: [proxy], chosen: 'legacy' },
  },
  {
    name: 'leaves a side that is gone',
    ...{ current: 'legacy', nft: [], chosen: 'nf_tables' },
  },
];

const choose = ({ nft, legacy, current }: Case) =>
  chooseBackend(
    {
      ...(nft === undefined ? {} : { nf_tables: tables(...nft) }),
      ...(legacy === undefined ? {} : { legacy: tables(...legacy) }),
    },
    current,
  );

test.each(first)('the first choice is $name', (one) => {
  expect(choose(one)).toBe(one.chosen);
});

test.each(again)('a later choice $name', (one) => {
  expect(choose(one)).toBe(one.chosen);
});
