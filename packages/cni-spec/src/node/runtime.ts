// For people who write runtimes and tests: the operations on a network's configuration list.

export type { CachedAttachment, CniAttachment } from './attachment-cache.ts';
export {
  type CniRuntime,
  type CniRuntimeOptions,
  createCniRuntime,
  type OperationOptions,
} from './cni-runtime.ts';

// For plugins that hand requests on, and for people who execute single plugins.

export { type DelegatedVerb, type DelegateOptions, delegate } from './delegate.ts';
export {
  type ExecOptions,
  execPlugin,
  execPluginWithResult,
  getVersionInfo,
  type PluginCall,
} from './exec-plugin.ts';
export { findPlugin } from './find-plugin.ts';
export {
  createPluginExecutor,
  type PluginExecution,
  type PluginExecutor,
  type PluginExit,
} from './plugin-executor.ts';
