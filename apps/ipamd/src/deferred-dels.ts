import { readdir, readFile, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { CniProcessRequest, CniProcessResponse } from '@vpc-cni/cni-spec';
import { parseSpooledRequest } from './cni-server.ts';

/** What became of one spooled DEL. */
export type Replay =
  | { readonly file: string; readonly kind: 'done' }
  | { readonly file: string; readonly kind: 'kept'; readonly failure: string };

/**
 * Carries out the DELs that the launcher accepted while the daemon was away. A file goes when its DEL
 * has succeeded; one that fails stays and is tried again at the next call.
 */
export async function replayDeferredDels(
  directory: string,
  answer: (request: CniProcessRequest) => Promise<CniProcessResponse>,
): Promise<readonly Replay[]> {
  const replays: Replay[] = [];
  for (const name of await spooledIn(directory)) {
    const file = join(directory, name);
    replays.push(await replay(file, answer));
  }
  return replays;
}

async function replay(
  file: string,
  answer: (request: CniProcessRequest) => Promise<CniProcessResponse>,
): Promise<Replay> {
  try {
    const { exitCode, stdout } = await answer(parseSpooledRequest(await readFile(file)));
    if (exitCode !== 0) return { file, kind: 'kept', failure: stdout };
    await unlink(file);
    return { file, kind: 'done' };
  } catch (error) {
    return { file, kind: 'kept', failure: error instanceof Error ? error.message : String(error) };
  }
}

/** Names that begin with a dot are files the launcher is still writing. */
async function spooledIn(directory: string): Promise<readonly string[]> {
  try {
    return (await readdir(directory)).filter((name) => !name.startsWith('.')).sort();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}
