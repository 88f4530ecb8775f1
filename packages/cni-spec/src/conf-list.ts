import { CNI_ERROR, CniError } from './cni-error.ts';
import { selectListVersion } from './conf-list-version.ts';
import {
  decodeObjects,
  decodingError,
  type JsonObject,
  parseJsonObject,
  within,
} from './json-object.ts';
import { installedConfOf, type PluginConf } from './plugin-conf.ts';
import { ABSENT_VERSION } from './version.ts';

/**
 * A network: plugins that are executed one after the other for each attachment.
 *
 * The typed members are those of the protocol. Everything is in `raw` and, letter for letter, in `text`.
 */
export interface NetworkConfList {
  /** The list as it was written; what a runtime keeps beside each attachment. */
  readonly text: string;
  readonly raw: JsonObject;
  /** Name of the network. May be empty or malformed: the runtime tells on ADD. */
  readonly name: string;
  /** The version selected for all plugins; 0.1.0 when the list says none. May be one that nobody knows. */
  readonly cniVersion: string;
  /** CHECK succeeds without asking the plugins. */
  readonly disableCheck: boolean;
  /** GC does nothing. */
  readonly disableGC: boolean;
  /** Plugins in the directory named after the network are not part of it. */
  readonly loadOnlyInlinedPlugins: boolean;
  /** In the order of ADD. Empty when all plugins are in the network's directory. */
  readonly plugins: readonly PluginConf[];
}

/**
 * Parses a network configuration list.
 *
 * @throws {CniError} 6 when the text is not one JSON object or a member has the wrong type; 7 when a
 *   plugin has no `type`, or the list can never have a plugin.
 * @see CNI specification 1.1.0, section 1, "Network configuration format"
 */
export function parseConfList(text: string): NetworkConfList {
  const raw = parseJsonObject(text, 'the network configuration list');
  if (typeof raw['name'] !== 'string') throw decodingError('name', 'a text', raw['name']);
  if (Object.hasOwn(raw, 'cniVersion') && typeof raw['cniVersion'] !== 'string') {
    throw decodingError('cniVersion', 'a text', raw['cniVersion']);
  }
  const loadOnlyInlinedPlugins = flagOf(raw, 'loadOnlyInlinedPlugins');
  return {
    text,
    raw,
    name: raw['name'],
    cniVersion: selectListVersion(raw) || ABSENT_VERSION,
    disableCheck: flagOf(raw, 'disableCheck'),
    disableGC: flagOf(raw, 'disableGC'),
    loadOnlyInlinedPlugins,
    plugins: inlinedPluginsOf(raw, loadOnlyInlinedPlugins),
  };
}

/**
 * The list of one plugin that a single plugin's configuration stands for, as files of before 0.3.0 do.
 * The plugin keeps its own `name` and `cniVersion`, which become the list's.
 *
 * @throws {CniError} 7 when the configuration has no `type`.
 */
export function confListFromConf(conf: PluginConf): NetworkConfList {
  const { cniVersion } = conf.raw;
  const list = { name: conf.name, ...(cniVersion ? { cniVersion } : {}), plugins: [conf.raw] };
  return parseConfList(JSON.stringify(list));
}

function inlinedPluginsOf(raw: JsonObject, isNeeded: boolean): readonly PluginConf[] {
  if (!Object.hasOwn(raw, 'plugins')) {
    if (isNeeded) {
      throw new CniError(
        CNI_ERROR.invalidConfig,
        'invalid network configuration list: plugins',
        'loadOnlyInlinedPlugins is true, but there is no key plugins',
      );
    }
    return [];
  }
  if (!Array.isArray(raw['plugins']) || raw['plugins'].length === 0) {
    throw decodingError('plugins', 'a list of at least one plugin', raw['plugins']);
  }
  return decodeObjects(raw, 'plugins', 'plugins', (plugin, where) =>
    within(where, () => installedConfOf(plugin)),
  );
}

/** A boolean, or its text in any casing: the 0.4.0 specification called `disableCheck` a string. */
function flagOf(raw: JsonObject, key: string): boolean {
  if (!Object.hasOwn(raw, key)) return false;
  const value = raw[key];
  const text = typeof value === 'string' ? value.toLowerCase() : value;
  if (text === true || text === 'true') return true;
  if (text === false || text === 'false') return false;
  throw decodingError(key, 'true or false', value);
}
