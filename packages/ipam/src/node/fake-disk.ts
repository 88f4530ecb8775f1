import { basename } from 'node:path';
import type { CheckpointFileSystem } from './checkpoint-file-system.ts';

/** What a directory holds: name → content. */
export type DirectoryImage = ReadonlyMap<string, string>;

/** A disk whose power may be cut before any of its steps. */
export interface FakeDisk {
  readonly fileSystem: CheckpointFileSystem;
  /** What has been done, in order. */
  readonly steps: readonly string[];
  /** All that a disk may hold when the power comes back, as far as it keeps its promises. */
  images(): readonly DirectoryImage[];
}

/** A file that exists, by whatever names. */
interface Inode {
  content: string;
  /** What sync has made durable: nothing at first. */
  syncedContent: string | undefined;
}

/**
 * One directory of a disk that keeps only what it has to.
 *
 * - What was written to a file and not synced may be there in part: nothing, the first half, or all.
 * - Names that were added, replaced or removed and not synced may be as before any one of those changes.
 *
 * @param cutBefore the step before which the power is cut: it and all later ones never return.
 */
export function createFakeDisk(
  initial: DirectoryImage,
  cutBefore: number = Number.POSITIVE_INFINITY,
): FakeDisk {
  const steps: string[] = [];
  const durable = (content: string): Inode => ({ content, syncedContent: content });
  let names = new Map([...initial].map(([name, content]) => [name, durable(content)]));
  /** Since the directory was last synced, oldest first; the first is what is durable. */
  let history: ReadonlyMap<string, Inode>[] = [new Map(names)];

  const step = async (label: string): Promise<void> => {
    if (steps.length >= cutBefore) await new Promise<never>(() => {});
    steps.push(label);
  };
  const change = (apply: (next: Map<string, Inode>) => void): void => {
    names = new Map(names);
    apply(names);
    history.push(names);
  };
  const inodeOf = (path: string): Inode => {
    const inode = names.get(basename(path));
    if (inode === undefined) throw Object.assign(new Error(`ENOENT: ${path}`), { code: 'ENOENT' });
    return inode;
  };

  const fileSystem: CheckpointFileSystem = {
    createExclusively: async (path) => {
      await step('create');
      const inode: Inode = { content: '', syncedContent: undefined };
      change((next) => next.set(basename(path), inode));
      return {
        write: async (text) => {
          await step('write');
          inode.content = text;
        },
        sync: async () => {
          await step('sync');
          inode.syncedContent = inode.content;
        },
        close: () => step('close'),
      };
    },
    rename: async (from, to) => {
      await step('rename');
      const inode = inodeOf(from);
      change((next) => {
        next.delete(basename(from));
        next.set(basename(to), inode);
      });
    },
    syncDirectory: async () => {
      await step('syncDirectory');
      history = [names];
    },
    remove: async (path) => {
      await step('remove');
      change((next) => next.delete(basename(path)));
    },
    readText: async (path) => inodeOf(path).content,
    list: async () => [...names.keys()],
  };

  return {
    fileSystem,
    steps,
    images: () => history.flatMap((entries) => contentsOf([...entries])),
  };
}

/** Every combination of what the files may hold. */
function contentsOf(entries: readonly (readonly [string, Inode])[]): readonly DirectoryImage[] {
  const [first, ...others] = entries;
  if (first === undefined) return [new Map()];
  const [name, { content, syncedContent }] = first;
  const possible =
    syncedContent === content
      ? [content]
      : [syncedContent ?? '', content.slice(0, content.length / 2), content];
  return contentsOf(others).flatMap((image) =>
    possible.map((text) => new Map([[name, text], ...image])),
  );
}

/** One way a piece of work can end: whole, or cut off before one of its steps. */
export interface PowerCut {
  readonly doneSteps: readonly string[];
  /** The work came to its end. */
  readonly isDone: boolean;
  readonly images: readonly DirectoryImage[];
}

/** Does `work` once for each of its steps, with the power cut before that step, and once whole. */
export async function cutEverywhere(
  initial: DirectoryImage,
  work: (fileSystem: CheckpointFileSystem, cut: number) => Promise<unknown>,
): Promise<readonly PowerCut[]> {
  const cuts: PowerCut[] = [];
  while (cuts.at(-1)?.isDone !== true) {
    const disk = createFakeDisk(initial, cuts.length);
    let isDone = false;
    void work(disk.fileSystem, cuts.length).then(() => {
      isDone = true;
    });
    await new Promise((resolve) => setImmediate(resolve)); // the disk never waits for anything
    cuts.push({ doneSteps: disk.steps, isDone, images: disk.images() });
  }
  return cuts;
}
