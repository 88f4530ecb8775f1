import type { NetworkConfList } from '../conf-list.ts';
import type { ValidAttachment } from '../plugin-handlers.ts';
import type { AnyResult } from '../result-family.ts';
import {
  type CachedAttachment,
  type CniAttachment,
  createAttachmentCache,
} from './attachment-cache.ts';
import { addList, checkList, delList, gcList, keyOf, statusList } from './list-operations.ts';
import { createPluginCaller } from './plugin-caller.ts';
import { createPluginExecutor, type PluginExecutor } from './plugin-executor.ts';
import { validateList } from './validate-list.ts';

/** Until when an operation may take. */
export interface OperationOptions {
  /** Kills the plugin that is being executed. Default: none; plugins may take for ever. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * The side of the container runtime: configuration lists carried out over plugins.
 *
 * One operation at a time per container is the caller's to see to. What fails is a `CniError` with the
 * plugin's code and details; its message says which plugin failed at what, and its `cause` is the
 * plugin's own error.
 *
 * @see CNI specification 1.1.0, section 3, "Execution of Network Configurations"
 */
export interface CniRuntime {
  /**
   * ADD, plugin after plugin, each with the result of the one before; remembers the last result.
   * On failure nothing is undone: call {@link CniRuntime.delList}.
   */
  addList(
    list: NetworkConfList,
    attachment: CniAttachment,
    options?: OperationOptions,
  ): Promise<AnyResult>;
  /**
   * CHECK, with the remembered result. Succeeds without asking when the list says `disableCheck`.
   *
   * @throws {CniError} 1 when the list is older than 0.4.0, which has no CHECK.
   */
  checkList(
    list: NetworkConfList,
    attachment: CniAttachment,
    options?: OperationOptions,
  ): Promise<void>;
  /**
   * DEL, last plugin first, with the remembered result (from 0.4.0 on), which is forgotten after success.
   * Stops at the first plugin that fails; call it again.
   */
  delList(
    list: NetworkConfList,
    attachment: CniAttachment,
    options?: OperationOptions,
  ): Promise<void>;
  /**
   * DEL for every remembered attachment of this network that is not valid, then (from 1.1.0 on) GC for
   * each plugin. Does nothing when the list says `disableGC`.
   *
   * @throws {AggregateError} of all failures, after everything was tried.
   */
  gcList(
    list: NetworkConfList,
    validAttachments: readonly ValidAttachment[],
    options?: OperationOptions,
  ): Promise<void>;
  /** STATUS, plugin after plugin; the first that is not ready decides. Lists older than 1.1.0 are ready. */
  statusList(list: NetworkConfList, options?: OperationOptions): Promise<void>;
  /**
   * Finds every plugin and asks it whether it supports the list's version.
   *
   * @returns the capabilities that plugins of the list ask for.
   * @throws {AggregateError} of all plugins that are missing or do not.
   */
  validateList(list: NetworkConfList, options?: OperationOptions): Promise<readonly string[]>;
  /** The remembered result, in the list's version; `undefined` when there is none. */
  cachedResult(
    list: NetworkConfList,
    attachment: Pick<CniAttachment, 'containerId' | 'ifName'>,
  ): Promise<AnyResult | undefined>;
  /** The remembered attachment, with configuration, arguments and capabilities as they were. */
  cachedAttachment(
    list: NetworkConfList,
    attachment: Pick<CniAttachment, 'containerId' | 'ifName'>,
  ): Promise<CachedAttachment | undefined>;
  /** Every remembered attachment, of all networks. */
  cachedAttachments(): Promise<readonly CachedAttachment[]>;
}

/** What a {@link CniRuntime} needs. */
export interface CniRuntimeOptions {
  /** Where plugins are searched, in this order: `CNI_PATH`. */
  readonly pluginDirectories: readonly string[];
  /** Where results are remembered, in its sub-directory `results`. Default: `/var/lib/cni`. */
  readonly cacheDirectory?: string;
  /** Default: processes in the network namespace of this one. */
  readonly executor?: PluginExecutor;
}

/** Makes a {@link CniRuntime}. Nothing is touched before it is used. */
export function createCniRuntime({
  pluginDirectories,
  cacheDirectory = '/var/lib/cni',
  executor = createPluginExecutor(),
}: CniRuntimeOptions): CniRuntime {
  const cache = createAttachmentCache(cacheDirectory);
  const call = createPluginCaller(pluginDirectories, executor);
  const until = ({ signal }: OperationOptions = {}) => ({ cache, call, signal });
  return {
    addList: (list, attachment, options) => addList(until(options), list, attachment),
    checkList: (list, attachment, options) => checkList(until(options), list, attachment),
    delList: (list, attachment, options) => delList(until(options), list, attachment),
    gcList: (list, valid, options) => gcList(until(options), list, valid),
    statusList: (list, options) => statusList(until(options), list),
    validateList: (list, { signal } = {}) =>
      validateList(list, { pluginDirectories, executor, signal }),
    cachedResult: (list, attachment) => cache.readResult(keyOf(list, attachment), list.cniVersion),
    cachedAttachment: (list, attachment) => cache.read(keyOf(list, attachment)),
    cachedAttachments: () => cache.readAll(),
  };
}
