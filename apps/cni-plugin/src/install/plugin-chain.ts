import { isDeepStrictEqual } from 'node:util';
import {
  type JsonObject,
  type NetworkConfList,
  parseConfList,
  removePlugin,
  setPlugin,
} from '@vpc-cni/cni-spec';
import type { ChainSettings, EgressSettings } from './settings.ts';

type Entry = JsonObject & { readonly type: string };

/** What the egress plugin is told, beside the settings of all plugins. */
export interface EgressChoice extends EgressSettings {
  readonly isIpv6: boolean;
  /** The node's address of the other family; empty switches egress off. */
  readonly nodeAddress: string;
}

/** Everything that decides on our part of the configuration list. */
export interface OwnChain {
  readonly chain: ChainSettings;
  /** `undefined` where the host has no such plugin: a runtime fails every pod for a missing program. */
  readonly egress: EgressChoice | undefined;
  /** A list that an operator gives instead of ours, with placeholders. */
  readonly template?: string | undefined;
}

/**
 * The list with our part as the settings want it. What others put into it stays, and stays in its place: their
 * plugins, their keys, the order. Applied twice, it changes nothing the second time.
 *
 * `aws-cni` and `egress-cni` are ours by name. Of `portmap`, `bandwidth` and `tuning`, which others chain too, an
 * entry is ours when it reads as we write it.
 *
 * @param current `undefined` when there is none.
 */
export function withOwnPlugins(
  current: NetworkConfList | undefined,
  own: OwnChain,
): NetworkConfList {
  const awsCni = awsCniEntry(own.chain);
  const base = current ?? listOf({ ...NEW_LIST, plugins: [awsCni] });
  let list = setPlugin(base, awsCni, 'first');
  list =
    own.egress === undefined
      ? without(list, 'egress-cni')
      : withEgress(list, own.chain, own.egress);
  if (!typesOf(list).includes('portmap')) list = setPlugin(list, PORTMAP, 'last');
  list = withSwitched(list, BANDWIDTH, own.chain.hasBandwidth);
  return withSwitched(list, TUNING, own.chain.disablesPodIpv6);
}

/** The list without our part; `undefined` when nobody else has one. */
export function withoutOwnPlugins(current: NetworkConfList): NetworkConfList | undefined {
  const foreign = entriesOf(current).filter(
    (entry) =>
      !OWN_TYPES.includes(entry['type']) && !SHARED.some((ours) => isDeepStrictEqual(ours, entry)),
  );
  if (foreign.length === 0) return undefined;
  return OWN_TYPES.reduce<NetworkConfList>((list, type) => without(list, `${type}`), current);
}

const NEW_LIST = { cniVersion: '0.4.0', name: 'aws-cni', disableCheck: true };

const awsCniEntry = (chain: ChainSettings): Entry => ({
  name: 'aws-cni',
  type: 'aws-cni',
  vethPrefix: chain.vethPrefix,
  mtu: `${chain.podMtuBytes}`,
  podSGEnforcingMode: chain.podSgEnforcingMode,
  pluginLogFile: chain.pluginLogFile,
  pluginLogLevel: chain.pluginLogLevel,
  capabilities: { 'io.kubernetes.cri.pod-annotations': true },
});

/** What `egress-cni` is told, key by key. */
export const egressEntry = (chain: ChainSettings, egress: EgressChoice) => ({
  name: 'egress-cni',
  type: 'egress-cni',
  mtu: `${chain.podMtuBytes}`,
  enabled: `${egress.isEnabled && egress.nodeAddress !== ''}`,
  randomizeSNAT: chain.randomizeSnat,
  nodeIP: egress.nodeAddress,
  ipam: {
    type: 'host-local',
    ranges: [[{ subnet: egress.isIpv6 ? '169.254.172.0/22' : 'fd00::ac:00/118' }]] as const,
    routes: [{ dst: egress.isIpv6 ? '0.0.0.0/0' : '::/0' }] as const,
    dataDir: egress.isIpv6 ? '/run/cni/v6pd/egress-v4-ipam' : '/run/cni/v4pd/egress-v6-ipam',
  },
  pluginLogFile: egress.logFile,
  pluginLogLevel: chain.pluginLogLevel,
});

const PORTMAP: Entry = { type: 'portmap', capabilities: { portMappings: true }, snat: true };
const BANDWIDTH: Entry = { type: 'bandwidth', capabilities: { bandwidth: true } };
const TUNING: Entry = {
  type: 'tuning',
  sysctl: {
    'net.ipv6.conf.all.disable_ipv6': '1',
    'net.ipv6.conf.default.disable_ipv6': '1',
    'net.ipv6.conf.lo.disable_ipv6': '1',
  },
};

const OWN_TYPES: readonly unknown[] = ['aws-cni', 'egress-cni'];
const SHARED: readonly Entry[] = [PORTMAP, BANDWIDTH, TUNING];

const listOf = (raw: JsonObject): NetworkConfList =>
  parseConfList(`${JSON.stringify(raw, null, 2)}\n`);

const entriesOf = (list: NetworkConfList): readonly JsonObject[] =>
  list.plugins.map(({ raw }) => raw);

const typesOf = (list: NetworkConfList) => entriesOf(list).map(({ type }) => type);

/** Never the last entry: ours, or a foreign one, is still there. */
const without = (list: NetworkConfList, type: string) => removePlugin(list, type) ?? list;

/** Right behind ours, as a new list has it, or where it is. */
function withEgress(list: NetworkConfList, chain: ChainSettings, egress: EgressChoice) {
  const entry = egressEntry(chain, egress);
  if (typesOf(list).includes(entry.type)) return setPlugin(list, entry, 'last');
  const behind = typesOf(list).indexOf('aws-cni') + 1;
  return listOf({ ...list.raw, plugins: entriesOf(list).toSpliced(behind, 0, entry) });
}

/** `setPlugin` would replace another's entry of the same type. */
function withSwitched(list: NetworkConfList, entry: Entry, isWanted: boolean): NetworkConfList {
  const entries = entriesOf(list);
  const others = entries.filter((other) => !isDeepStrictEqual(other, entry));
  const isThere = others.length < entries.length;
  if (isThere === isWanted) return list;
  // A second bandwidth would shape the same traffic twice; a second tuning sets other keys.
  const isTaken = entry.type === 'bandwidth' && typesOf(list).includes(entry.type);
  if (isWanted && isTaken) return list;
  return listOf({ ...list.raw, plugins: isWanted ? [...entries, entry] : others });
}
