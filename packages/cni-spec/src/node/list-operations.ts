import { CNI_ERROR, CniError } from '../cni-error.ts';
import type { NetworkConfList } from '../conf-list.ts';
import { showValue } from '../json-object.ts';
import type { ValidAttachment } from '../plugin-handlers.ts';
import type { RequestAdditions } from '../plugin-request.ts';
import type { AnyResult } from '../result-family.ts';
import { compareVersions } from '../version.ts';
import type {
  AttachmentCache,
  AttachmentKey,
  CachedAttachment,
  CniAttachment,
} from './attachment-cache.ts';
import { execPlugin, execPluginWithResult } from './exec-plugin.ts';
import type { PluginCaller } from './plugin-caller.ts';
import { tryAll } from './try-all.ts';

// The verbs over a list. What they promise is documented at CniRuntime.

/** What every operation works with. */
export interface OperationContext {
  readonly cache: AttachmentCache;
  readonly call: PluginCaller;
  readonly signal: AbortSignal | undefined;
}

export async function addList(
  { cache, call, signal }: OperationContext,
  list: NetworkConfList,
  attachment: CniAttachment,
): Promise<AnyResult> {
  let result: AnyResult | undefined;
  for (const plugin of list.plugins) {
    const additions = additionsOf(attachment, result);
    const request = { verb: 'ADD', list, plugin, attachment, additions, signal } as const;
    result = await call(request, execPluginWithResult);
  }
  if (result === undefined) {
    throw new CniError(
      CNI_ERROR.invalidConfig,
      'the network has no plugins',
      `list ${showValue(list.name)} has none inlined; loadConfList adds those of its directory`,
    );
  }
  await cache.write(list, attachment, result);
  return result;
}

export async function checkList(
  { cache, call, signal }: OperationContext,
  list: NetworkConfList,
  attachment: CniAttachment,
): Promise<void> {
  if (compareVersions(list.cniVersion, '0.4.0') < 0) {
    throw new CniError(
      CNI_ERROR.incompatibleVersion,
      'the list’s version has no CHECK',
      `cniVersion is ${showValue(list.cniVersion)}, CHECK needs 0.4.0 or newer`,
    );
  }
  if (list.disableCheck) return;
  const result = await cache.readResult(keyOf(list, attachment), list.cniVersion);
  const additions = additionsOf(attachment, result);
  for (const plugin of list.plugins) {
    await call({ verb: 'CHECK', list, plugin, attachment, additions, signal }, execPlugin);
  }
}

export async function delList(
  { cache, call, signal }: OperationContext,
  list: NetworkConfList,
  attachment: CniAttachment,
): Promise<void> {
  const result = await resultForDel(cache, list, attachment);
  const additions = additionsOf(attachment, result);
  for (const plugin of list.plugins.toReversed()) {
    await call({ verb: 'DEL', list, plugin, attachment, additions, signal }, execPlugin);
  }
  await cache.remove(keyOf(list, attachment));
}

export async function gcList(
  context: OperationContext,
  list: NetworkConfList,
  validAttachments: readonly ValidAttachment[],
): Promise<void> {
  if (list.disableGC) return;
  const { cache, call, signal } = context;
  const isValid = ({ containerId, ifName }: CachedAttachment) =>
    validAttachments.some((one) => one.containerID === containerId && one.ifname === ifName);
  const known = await cache.readAll();
  const stale = known.filter((one) => one.networkName === list.name && !isValid(one));
  const hasGc = compareVersions(list.cniVersion, '1.1.0') >= 0;
  const collecting = hasGc ? list.plugins : [];
  const additions = { validAttachments };
  await tryAll(`collecting the garbage of network ${showValue(list.name)}`, [
    ...stale.map((attachment) => () => delList(context, list, attachment)),
    ...collecting.map(
      (plugin) => () => call({ verb: 'GC', list, plugin, additions, signal }, execPlugin),
    ),
  ]);
}

export async function statusList(
  { call, signal }: OperationContext,
  list: NetworkConfList,
): Promise<void> {
  if (compareVersions(list.cniVersion, '1.1.0') < 0) return;
  for (const plugin of list.plugins) {
    await call({ verb: 'STATUS', list, plugin, signal }, execPlugin);
  }
}

export const keyOf = (
  list: NetworkConfList,
  { containerId, ifName }: Pick<CniAttachment, 'containerId' | 'ifName'>,
): AttachmentKey => ({ networkName: list.name, containerId, ifName });

const additionsOf = (
  { capabilityArgs }: CniAttachment,
  result: AnyResult | undefined,
): RequestAdditions => ({
  ...(capabilityArgs === undefined ? {} : { capabilityArgs }),
  ...(result === undefined ? {} : { prevResult: result }),
});

/** DEL must go on without a result: one that cannot be used is forgotten. */
async function resultForDel(
  cache: AttachmentCache,
  list: NetworkConfList,
  attachment: CniAttachment,
): Promise<AnyResult | undefined> {
  if (compareVersions(list.cniVersion, '0.4.0') < 0) return undefined;
  const key = keyOf(list, attachment);
  try {
    return await cache.readResult(key, list.cniVersion);
  } catch {
    await cache.remove(key);
    return undefined;
  }
}
