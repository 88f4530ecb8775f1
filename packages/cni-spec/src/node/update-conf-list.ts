import { readFile, rm } from 'node:fs/promises';
import { type NetworkConfList, parseConfList } from '../conf-list.ts';
import { within } from '../json-object.ts';
import { writeFileAtomically } from './atomic-file.ts';
import { isSystemError } from './system-error.ts';

const CONF_FILE_MODE = 0o644;

/**
 * Writes a list so that a runtime that watches the directory sees the old content or the new one: a
 * hidden file beside it, renamed. (A file renamed in from elsewhere would escape containerd's watch.)
 *
 * Only what is inlined is written; plugins in the network's directory are files of their own.
 */
export const writeConfList = (path: string, list: NetworkConfList): Promise<void> =>
  writeFileAtomically(path, list.text, CONF_FILE_MODE);

/**
 * Changes the list in a file, for installers that own one plugin of it.
 *
 * The file is left alone when the text stays the same, and removed when `change` gives `undefined`.
 *
 * @param change gets the list that is there, `undefined` when there is no file.
 * @returns whether the file was touched.
 * @throws {CniError} 6 or 7 when the file is malformed: it is somebody else's, and not overwritten.
 */
export async function updateConfList(
  path: string,
  change: (current: NetworkConfList | undefined) => NetworkConfList | undefined,
): Promise<boolean> {
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    if (isSystemError(error, 'ENOENT')) return undefined;
    throw error;
  });
  const current = text === undefined ? undefined : within(path, () => parseConfList(text));
  const changed = change(current);
  if (changed?.text === text) return false;
  if (changed === undefined) await rm(path);
  else await writeConfList(path, changed);
  return true;
}
