import { type NetworkConfList, parseConfList } from './conf-list.ts';
import type { JsonObject } from './json-object.ts';

/**
 * The list with one plugin's entry set, for installers: the first entry of the plugin's `type` is
 * replaced, or the entry is put in at `place`; further entries of that type go. Everything else, other
 * plugins and unknown keys included, stays as it is.
 *
 * @param plugin configuration of the plugin; `type` is required.
 * @throws {CniError} 6 or 7 when the entry is no configuration of a plugin.
 */
export function setPlugin(
  list: NetworkConfList,
  plugin: JsonObject & { readonly type: string },
  place: 'first' | 'last',
): NetworkConfList {
  const inlined = inlinedOf(list);
  const index = inlined.findIndex(({ type }) => type === plugin.type);
  const others = inlined.filter(({ type }) => type !== plugin.type);
  // Others that came before the entry keep coming before it.
  const position = index >= 0 ? index : place === 'first' ? 0 : others.length;
  return withPlugins(list, others.toSpliced(position, 0, plugin));
}

/** The list without a plugin's entries; `undefined` when no other plugin is left. */
export function removePlugin(list: NetworkConfList, type: string): NetworkConfList | undefined {
  const others = inlinedOf(list).filter((plugin) => plugin['type'] !== type);
  return others.length === 0 ? undefined : withPlugins(list, others);
}

/** Those in the list itself: plugins from the network's directory are not its to write. */
const inlinedOf = (list: NetworkConfList): readonly JsonObject[] =>
  parseConfList(list.text).plugins.map(({ raw }) => raw);

const withPlugins = (list: NetworkConfList, plugins: readonly JsonObject[]): NetworkConfList =>
  parseConfList(`${JSON.stringify({ ...list.raw, plugins }, null, 2)}\n`);
