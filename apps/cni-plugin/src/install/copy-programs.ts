import * as nodeFiles from 'node:fs/promises';
import { join } from 'node:path';

/** What copying needs of the file system. */
export type FileSystem = Pick<
  typeof nodeFiles,
  'copyFile' | 'chmod' | 'open' | 'readFile' | 'readdir' | 'rename' | 'rm' | 'stat'
>;

/**
 * Copies programs into a directory from which a container runtime executes them at any moment: under each name is
 * the old program or the new one, whole and executable, whatever is interrupted. A program that is there already,
 * bytes and mode, is left alone.
 *
 * @param names `undefined` for every regular file of `from`.
 * @returns the names that were copied.
 * @throws {Error} naming the file; those before it are in place.
 */
export async function copyPrograms(options: {
  readonly from: string;
  readonly to: string;
  readonly names?: readonly string[];
  readonly fileSystem?: FileSystem;
}): Promise<readonly string[]> {
  const { from, to, fileSystem = nodeFiles } = options;
  await removeAbandoned(to, fileSystem);
  const copied: string[] = [];
  for (const name of options.names ?? (await regularFiles(from, fileSystem))) {
    try {
      const source = join(from, name);
      if (await isSame(source, join(to, name), fileSystem)) continue;
      await copyProgram({ source, directory: to, name }, fileSystem);
      copied.push(name);
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new Error(`copying ${name} from ${from} to ${to}: ${reason}`, { cause });
    }
  }
  return copied;
}

/** Hidden, so that nobody executes it, and told apart from other hidden files. */
const temporaryName = (name: string) => `.${name}.installing`;
const IS_TEMPORARY = /^\..+\.installing$/;

async function copyProgram(
  {
    source,
    directory,
    name,
  }: { readonly source: string; readonly directory: string; readonly name: string },
  files: FileSystem,
): Promise<void> {
  const temporary = join(directory, temporaryName(name));
  try {
    await files.copyFile(source, temporary);
    await files.chmod(temporary, (await files.stat(source)).mode & 0o777);
    await synchronise(temporary, files);
    await files.rename(temporary, join(directory, name));
    await synchronise(directory, files);
  } catch (error) {
    await files.rm(temporary, { force: true });
    throw error;
  }
}

/** A machine that loses power after the rename must not find an empty program. */
async function synchronise(path: string, files: FileSystem): Promise<void> {
  const file = await files.open(path, 'r');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}

async function isSame(source: string, target: string, files: FileSystem): Promise<boolean> {
  const [wanted, present] = await Promise.all([
    files.stat(source),
    files.stat(target).catch(() => undefined),
  ]);
  if (!wanted.isFile()) throw new Error('it is not a regular file');
  if (present === undefined || !present.isFile()) return false;
  if (present.size !== wanted.size || (present.mode ^ wanted.mode) & 0o777) return false;
  return (await files.readFile(source)).equals(await files.readFile(target));
}

async function regularFiles(directory: string, files: FileSystem): Promise<readonly string[]> {
  const entries = await files.readdir(directory, { withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map(({ name }) => name)
    .sort();
}

/** What an installer left that was killed. */
async function removeAbandoned(directory: string, files: FileSystem): Promise<void> {
  const names = await files.readdir(directory);
  for (const name of names.filter((name) => IS_TEMPORARY.test(name))) {
    await files.rm(join(directory, name), { force: true });
  }
}
