import { CNI_ERROR, CniError, type PluginConf } from '@vpc-cni/cni-spec';
import type { BranchMode } from './ports.ts';

/** What the `aws-cni` entry of the configuration list says about this plugin. */
export interface NetConf {
  readonly networkName: string;
  /** Prefix of host link names, at most four bytes, so that the name fits the kernel's 15. */
  readonly vethPrefix: string;
  readonly mtuBytes: number;
  /** How pods that have an ENI of their own are wired. */
  readonly branchMode: BranchMode;
}

const DEFAULT_VETH_PREFIX = 'eni';
const DEFAULT_MTU_BYTES = 9001;
const MIN_MTU_BYTES = 576;
const MAX_VETH_PREFIX_BYTES = 4;

/**
 * Reads this plugin's own keys from its configuration.
 *
 * @throws {CniError} 7 when a key has the wrong type or `vethPrefix` is too long.
 */
export function readNetConf(conf: PluginConf): NetConf {
  const vethPrefix = optionalText(conf, 'vethPrefix') ?? DEFAULT_VETH_PREFIX;
  if (new TextEncoder().encode(vethPrefix).length > MAX_VETH_PREFIX_BYTES) {
    throw invalid('vethPrefix', vethPrefix, `at most ${MAX_VETH_PREFIX_BYTES} bytes`);
  }
  return {
    networkName: conf.name,
    vethPrefix,
    mtuBytes: podMtu(optionalText(conf, 'mtu')),
    // What nobody knows must not let more pass than was meant.
    branchMode: optionalText(conf, 'podSGEnforcingMode') === 'standard' ? 'standard' : 'strict',
  };
}

/** A text that is no usable MTU means the default, as in the plugin this one replaces. */
function podMtu(text: string | undefined): number {
  const mtu = text !== undefined && /^[+-]?\d+$/.test(text) ? Number(text) : DEFAULT_MTU_BYTES;
  return mtu >= MIN_MTU_BYTES && mtu <= DEFAULT_MTU_BYTES ? mtu : DEFAULT_MTU_BYTES;
}

function optionalText(conf: PluginConf, key: string): string | undefined {
  const value: unknown = conf.raw[key];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'string') throw invalid(key, value, 'a JSON string');
  return value;
}

const invalid = (key: string, value: unknown, expected: string) =>
  new CniError(
    CNI_ERROR.invalidConfig,
    `invalid network configuration: ${key}`,
    `${key} is ${JSON.stringify(value)}, expected ${expected}; correct it in the conflist`,
  );
