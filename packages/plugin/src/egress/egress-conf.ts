import {
  CNI_ERROR,
  CniError,
  type CniResult,
  CURRENT_VERSION,
  convertResult,
  type PluginConf,
  parsePrevResult,
} from '@vpc-cni/cni-spec';

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
      /** Name of the plugin that gives addresses. */
      readonly ipamType: string;
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
    ipamType: readIpamType(conf),
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

function readIpamType({ ipam }: PluginConf): string {
  const type = ipam?.['type'];
  if (typeof type === 'string' && type !== '') return type;
  throw invalid('ipam.type', type, 'the name of the plugin that gives addresses, host-local');
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
