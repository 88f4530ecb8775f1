import { CNI_ERROR, CniError, isCniError } from '../cni-error.ts';
import { decodeCniError } from '../cni-error-codec.ts';
import { parseJsonObject, showValue } from '../json-object.ts';
import { parseConfObject, versionOfConf } from '../plugin-conf.ts';
import type { Environment } from '../request-variables.ts';
import { decodeResultObject } from '../result-codec.ts';
import type { AnyResult } from '../result-family.ts';
import { CURRENT_VERSION } from '../version.ts';
import { decodeVersionInfo, type VersionInfo } from '../version-info.ts';
import { createPluginExecutor, type PluginExecutor, type PluginExit } from './plugin-executor.ts';

/** One request to one plugin. */
export interface PluginCall {
  /** Path of the executable, as `findPlugin` gives it. */
  readonly path: string;
  /** The variables of the protocol; added to the environment of this process. */
  readonly environment: Environment;
  /** The configuration, JSON. */
  readonly stdin: string;
}

/** How plugins are executed, and until when. */
export interface ExecOptions {
  /** Default: processes. */
  readonly executor?: PluginExecutor;
  /** Kills the plugin when it fires. Default: none. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Executes a plugin for a verb without result.
 *
 * @throws {CniError} the plugin's own; code 0 when it failed without saying why in a CNI error object.
 */
export async function execPlugin(call: PluginCall, options: ExecOptions = {}): Promise<void> {
  await succeed(call, options);
}

/**
 * Executes a plugin for ADD.
 *
 * The result keeps its own label; one without gets the request's version. An object that looks like an
 * error but comes with exit status 0 is a result: an empty one.
 *
 * @throws {CniError} as {@link execPlugin}; 6 when what it printed is no result, 1 when it is of an
 *   unknown version.
 */
export async function execPluginWithResult(
  call: PluginCall,
  options: ExecOptions = {},
): Promise<AnyResult> {
  const stdout = await succeed(call, options);
  const printed = parseJsonObject(stdout, 'the result');
  const label = printed['cniVersion'];
  const isLabelled = typeof label === 'string' && label !== '';
  const cniVersion = isLabelled ? label : versionOfConf(parseConfObject(call.stdin));
  return decodeResultObject({ ...printed, cniVersion });
}

/** What VERSION failed with in plugins of before 0.2.0. */
const NO_VERSION_VERB = 'unknown CNI_COMMAND: VERSION';

/**
 * Asks a plugin which versions it supports. One that does not know VERSION supports 0.1.0.
 *
 * @throws {CniError} as {@link execPlugin}; 6 when what it printed is no answer to VERSION.
 */
export async function getVersionInfo(
  path: string,
  options: ExecOptions = {},
): Promise<VersionInfo> {
  // Plugins of before 0.2.0 look at these three before they look at the command.
  const placeholders = { CNI_NETNS: 'dummy', CNI_IFNAME: 'dummy', CNI_PATH: 'dummy' };
  const environment = {
    CNI_COMMAND: 'VERSION',
    CNI_CONTAINERID: '',
    CNI_ARGS: '',
    ...placeholders,
  };
  const stdin = JSON.stringify({ cniVersion: CURRENT_VERSION });
  try {
    return decodeVersionInfo(await succeed({ path, environment, stdin }, options));
  } catch (caught) {
    if (!isCniError(caught) || caught.msg !== NO_VERSION_VERB) throw caught;
    return { cniVersion: '0.1.0', supportedVersions: ['0.1.0'] };
  }
}

/** stdout of a plugin that succeeded. */
async function succeed(
  { path, environment, stdin }: PluginCall,
  { executor = createPluginExecutor(), signal }: ExecOptions,
): Promise<string> {
  const exit = await executor
    .execute({ path, environment, stdin, signal })
    .catch((cause: unknown) => {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new CniError(CNI_ERROR.unknown, `cannot execute ${path}`, reason, { cause });
    });
  if (exit.exitCode !== 0) throw failure(exit);
  if (exit.stderr !== '') executor.log(exit.stderr);
  return exit.stdout;
}

/** The exit status decides that it failed; then stdout says why, or else stderr, or else the status. */
function failure({ stdout, stderr, exitCode, signal }: PluginExit): CniError {
  const status = exitCode === null ? `it was ended by ${signal}` : `its exit status is ${exitCode}`;
  if (stdout === '') {
    const reason = stderr === '' ? 'it printed nothing' : `it wrote to stderr ${showValue(stderr)}`;
    return new CniError(
      CNI_ERROR.unknown,
      'the plugin failed without an error',
      `${status}; ${reason}`,
    );
  }
  try {
    return decodeCniError(stdout);
  } catch (cause) {
    const details = `${status}; it printed ${showValue(stdout)}`;
    return new CniError(CNI_ERROR.unknown, 'the plugin’s error is unreadable', details, { cause });
  }
}
