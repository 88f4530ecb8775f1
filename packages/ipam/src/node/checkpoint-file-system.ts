import { closeSync, fsync, openSync, renameSync, statfsSync, writeFileSync } from 'node:fs';
import { readdir, readFile, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { promisify } from 'node:util';

/** The few things a checkpoint file needs of a file system; each may fail. */
export interface CheckpointFileSystem {
  /** Creates a file that is not there yet. */
  createExclusively(path: string, mode: number): Promise<OpenFile>;
  rename(from: string, to: string): Promise<void>;
  /** Makes renames in a directory durable. */
  syncDirectory(path: string): Promise<void>;
  /** Removes a file; a missing one is no error. */
  remove(path: string): Promise<void>;
  readText(path: string): Promise<string>;
  list(directory: string): Promise<readonly string[]>;
}

/** A file open for writing. */
export interface OpenFile {
  write(text: string): Promise<void>;
  /** Makes what was written durable. */
  sync(): Promise<void>;
  close(): Promise<void>;
}

const syncDescriptor = promisify(fsync);

// statfs(2)
const TMPFS_MAGIC = 0x01021994;

/** There fsync does nothing, and need not be asked to. */
const isInMemory = (directory: string): boolean => statfsSync(directory).type === TMPFS_MAGIC;

/**
 * The machine's own file system.
 *
 * A pod waits for every write, and each trip to the thread pool costs more than what it does here:
 * opening, writing to the page cache and renaming take microseconds and are done on the spot. Only
 * what really waits for a disk, fsync, goes to the pool; /run, where a node's checkpoint is, has none.
 */
export const nodeFileSystem: CheckpointFileSystem = {
  createExclusively: async (path, mode) => {
    const descriptor = openSync(path, 'wx', mode);
    return {
      write: async (text) => writeFileSync(descriptor, text),
      sync: async () => {
        if (!isInMemory(dirname(path))) return syncDescriptor(descriptor);
        // Nothing to wait for; but who comes in this turn of the event loop, in a callback of its own, can share
        // the next write.
        return nextTurn();
      },
      close: async () => closeSync(descriptor),
    };
  },
  rename: async (from, to) => renameSync(from, to),
  syncDirectory: async (path) => {
    if (isInMemory(path)) return;
    const descriptor = openSync(path, 'r');
    try {
      await syncDescriptor(descriptor);
    } finally {
      closeSync(descriptor);
    }
  },
  remove: (path) => rm(path, { force: true }),
  readText: (path) => readFile(path, 'utf8'),
  list: (directory) => readdir(directory),
};
