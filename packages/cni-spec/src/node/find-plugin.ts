import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { CNI_ERROR, CniError } from '../cni-error.ts';
import { showValue } from '../json-object.ts';

/**
 * Path of the executable that a plugin's `type` names: the first directory counts in which the name is
 * a regular file. Symbolic links are followed; whether it may be executed shows when it is.
 *
 * @param directories as in `CNI_PATH`, in the order of the search.
 * @throws {CniError} 999 when there is none, the name holds a path separator, or nowhere is to be searched.
 */
export async function findPlugin(type: string, directories: readonly string[]): Promise<string> {
  if (type === '') throw notFound(type, 'its type is empty');
  if (/[/\\]/.test(type)) throw notFound(type, 'its type holds a path separator');
  const searched = directories.filter((directory) => directory !== '');
  if (searched.length === 0) throw notFound(type, 'no directory is given to search in');
  for (const directory of searched) {
    const path = join(directory, type);
    if (await isRegularFile(path)) return path;
  }
  throw notFound(type, `it is in none of ${searched.join(', ')}`);
}

const isRegularFile = (path: string): Promise<boolean> =>
  stat(path).then(
    (found) => found.isFile(),
    () => false,
  );

const notFound = (type: string, details: string) =>
  new CniError(CNI_ERROR.internal, `failed to find plugin ${showValue(type)}`, details);
