import { randomUUID } from 'node:crypto';
import { basename, dirname, join } from 'node:path';
import { IpamError, type IpamErrorCode } from '../ipam-error.ts';
import { type CheckpointFileSystem, nodeFileSystem } from './checkpoint-file-system.ts';

/** A checkpoint on disk: always one whole version, old or new, whenever the power goes. */
export interface CheckpointFile {
  /**
   * Makes what the snapshot says at some instant after this call durable.
   *
   * Callers share writes: while one write is under way all further calls wait for the next one, so
   * any number of concurrent calls costs two writes at most. A failure rejects exactly the callers
   * of that write and leaves the previous version in place, except when only the last step, making
   * the rename durable, failed: then the new version is there but may not survive a power cut.
   *
   * @throws {IpamError} `checkpoint-unwritable`.
   */
  save(): Promise<void>;
  /**
   * Reads the file and removes what interrupted writes left behind. Call before the first `save`.
   *
   * @returns the text, or `undefined` when there is no file yet: a fresh boot.
   * @throws {IpamError} `checkpoint-unreadable`.
   */
  load(): Promise<string | undefined>;
  /**
   * Moves a file that cannot be used out of the way, to `<path>.unreadable-<UTC time>`, where people can
   * look at it. Call before the next `save`, which would replace it.
   *
   * @param nowMs Unix milliseconds, for the name.
   * @returns where it is now, or `undefined` when there is no file.
   * @throws {IpamError} `checkpoint-unwritable`.
   */
  quarantine(nowMs: number): Promise<string | undefined>;
}

/** What a checkpoint file is made of. */
export interface CheckpointFileOptions {
  /** The file, for instance `/var/run/aws-node/ipam.json`. Its directory must exist. */
  readonly path: string;
  /** Gives the text to write; called once per write, when the write starts. */
  readonly snapshot: () => string;
  /** For tests. Default: the real one. */
  readonly fileSystem?: CheckpointFileSystem;
}

interface Waiter {
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Keeps a checkpoint in a file.
 *
 * Each write goes to a new file of mode 0600 in the same directory, which is made durable, renamed
 * over the old one and the rename made durable as well.
 */
export function createCheckpointFile(options: CheckpointFileOptions): CheckpointFile {
  const { path, snapshot, fileSystem = nodeFileSystem } = options;
  let waiting: Waiter[] = [];
  let isWriting = false;

  /** One write after the other as long as somebody waits. */
  const writeForWaiting = async (): Promise<void> => {
    isWriting = true;
    // Callers of this very turn of the event loop share the first write.
    await Promise.resolve();
    while (waiting.length > 0) {
      const served = waiting;
      waiting = [];
      try {
        await replaceFile(path, snapshot(), fileSystem);
        for (const { resolve } of served) resolve();
      } catch (cause) {
        const error = fileError('checkpoint-unwritable', 'writing', path, cause);
        for (const { reject } of served) reject(error);
      }
    }
    isWriting = false;
  };

  return {
    save: () =>
      new Promise<void>((resolve, reject) => {
        waiting.push({ resolve, reject });
        if (!isWriting) {
          void writeForWaiting();
        }
      }),
    load: async () => {
      try {
        await removeTemporaryFiles(path, fileSystem);
        return await fileSystem.readText(path);
      } catch (cause) {
        if (isMissing(cause)) {
          return undefined;
        }
        throw fileError('checkpoint-unreadable', 'reading', path, cause);
      }
    },
    quarantine: async (nowMs) => {
      const elsewhere = `${path}.unreadable-${new Date(nowMs).toISOString().replaceAll(/[-:]/g, '')}`;
      try {
        await fileSystem.rename(path, elsewhere);
        await fileSystem.syncDirectory(dirname(path));
        return elsewhere;
      } catch (cause) {
        if (isMissing(cause)) {
          return undefined;
        }
        throw fileError('checkpoint-unwritable', 'moving away', path, cause);
      }
    },
  };
}

/**
 * The path of a network card's checkpoint, by that of card 0: `ipam.json`, `ipam-nic-1.json` … as
 * the reference implementation names them.
 */
export const checkpointPath = (path: string, networkCardIndex: number): string =>
  networkCardIndex === 0 ? path : `${path.replace(/\.json$/, '')}-nic-${networkCardIndex}.json`;

// The reference implementation's own left-overs match as well.
const temporaryPrefix = (path: string): string => `${basename(path)}.tmp`;

async function replaceFile(path: string, text: string, fs: CheckpointFileSystem): Promise<void> {
  const directory = dirname(path);
  const temporary = join(directory, `${temporaryPrefix(path)}-${randomUUID()}`);
  try {
    const file = await fs.createExclusively(temporary, 0o600);
    try {
      await file.write(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await fs.rename(temporary, path);
  } catch (error) {
    await fs.remove(temporary).catch(() => undefined); // the first failure is the one to report
    throw error;
  }
  await fs.syncDirectory(directory);
}

async function removeTemporaryFiles(path: string, fs: CheckpointFileSystem): Promise<void> {
  const directory = dirname(path);
  const prefix = temporaryPrefix(path);
  for (const name of await fs.list(directory)) {
    if (name.startsWith(prefix)) {
      await fs.remove(join(directory, name));
    }
  }
}

const isMissing = (error: unknown): boolean => errnoOf(error) === 'ENOENT';

const errnoOf = (error: unknown): string | undefined =>
  typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string'
    ? error.code
    : undefined;

function fileError(code: IpamErrorCode, doing: string, path: string, cause: unknown): IpamError {
  const errno = errnoOf(cause);
  return new IpamError(code, `${doing} the checkpoint ${path}: ${String(cause)}`, {
    cause,
    facts: { path, ...(errno === undefined ? {} : { errno }) },
  });
}
