import { type CancelSignal, neverCancelled } from './cancel-signal.ts';
import { CNI_ERROR, CniError } from './cni-error.ts';
import { encodeCniError } from './cni-error-codec.ts';
import { cniErrorOf } from './cni-error-of.ts';
import { validateNetworkName } from './identifiers.ts';
import { type JsonObject, optionalText } from './json-object.ts';
import { parseConfObject, pluginConfOf, versionOfConf } from './plugin-conf.ts';
import type { PluginHandlers } from './plugin-handlers.ts';
import {
  type Environment,
  isNetnsOverridden,
  type RequestVariables,
  readVariables,
} from './request-variables.ts';
import { encodeResult } from './result-codec.ts';
import { validAttachmentsOf } from './valid-attachments.ts';
import { requireSupportedVersion, requireVerbVersion } from './version-gate.ts';
import { encodeVersionInfo } from './version-info.ts';

/** What the process of a plugin prints, and its exit status. */
export interface CniProcessResponse {
  readonly stdout: string;
  readonly stderr: string;
  readonly exitCode: number;
}

/** What a plugin is, beside its handlers. */
export interface PluginOptions {
  /** Versions that the plugin accepts, any order; `KNOWN_VERSIONS` or `versionsStartingFrom(…)`. */
  readonly supportedVersions: readonly string[];
  /** One line about the plugin, printed to stderr when it is executed by hand. Default: none. */
  readonly about?: string;
  /**
   * Tells whether a path is the network namespace of the plugin itself; `false` for a path that does
   * not open. ADD is then refused before it does harm, DEL fails afterwards. Default: no such check.
   */
  readonly isOwnNetns?: (path: string) => boolean | Promise<boolean>;
  /** Handed to the handlers. Default: one that never fires. */
  readonly signal?: CancelSignal;
}

/** A request whose stdin is read only when the verb needs it. */
export interface UnreadRequest {
  readonly environment: Environment;
  readonly readStdin: () => Promise<string>;
}

/**
 * The order of work of a plugin, from the environment to what is printed: the steps and their order
 * decide which of several faults is reported, and runtimes know the reference implementation's.
 *
 * @throws {TypeError} when `supportedVersions` is empty.
 */
export async function answerRequest(
  request: UnreadRequest,
  handlers: PluginHandlers,
  options: PluginOptions,
): Promise<CniProcessResponse> {
  const { supportedVersions, about = '' } = options;
  if (supportedVersions.length === 0) {
    throw new TypeError('supportedVersions of a plugin: expected at least one version, got none');
  }
  if (!request.environment['CNI_COMMAND'] && about !== '') {
    const versions = `CNI protocol versions supported: ${supportedVersions.join(', ')}`;
    return { stdout: '', stderr: `${about}\n${versions}\n`, exitCode: 0 };
  }
  let confVersion: string | undefined;
  try {
    const variables = readVariables(request.environment);
    if (variables.command === 'VERSION') return succeed(encodeVersionInfo(supportedVersions));
    const stdin = await readAll(request);
    const raw = parseConfObject(stdin);
    confVersion = versionForErrors(raw);
    const name = optionalText(raw, 'name', 'name') ?? '';
    validateNetworkName(name);
    return succeed(await perform({ request, variables, stdin, raw, handlers, options }));
  } catch (caught) {
    return { stdout: encodeCniError(cniErrorOf(caught), confVersion), stderr: '', exitCode: 1 };
  }
}

interface Work {
  readonly request: UnreadRequest;
  readonly variables: RequestVariables;
  readonly stdin: string;
  readonly raw: JsonObject;
  readonly handlers: PluginHandlers;
  readonly options: PluginOptions;
}

/** The verb itself; gives what goes to stdout. */
async function perform(work: Work): Promise<string> {
  const { variables, raw, stdin, handlers, options } = work;
  const { command, path, ...attachment } = variables;
  const signal = options.signal ?? neverCancelled();
  const verbRequest = () => ({ conf: pluginConfOf(raw), stdin, path, signal });
  const attachmentRequest = () => ({ ...verbRequest(), ...attachment });

  switch (command) {
    case 'ADD': {
      requireVersion(work);
      // Before the handler: a result and an error may not both be printed, and nothing is to be undone.
      await requireForeignNetns(work);
      const request = attachmentRequest();
      return encodeResult(await handlers.add(request), request.conf.cniVersion);
    }
    case 'DEL':
      requireVersion(work);
      await handlers.del(attachmentRequest());
      await requireForeignNetns(work);
      return '';
    case 'CHECK':
      requireVersion(work, '0.4.0');
      await handlers.check?.(attachmentRequest());
      return '';
    case 'GC':
      requireVersion(work, '1.1.0');
      await handlers.gc?.({ ...verbRequest(), validAttachments: validAttachmentsOf(raw) });
      return '';
    case 'STATUS':
      requireVersion(work, '1.1.0');
      await handlers.status?.(verbRequest());
      return '';
    default:
      // Not "unknown CNI_COMMAND: VERSION": runtimes take that text for a plugin of version 0.1.0.
      throw new CniError(CNI_ERROR.invalidEnvironment, `unknown CNI_COMMAND: ${command}`);
  }
}

/** @param since the version that brought the verb, for verbs younger than the protocol. */
function requireVersion({ variables, raw, options }: Work, since?: string): void {
  const { supportedVersions } = options;
  const confVersion = versionOfConf(raw);
  if (since !== undefined) {
    requireVerbVersion({ command: variables.command, since }, confVersion, supportedVersions);
  }
  requireSupportedVersion(confVersion, supportedVersions);
}

async function requireForeignNetns({ request, variables, options }: Work): Promise<void> {
  const { netns } = variables;
  if (netns === '' || options.isOwnNetns === undefined) return;
  if (isNetnsOverridden(request.environment) || !(await options.isOwnNetns(netns))) return;
  throw new CniError(
    CNI_ERROR.invalidNetns,
    'the network namespace is the plugin’s own',
    `CNI_NETNS is ${netns}; CNI_NETNS_OVERRIDE=1 allows it`,
  );
}

async function readAll({ readStdin }: UnreadRequest): Promise<string> {
  try {
    return await readStdin();
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new CniError(CNI_ERROR.io, 'cannot read stdin', reason, { cause });
  }
}

/** The version to put into error objects: whatever text the configuration says. */
function versionForErrors(raw: JsonObject): string | undefined {
  return typeof (raw['cniVersion'] ?? '') === 'string' ? versionOfConf(raw) : undefined;
}

const succeed = (stdout: string): CniProcessResponse => ({ stdout, stderr: '', exitCode: 0 });
