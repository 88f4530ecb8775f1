import { CNI_ERROR, CniError } from '../cni-error.ts';
import type { NetworkConfList } from '../conf-list.ts';
import { showValue } from '../json-object.ts';
import { getVersionInfo } from './exec-plugin.ts';
import { failedAt } from './plugin-caller.ts';
import type { PluginExecutor } from './plugin-executor.ts';
import { tryAll } from './try-all.ts';

/** How the plugins of a list are reached. */
interface Reach {
  readonly pluginDirectories: readonly string[];
  readonly executor: PluginExecutor;
  readonly signal: AbortSignal | undefined;
}

/** Documented at `CniRuntime`. */
export async function validateList(
  list: NetworkConfList,
  reach: Reach,
): Promise<readonly string[]> {
  await tryAll(
    `validating network ${showValue(list.name)}`,
    list.plugins.map(
      ({ type }) =>
        () =>
          requireSupport(type, list.cniVersion, reach),
    ),
  );
  const wanted = list.plugins.flatMap(({ capabilities }) => Object.entries(capabilities));
  return [...new Set(wanted.filter(([, isWanted]) => isWanted).map(([name]) => name))];
}

async function requireSupport(
  type: string,
  cniVersion: string,
  { pluginDirectories, executor, signal }: Reach,
): Promise<void> {
  const path = await executor.find(type, pluginDirectories);
  const { supportedVersions } = await getVersionInfo(path, { executor, signal }).catch((caught) => {
    throw failedAt(type, 'VERSION', caught);
  });
  if (supportedVersions.includes(cniVersion)) return;
  throw new CniError(
    CNI_ERROR.incompatibleVersion,
    `plugin type=${showValue(type)} does not support the list’s version`,
    `cniVersion is ${showValue(cniVersion)}, it supports ${supportedVersions.join(', ')}`,
  );
}
