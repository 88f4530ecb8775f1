import { readdir, readFile } from 'node:fs/promises';
import { dirname, extname, join } from 'node:path';
import { CNI_ERROR, CniError, isCniError } from '../cni-error.ts';
import { confListFromConf, type NetworkConfList, parseConfList } from '../conf-list.ts';
import { validateNetworkName } from '../identifiers.ts';
import { showValue, within } from '../json-object.ts';
import { type PluginConf, parsePluginConf } from '../plugin-conf.ts';
import { isSystemError } from './system-error.ts';

/** A file of a configuration directory: the network in it, or why there is none. */
export type ConfFile =
  | { readonly path: string; readonly list: NetworkConfList }
  | { readonly path: string; readonly error: CniError };

/**
 * Every network of a directory, in the order in which containerd and CRI-O look at them: `.conf`,
 * `.conflist` and `.json` in one list, sorted by the bytes of their names.
 *
 * containerd takes the first and fails when it is malformed; CRI-O passes over malformed ones. A
 * directory that is missing has no files.
 *
 * @throws {Error} when the directory cannot be read.
 */
export async function loadConfDirectory(directory: string): Promise<readonly ConfFile[]> {
  const paths = await confFiles(directory, ['.conf', '.conflist', '.json']);
  return Promise.all(
    paths.map(async (path): Promise<ConfFile> => {
      try {
        return { path, list: await loadConfFile(path) };
      } catch (error) {
        if (!isCniError(error)) throw error;
        return { path, error };
      }
    }),
  );
}

/**
 * The network of that name, as the reference runtime finds it: the first of all `.conflist` files, or
 * else the first of all `.conf` and `.json` files, sorted by the bytes of their names.
 *
 * A malformed file that is met before is an error, even though it may be another network's.
 *
 * @throws {CniError} 7 when there is none; 5, 6 or 7 for an unreadable or malformed file.
 */
export async function loadConfList(directory: string, name: string): Promise<NetworkConfList> {
  for (const extensions of [['.conflist'], ['.conf', '.json']]) {
    for (const path of await confFiles(directory, extensions)) {
      const list = await loadConfFile(path);
      if (list.name === name) return list;
    }
  }
  throw new CniError(
    CNI_ERROR.invalidConfig,
    `no network ${showValue(name)}`,
    `no file in ${directory} configures it`,
  );
}

/**
 * The network in one file. A `.conflist` also gets the plugins in the directory that is named after the
 * network and lies beside it, unless it says `loadOnlyInlinedPlugins`; every other file is one plugin.
 *
 * @throws {CniError} 5 when a file cannot be read; 6 or 7 when it is malformed, or no plugin is left.
 */
export async function loadConfFile(path: string): Promise<NetworkConfList> {
  const text = await readConf(path);
  if (extname(path) !== '.conflist') {
    return within(path, () => confListFromConf(parsePluginConf(text)));
  }
  const list = within(path, () => parseConfList(text));
  const plugins = [...list.plugins, ...(await pluginsBeside(path, list))];
  if (plugins.length > 0) return { ...list, plugins };
  throw new CniError(
    CNI_ERROR.invalidConfig,
    'the network has no plugins',
    `in ${path}: none inlined, none in ${join(dirname(path), list.name)}`,
  );
}

async function pluginsBeside(path: string, list: NetworkConfList): Promise<readonly PluginConf[]> {
  if (list.loadOnlyInlinedPlugins || !isNetworkName(list.name)) return [];
  const plugins = await confFiles(join(dirname(path), list.name), ['.conf']);
  return Promise.all(
    plugins.map(async (plugin) => {
      const text = await readConf(plugin);
      return within(plugin, () => parsePluginConf(text));
    }),
  );
}

/** Only such a name becomes a path. */
function isNetworkName(name: string): boolean {
  try {
    validateNetworkName(name);
    return true;
  } catch {
    return false;
  }
}

async function confFiles(directory: string, extensions: readonly string[]) {
  const entries = await readdir(directory, { withFileTypes: true }).catch((cause: unknown) => {
    if (isSystemError(cause, 'ENOENT')) return [];
    throw unreadable(directory, cause);
  });
  return entries
    .filter((entry) => !entry.isDirectory() && extensions.includes(extname(entry.name)))
    .map(({ name }) => join(directory, name))
    .sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
}

const readConf = (path: string): Promise<string> =>
  readFile(path, 'utf8').catch((cause: unknown) => {
    throw unreadable(path, cause);
  });

function unreadable(path: string, cause: unknown): CniError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new CniError(CNI_ERROR.io, `cannot read ${path}`, reason, { cause });
}
