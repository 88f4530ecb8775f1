import { delimiter } from 'node:path';
import type { Environment } from '../request-variables.ts';
import type { AnyResult } from '../result-family.ts';
import { type ExecOptions, execPlugin, execPluginWithResult } from './exec-plugin.ts';
import { createPluginExecutor } from './plugin-executor.ts';

/** A verb that one plugin may hand on to another. */
export type DelegatedVerb = 'ADD' | 'CHECK' | 'DEL' | 'GC' | 'STATUS';

/** How a plugin hands a request on. */
export interface DelegateOptions extends ExecOptions {
  /** Environment of the request that is handed on. Default: this process's. */
  readonly environment?: Environment;
}

/**
 * Hands the request that a plugin got on to another plugin, such as the one that `ipam.type` names.
 *
 * The plugin is searched in the request's `CNI_PATH`, inherits its environment, and gets its stdin
 * unchanged: pass `request.stdin`, not a configuration written anew. When ADD fails after a delegate's ADD
 * succeeded, delegate a DEL before failing.
 *
 * @returns for ADD the result, in the delegate's version; `convertResult` makes it the newest.
 * @throws {CniError} the delegate's own: leave it uncaught and the runtime gets its code; 999 when the
 *   plugin is not found.
 */
export async function delegate(
  verb: 'ADD',
  type: string,
  stdin: string,
  options?: DelegateOptions,
): Promise<AnyResult>;
export async function delegate(
  verb: Exclude<DelegatedVerb, 'ADD'>,
  type: string,
  stdin: string,
  options?: DelegateOptions,
): Promise<undefined>;
export async function delegate(
  verb: DelegatedVerb,
  type: string,
  stdin: string,
  { environment = process.env, executor = createPluginExecutor(), signal }: DelegateOptions = {},
): Promise<AnyResult | undefined> {
  const directories = (environment['CNI_PATH'] ?? '').split(delimiter);
  const path = await executor.find(type, directories);
  const call = { path, environment: { ...environment, CNI_COMMAND: verb }, stdin };
  const options = { executor, signal };
  if (verb === 'ADD') return execPluginWithResult(call, options);
  await execPlugin(call, options);
  return undefined;
}
