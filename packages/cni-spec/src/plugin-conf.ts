import { CNI_ERROR, CniError } from './cni-error.ts';
import {
  decodingError,
  type JsonObject,
  optionalObject,
  optionalText,
  parseJsonObject,
  present,
} from './json-object.ts';
import { type CniDns, decodeDns } from './result-dns.ts';
import { ABSENT_VERSION } from './version.ts';

/**
 * Configuration of one plugin, as an administrator wrote it or as a runtime sends it.
 *
 * The typed members are those of the protocol. Everything, the plugin's own keys included, is in
 * `raw`, unchanged: different plugins use one key with different types.
 */
export interface PluginConf {
  readonly raw: JsonObject;
  /** Network name; empty when absent. Validated by the skeleton, not here. */
  readonly name: string;
  /** Name of the executable; empty when a request came without it. */
  readonly type: string;
  /** Version of the protocol; 0.1.0 when absent or empty. May be one that nobody knows. */
  readonly cniVersion: string;
  /** Configuration of the IPAM plugin; `ipam.type` names it, the rest is its own. */
  readonly ipam?: JsonObject;
  /** Name resolution, as the administrator wants it. */
  readonly dns?: CniDns;
  /** What the plugin wants in `runtimeConfig`. */
  readonly capabilities: Readonly<Record<string, boolean>>;
  /** Values of the capabilities, from the runtime. */
  readonly runtimeConfig: JsonObject;
  /** Previous result as received; read it with `parsePrevResult`. `{}` is one, `null` is none. */
  readonly prevResult?: JsonObject;
}

/**
 * Parses the configuration object of one plugin.
 *
 * @throws {CniError} 6 when the text is not one JSON object or a member of the protocol has the wrong
 *   type; 7 when `type` is missing or empty.
 */
export const parsePluginConf = (text: string): PluginConf => installedConfOf(parseConfObject(text));

/** As {@link parsePluginConf}, for JSON that has been parsed already. */
export function installedConfOf(raw: JsonObject): PluginConf {
  const conf = pluginConfOf(raw);
  if (conf.type === '') {
    throw new CniError(
      CNI_ERROR.invalidConfig,
      'invalid network configuration: type',
      'type is missing or empty; it names the plugin to execute',
    );
  }
  return conf;
}

/** The JSON object of a configuration, with nothing checked but that it is one. */
export const parseConfObject = (text: string): JsonObject =>
  parseJsonObject(text, 'the network configuration');

/** The version of a configuration object: 0.1.0 when absent or empty. */
export const versionOfConf = (raw: JsonObject): string =>
  optionalText(raw, 'cniVersion', 'cniVersion') || ABSENT_VERSION;

/** The typed view of a configuration object; `type` may be missing. */
export function pluginConfOf(raw: JsonObject): PluginConf {
  const ipam = optionalObject(raw, 'ipam', 'ipam');
  if (ipam !== undefined) optionalText(ipam, 'type', 'ipam.type');
  return present({
    raw,
    name: optionalText(raw, 'name', 'name') ?? '',
    type: optionalText(raw, 'type', 'type') ?? '',
    cniVersion: versionOfConf(raw),
    ipam,
    dns: decodeDns(raw),
    capabilities: capabilitiesOf(raw),
    runtimeConfig: optionalObject(raw, 'runtimeConfig', 'runtimeConfig') ?? {},
    prevResult: optionalObject(raw, 'prevResult', 'prevResult'),
  });
}

function capabilitiesOf(raw: JsonObject): Readonly<Record<string, boolean>> {
  const capabilities = Object.entries(optionalObject(raw, 'capabilities', 'capabilities') ?? {});
  return Object.fromEntries(
    capabilities.map(([name, isWanted]) => {
      if (typeof isWanted !== 'boolean') {
        throw decodingError(`capabilities.${name}`, 'true or false', isWanted);
      }
      return [name, isWanted];
    }),
  );
}
