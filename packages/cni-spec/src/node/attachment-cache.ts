import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { convertResult } from '../convert-result.ts';
import { validateContainerID, validateInterfaceName, validateNetworkName } from '../identifiers.ts';
import {
  decodingError,
  type JsonObject,
  MAX_DOCUMENT_LENGTH,
  optionalList,
  optionalObject,
  optionalText,
  parseJsonObject,
} from '../json-object.ts';
import { decodeResultObject, encodeResult } from '../result-codec.ts';
import type { AnyResult } from '../result-family.ts';
import { writeFileAtomically } from './atomic-file.ts';

/** What an attachment is called: one network, one container, one interface. */
export interface AttachmentKey {
  readonly networkName: string;
  readonly containerId: string;
  readonly ifName: string;
}

/** What a runtime knows of an attachment, beside the network. */
export interface CniAttachment {
  readonly containerId: string;
  /** Path of the network namespace; empty on DEL when it is gone. */
  readonly netns: string;
  readonly ifName: string;
  /** For `CNI_ARGS`, in order. Default: none. */
  readonly args?: readonly (readonly [key: string, value: string])[];
  /** Values of capabilities, for `runtimeConfig`. Default: none. */
  readonly capabilityArgs?: JsonObject;
}

/** An attachment as it was when its ADD succeeded. */
export interface CachedAttachment extends Required<CniAttachment> {
  readonly networkName: string;
  /** The configuration list, as it was written. */
  readonly config: string;
}

/** The results of ADDs, in the format and place of the reference runtime: the two can take turns. */
export interface AttachmentCache {
  write(list: CachedConfig, attachment: CniAttachment, result: AnyResult): Promise<void>;
  /**
   * The result, converted to `version`; `undefined` when there is no file.
   *
   * @throws {CniError} 6 or 1 when the file cannot be understood or the result cannot be converted.
   */
  readResult(key: AttachmentKey, version: string): Promise<AnyResult | undefined>;
  /** The attachment; `undefined` when there is no file, or one of another kind. */
  read(key: AttachmentKey): Promise<CachedAttachment | undefined>;
  /** Every attachment; files that cannot be understood are passed over. */
  readAll(): Promise<readonly CachedAttachment[]>;
  remove(key: AttachmentKey): Promise<void>;
}

/** The part of a configuration list that is kept. */
export interface CachedConfig {
  readonly name: string;
  readonly text: string;
}

const KIND = 'cniCacheV1';

/** A list, a result and the values of capabilities, each of the greatest length. */
const MAX_ENTRY_LENGTH = 4 * MAX_DOCUMENT_LENGTH;

/** @param directory files are in its sub-directory `results`. */
export function createAttachmentCache(directory: string): AttachmentCache {
  const results = join(directory, 'results');

  /** Validated, because the names become part of a path. */
  const pathOf = ({ networkName, containerId, ifName }: AttachmentKey): string => {
    validateNetworkName(networkName);
    validateContainerID(containerId);
    validateInterfaceName(ifName);
    return join(results, `${networkName}-${containerId}-${ifName}`);
  };

  const readEntry = async (path: string): Promise<JsonObject | undefined> => {
    const text = await readFile(path, 'utf8').catch(() => undefined);
    return text === undefined
      ? undefined
      : parseJsonObject(text, `the cached attachment ${path}`, MAX_ENTRY_LENGTH);
  };

  return {
    write: async (list, attachment, result) => {
      const { containerId, ifName } = attachment;
      const path = pathOf({ networkName: list.name, containerId, ifName });
      await mkdir(results, { recursive: true, mode: 0o700 });
      await writeFileAtomically(path, encodeEntry(list, attachment, result), 0o600);
    },
    readResult: async (key, version) => {
      const entry = await readEntry(pathOf(key));
      if (entry === undefined) return undefined;
      const result = entry['kind'] === KIND ? optionalObject(entry, 'result', 'result') : entry;
      return result && convertResult(decodeResultObject(result), version);
    },
    read: async (key) => {
      const entry = await readEntry(pathOf(key));
      return entry && decodeEntry(entry);
    },
    readAll: async () => {
      const names = await readdir(results).catch(() => []);
      const entries = await Promise.all(
        names.sort().map((name) =>
          readEntry(join(results, name))
            .then((e) => e && decodeEntry(e))
            .catch(() => undefined),
        ),
      );
      return entries.filter((entry) => entry !== undefined);
    },
    remove: (key) => rm(pathOf(key), { force: true }),
  };
}

function encodeEntry(list: CachedConfig, attachment: CniAttachment, result: AnyResult): string {
  const { containerId, netns, ifName, args = [], capabilityArgs = {} } = attachment;
  return JSON.stringify({
    kind: KIND,
    containerId,
    config: Buffer.from(list.text).toString('base64'),
    ifName,
    networkName: list.name,
    ...(netns === '' ? {} : { netns }),
    ...(args.length === 0 ? {} : { cniArgs: args }),
    ...(Object.keys(capabilityArgs).length === 0 ? {} : { capabilityArgs }),
    result: JSON.parse(encodeResult(result)),
  });
}

/** `undefined` for another kind of file, and for an entry that says of no network or interface. */
function decodeEntry(entry: JsonObject): CachedAttachment | undefined {
  if (entry['kind'] !== KIND) return undefined;
  const text = (key: string) => optionalText(entry, key, key) ?? '';
  const [networkName, ifName] = [text('networkName'), text('ifName')];
  if (networkName === '' || ifName === '') return undefined;
  return {
    networkName,
    ifName,
    containerId: text('containerId'),
    netns: text('netns'),
    args: (optionalList(entry, 'cniArgs', 'cniArgs') ?? []).map(decodePair),
    capabilityArgs: optionalObject(entry, 'capabilityArgs', 'capabilityArgs') ?? {},
    config: Buffer.from(text('config'), 'base64').toString(),
  };
}

function decodePair(pair: unknown, index: number): readonly [string, string] {
  const [key, value] = Array.isArray(pair) ? pair : [];
  if (typeof key === 'string' && typeof value === 'string') return [key, value];
  throw decodingError(`cniArgs[${index}]`, 'a pair of texts', pair);
}
