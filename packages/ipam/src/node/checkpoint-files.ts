import { type Checkpoint, mergeCheckpoints } from '../checkpoint.ts';
import { encodeCheckpoint } from '../checkpoint-codec.ts';
import { type CheckpointFile, checkpointPath, createCheckpointFile } from './checkpoint-file.ts';
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
  /** Called once or more for each write. */
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
    const reservations = () => {
      const { allocations } = snapshot();
      return encodeCheckpoint({ ...NOTHING, allocations }, { networkCardIndex });
    };
    return { networkCardIndex, file: keepUpToDate(path, networkCardIndex, reservations, outside) };
  });
  const files = [{ networkCardIndex: 0, file: first }, ...further];
  return {
    save: async () => {
      await first.save();
      await Promise.all(further.map(({ file }) => file.save()));
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
function keepUpToDate(
  firstPath: string,
  networkCardIndex: number,
  wanted: () => string,
  outside: { readonly fileSystem?: CheckpointFileSystem },
): CheckpointFile {
  const withoutPods = encodeCheckpoint(NOTHING, { networkCardIndex });
  let writing = withoutPods;
  let onDisk: string | undefined = withoutPods;
  let underWayCount = 0;
  const file = createCheckpointFile({
    path: checkpointPath(firstPath, networkCardIndex),
    snapshot: () => {
      writing = wanted();
      return writing;
    },
    ...outside,
  });
  return {
    save: async () => {
      // A write that is under way may be of something else by now.
      if (underWayCount === 0 && wanted() === onDisk) return;
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
      onDisk = text ?? withoutPods;
      return text;
    },
    quarantine: async (nowMs) => {
      onDisk = withoutPods;
      return file.quarantine(nowMs);
    },
  };
}
