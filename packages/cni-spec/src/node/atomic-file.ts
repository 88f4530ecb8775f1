import { open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

let count = 0;

/**
 * Writes a file so that whoever opens it finds the old content or the new one, never a part: a hidden
 * temporary file in the same directory, synchronised and renamed.
 *
 * @param mode permissions of the file, such as 0o600.
 */
export async function writeFileAtomically(path: string, text: string, mode: number): Promise<void> {
  count += 1;
  const temporary = join(dirname(path), `.${basename(path)}.${process.pid}-${count}`);
  try {
    const file = await open(temporary, 'wx', mode);
    try {
      await file.chmod(mode); // whatever the umask says
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}
