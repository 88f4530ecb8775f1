import { basename } from 'node:path';
import type { CheckpointFileSystem } from '@vpc-cni/ipam/checkpoint-file';
import type { Fate } from './fate.fixture.ts';

/** A directory that outlives processes. */
export interface MemoryDisk {
  /** Name → content. */
  readonly files: Map<string, string>;
  /** What writing fails with, such as `ENOSPC: no space left on device`; undefined: it works. */
  failure: string | undefined;
  /** The directory as a process with that fate sees it. */
  mount(fate: Fate): CheckpointFileSystem;
}

export function createMemoryDisk(): MemoryDisk {
  const files = new Map<string, string>();

  const disk: Pick<MemoryDisk, 'files' | 'failure'> = { files, failure: undefined };

  const failIfFull = () => {
    if (disk.failure !== undefined) throw new Error(disk.failure);
  };

  const mount = (fate: Fate): CheckpointFileSystem => ({
    createExclusively: async (path) => {
      const name = basename(path);
      await fate.pass('disk create');
      failIfFull();
      files.set(name, '');
      return {
        write: async (text) => {
          await fate.pass('disk write');
          files.set(name, text);
        },
        sync: () => fate.pass('disk sync'),
        close: async () => {},
      };
    },
    rename: async (from, to) => {
      await fate.pass('disk rename');
      failIfFull();
      files.set(basename(to), contentOf(from));
      files.delete(basename(from));
    },
    syncDirectory: () => fate.pass('disk sync directory'),
    remove: async (path) => {
      await fate.pass('disk remove');
      files.delete(basename(path));
    },
    readText: async (path) => contentOf(path),
    list: async () => [...files.keys()],
  });

  function contentOf(path: string): string {
    const content = files.get(basename(path));
    if (content === undefined)
      throw Object.assign(new Error(`ENOENT: ${path}`), { code: 'ENOENT' });
    return content;
  }

  return Object.assign(disk, { mount });
}
