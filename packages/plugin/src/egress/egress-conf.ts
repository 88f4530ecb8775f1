import {
  CNI_ERROR,
  CniError,
  type CniResult,
  CURRENT_VERSION,
  convertResult,
  type JsonObject,
  type PluginConf,
  parsePrevResult,
} from '@vpc-cni/cni-spec';
import type { EgressPool } from './egress-ports.ts';

/** How source ports are chosen. */
export type RandomizeSnat = 'prng' | 'hashrandom' | 'none';

/** What the `egress-cni` entry of the configuration list says. */
export type EgressConf = { readonly mtuBytes: number } & (
  | { readonly isEnabled: false }
  | {
      readonly isEnabled: true;
      /** The node's address by which pods leave; its family is the egress's. */
      readonly nodeAddress: string;
      readonly randomizeSnat: RandomizeSnat;
      readonly pool: EgressPool;
    }
);

/**
 * Reads the plugin's own keys. All of them are JSON strings, as the reference implementation has them.
 *
 * @throws {CniError} 7 when a key is missing, has the wrong type or a value that cannot be used.
 */
export function readEgressConf(conf: PluginConf): EgressConf {
  const mtuBytes = readMtu(conf);
  if (textOf(conf, 'enabled') !== 'true') return { mtuBytes, isEnabled: false };
  const randomizeSnat = textOf(conf, 'randomizeSNAT');
  return {
    mtuBytes,
    isEnabled: true,
    nodeAddress: readNodeAddress(conf),
    // Anything else is the default, as in the plugin this one replaces.
    randomizeSnat:
      randomizeSnat === 'none' || randomizeSnat === 'hashrandom' ? randomizeSnat : 'prng',
    pool: readPool(conf),
  };
}

/**
 * The result of the plugin that wired the pod.
 *
 * @throws {CniError} 7 when there is none: the entry stands first in the list, or alone.
 */
export function requirePrevResult(conf: PluginConf): CniResult {
  const previous = parsePrevResult(conf);
  if (previous !== undefined) return convertResult(previous, CURRENT_VERSION);
  throw new CniError(
    CNI_ERROR.invalidConfig,
    'egress-cni came without prevResult',
    'it adds to what another plugin wired: put its entry behind that of aws-cni',
  );
}

function readMtu(conf: PluginConf): number {
  const text = textOf(conf, 'mtu');
  if (/^[+-]?\d+$/.test(text)) return Number(text);
  throw invalid('mtu', text, 'a whole number as a JSON string');
}

function readNodeAddress(conf: PluginConf): string {
  const text = textOf(conf, 'nodeIP');
  const isIpv4 = /^\d+(\.\d+){3}$/.test(text);
  // Global unicast, unique local included: everything but loopback, link-local and groups.
  const isGlobalIpv6 = /^[0-9a-f]{1,4}:[0-9a-f:]+$/i.test(text) && !/^(fe[89ab]|ff)/i.test(text);
  if (isIpv4 || isGlobalIpv6) return text;
  throw invalid('nodeIP', text, "the node's IPv4 address, or a global IPv6 address of it");
}

/** What the CNI project's `host-local` would be told, as far as addresses for egress need it. */
function readPool({ name, ipam = {} }: PluginConf): EgressPool {
  const { type, dataDir, ranges } = ipam;
  if (type !== 'host-local') throw invalid('ipam.type', type, 'host-local');
  if (typeof dataDir !== 'string' || !dataDir.startsWith('/')) {
    throw invalid('ipam.dataDir', dataDir, 'a path of the host');
  }
  const cidr = onlySubnetOf(ranges);
  if (cidr === undefined) {
    throw invalid(
      'ipam.ranges',
      ranges,
      'one range with its subnet, [[{"subnet":"fd00::ac:00/118"}]]',
    );
  }
  return { dataDirectory: dataDir, networkName: name, cidr };
}

function onlySubnetOf(ranges: unknown): string | undefined {
  const [range, ...others]: readonly (JsonObject | null)[] = Array.isArray(ranges)
    ? ranges.flat()
    : [];
  const { subnet, ...more } = range ?? {};
  const isOnly = others.length === 0 && Object.keys(more).length === 0;
  return isOnly && typeof subnet === 'string' ? subnet : undefined;
}

function textOf(conf: PluginConf, key: string): string {
  const value: unknown = conf.raw[key] ?? '';
  if (typeof value !== 'string') throw invalid(key, value, 'a JSON string');
  return value;
}

const invalid = (key: string, value: unknown, expected: string) =>
  new CniError(
    CNI_ERROR.invalidConfig,
    `invalid network configuration: ${key}`,
    `${key} is ${JSON.stringify(value)}, expected ${expected}; correct it in the conflist`,
  );
