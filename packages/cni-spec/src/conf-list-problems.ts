import { isCniError } from './cni-error.ts';
import { parseConfList } from './conf-list.ts';
import { validateNetworkName } from './identifiers.ts';
import {
  isJsonObject,
  type JsonObject,
  parseJsonObject,
  showValue,
  within,
} from './json-object.ts';
import { installedConfOf } from './plugin-conf.ts';
import { isKnownVersion, KNOWN_VERSIONS } from './version.ts';

/** Keys that only runtimes write; an administrator's would be overwritten, or mistaken for theirs. */
const KEYS_OF_RUNTIMES = ['prevResult', 'runtimeConfig'];

/**
 * All that is wrong with a configuration list, as an administrator wrote it; nothing when it is fine.
 *
 * Stricter than {@link parseConfList}: what a runtime would only notice at an ADD, such as a malformed
 * name or a version that nobody knows, is a problem too. Each line names place, value and rule.
 */
export function findConfListProblems(text: string): readonly string[] {
  const problems: string[] = [];
  const attempt = <T>(read: () => T): T | undefined => {
    try {
      return read();
    } catch (caught) {
      if (!isCniError(caught)) throw caught;
      const { msg, details } = caught;
      problems.push(details === undefined ? msg : `${msg}: ${details}`);
      return undefined;
    }
  };
  const raw = attempt(() => parseJsonObject(text, 'the network configuration list'));
  if (raw === undefined) return problems;

  const { plugins } = raw;
  const isListOfPlugins = Array.isArray(plugins) && plugins.every(isJsonObject);
  // The plugins are looked at one by one below, so that one problem does not hide another.
  const placeholder = isListOfPlugins && plugins.length > 0 ? [{ type: 'any' }] : plugins;
  attempt(() => parseConfList(JSON.stringify({ ...raw, plugins: placeholder })));
  if (typeof raw['name'] === 'string') attempt(() => validateNetworkName(String(raw['name'])));
  problems.push(...versionProblems(raw));
  for (const [index, plugin] of (isListOfPlugins ? plugins : []).entries()) {
    const where = `plugins[${index}]`;
    attempt(() => within(where, () => installedConfOf(plugin)));
    problems.push(...pluginProblems(plugin).map((problem) => `${where}: ${problem}`));
  }
  return problems;
}

function versionProblems({ cniVersion, cniVersions }: JsonObject): readonly string[] {
  const listed = Array.isArray(cniVersions) ? cniVersions : [];
  return [cniVersion, ...listed].flatMap((version) =>
    typeof version !== 'string' || version === '' || isKnownVersion(version)
      ? []
      : [`unknown version ${showValue(version)}: known are ${KNOWN_VERSIONS.join(', ')}`],
  );
}

function pluginProblems(plugin: JsonObject): readonly string[] {
  const { type, ipam } = plugin;
  const types = [type, isJsonObject(ipam) ? ipam['type'] : undefined];
  return [
    ...types.flatMap((name) =>
      typeof name === 'string' && /[/\\]/.test(name)
        ? [`invalid type ${showValue(name)}: it names a file, not a path`]
        : [],
    ),
    ...KEYS_OF_RUNTIMES.filter((key) => Object.hasOwn(plugin, key)).map(
      (key) => `${key} is not for configuration: runtimes write it into requests`,
    ),
  ];
}
