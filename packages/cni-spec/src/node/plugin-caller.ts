import { delimiter } from 'node:path';
import { formatArgs } from '../cni-args.ts';
import { CniError } from '../cni-error.ts';
import { cniErrorOf } from '../cni-error-of.ts';
import type { NetworkConfList } from '../conf-list.ts';
import { validateContainerID, validateInterfaceName, validateNetworkName } from '../identifiers.ts';
import { showValue } from '../json-object.ts';
import type { PluginConf } from '../plugin-conf.ts';
import { derivePluginRequest, type RequestAdditions } from '../plugin-request.ts';
import type { CniAttachment } from './attachment-cache.ts';
import type { ExecOptions, PluginCall } from './exec-plugin.ts';
import type { PluginExecutor } from './plugin-executor.ts';

/** One verb for one plugin of a list. */
export interface VerbCall {
  readonly verb: 'ADD' | 'CHECK' | 'DEL' | 'GC' | 'STATUS';
  readonly list: NetworkConfList;
  readonly plugin: PluginConf;
  /** Only ADD, CHECK and DEL have one. */
  readonly attachment?: CniAttachment;
  readonly additions?: RequestAdditions;
  readonly signal: AbortSignal | undefined;
}

/** Finds a plugin and executes it; the error says which plugin failed at which verb. */
export type PluginCaller = <T>(
  call: VerbCall,
  exec: (call: PluginCall, options: ExecOptions) => Promise<T>,
) => Promise<T>;

export const createPluginCaller =
  (directories: readonly string[], executor: PluginExecutor): PluginCaller =>
  async ({ verb, list, plugin, attachment, additions, signal }, exec) => {
    try {
      const path = await executor.find(plugin.type, directories);
      // Only here, as in the reference runtime: the other verbs leave it to the plugins.
      if (verb === 'ADD') requireValidNames(list, attachment);
      const environment = {
        CNI_COMMAND: verb,
        CNI_CONTAINERID: attachment?.containerId ?? '',
        CNI_NETNS: attachment?.netns ?? '',
        CNI_IFNAME: attachment?.ifName ?? '',
        CNI_ARGS: formatArgs(attachment?.args ?? []),
        CNI_PATH: directories.join(delimiter),
      };
      const stdin = derivePluginRequest(list, plugin, additions);
      return await exec({ path, environment, stdin }, { executor, signal });
    } catch (caught) {
      throw failedAt(plugin.type, verb, caught);
    }
  };

/** The same error, with the plugin and the verb in front of its text. */
export function failedAt(type: string, verb: string, caught: unknown): CniError {
  const { code, msg, details } = cniErrorOf(caught);
  const text = `plugin type=${showValue(type)} failed (${verb.toLowerCase()}): ${msg}`;
  return new CniError(code, text, details, { cause: caught });
}

function requireValidNames(list: NetworkConfList, attachment: CniAttachment | undefined): void {
  validateContainerID(attachment?.containerId ?? '');
  validateNetworkName(list.name);
  validateInterfaceName(attachment?.ifName ?? '');
}
