import { type Checkpoint, mergeCheckpoints } from '../checkpoint.ts';
import { encodeCheckpoint } from '../checkpoint-codec.ts';
import {
  type CheckpointFile,
  type CheckpointFileOptions,
  checkpointPath,
  createCheckpointFile,
} from './checkpoint-file.ts';
import type { CheckpointFileSystem } from './checkpoint-file-system.ts';

/** The checkpoint of a node on disk, in a file for each of its network cards. */
export interface CheckpointFiles {
  /** As {@link CheckpointFile.save}: of all cards whose pods have changed. */
  save(): Promise<void>;
  /** As {@link CheckpointFile.load}, of every card. */
  load(): Promise<readonly CheckpointFileText[]>;
  /** As {@link CheckpointFile.quarantine}, of one card. */
  quarantine(networkCardIndex: number, nowMs: number): Promise<string | undefined>;
}

export interface CheckpointFileText {
  readonly networkCardIndex: number;
  /** `undefined` when there is no file. */
  readonly text: string | undefined;
}

/**
 * Keeps a checkpoint in the files of several network cards.
 *
 * Card 0's has all that is not of one card, and is written first: a release is on disk before the
 * reservation that it ends is gone from there. The others have reservations alone, and are written when
 * those change; without any, a card has no file.
 */
export function createCheckpointFiles(options: {
  /** Of card 0. */
  readonly path: string;
  /** Cards above 0 that may have pods, or had some. */
  readonly furtherCards: readonly number[];
  /** Called once for each write, and, with further cards, once for each save. */
  readonly snapshot: () => Checkpoint;
  /** For tests. Default: the real one. */
  readonly fileSystem?: CheckpointFileSystem;
}): CheckpointFiles {
  const { path, furtherCards, snapshot, fileSystem } = options;
  const outside = fileSystem === undefined ? {} : { fileSystem };
  const first = createCheckpointFile({
    path,
    snapshot: () => encodeCheckpoint(snapshot()),
    ...outside,
  });
  const further = furtherCards.map((networkCardIndex) => {
    const textOf = ({ allocations }: Checkpoint) =>
      encodeCheckpoint({ ...NOTHING, allocations }, { networkCardIndex });
    const options = {
      path: checkpointPath(path, networkCardIndex),
      snapshot: () => textOf(snapshot()),
      ...outside,
    };
    return { networkCardIndex, textOf, file: createTextKeeper(options, textOf(NOTHING)) };
  });
  const files = [{ networkCardIndex: 0, file: first }, ...further];
  return {
    save: async () => {
      if (further.length === 0) return first.save();
      const now = snapshot();
      await first.save();
      await Promise.all(further.map(({ file, textOf }) => file.keep(textOf(now))));
    },
    load: () =>
      Promise.all(
        files.map(async ({ networkCardIndex, file }) => ({
          networkCardIndex,
          text: await file.load(),
        })),
      ),
    quarantine: async (networkCardIndex, nowMs) =>
      files.find((one) => one.networkCardIndex === networkCardIndex)?.file.quarantine(nowMs),
  };
}

const NOTHING: Checkpoint = mergeCheckpoints([]);

/** A file that is written only when what it should have is not what it has. */
interface TextKeeper extends Pick<CheckpointFile, 'load' | 'quarantine'> {
  /** Resolves once the file has this text, or a later snapshot. */
  keep(text: string): Promise<void>;
}

/** @param absent what a file that is not there says. */
function createTextKeeper(options: CheckpointFileOptions, absent: string): TextKeeper {
  let writing = absent;
  let onDisk: string | undefined = absent;
  let underWayCount = 0;
  const file = createCheckpointFile({
    ...options,
    snapshot: () => {
      writing = options.snapshot();
      return writing;
    },
  });
  return {
    keep: async (text) => {
      // A write that is under way may be of something else by now.
      if (underWayCount === 0 && text === onDisk) return;
      underWayCount += 1;
      onDisk = undefined;
      try {
        await file.save();
        onDisk = writing;
      } finally {
        underWayCount -= 1;
      }
    },
    load: async () => {
      const text = await file.load();
      onDisk = text ?? absent;
      return text;
    },
    quarantine: async (nowMs) => {
      onDisk = absent;
      return file.quarantine(nowMs);
    },
  };
}
