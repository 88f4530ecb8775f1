// Saves a checkpoint and is killed on the way: `node checkpoint-crash-program.ts PATH TEXT STEP`.
// STEP counts from 0; the process ends before that step. A write is two steps: half of the text, then
// the rest. Prints the steps it comes past, one a line.
import { writeSync } from 'node:fs';
import { createCheckpointFile } from './checkpoint-file.ts';
import { type CheckpointFileSystem, nodeFileSystem } from './checkpoint-file-system.ts';

const [, , path = '', text = '', stepText = ''] = process.argv;
let remaining = Number(stepText);

/** SIGKILL: nothing of the process runs any more, no finally and no exit handler. */
function step(label: string): void {
  if (remaining === 0) {
    process.kill(process.pid, 'SIGKILL');
    for (;;); // until the signal is there
  }
  remaining -= 1;
  writeSync(1, `${label}\n`);
}

const fileSystem: CheckpointFileSystem = {
  ...nodeFileSystem,
  createExclusively: async (file, mode) => {
    step('create');
    const open = await nodeFileSystem.createExclusively(file, mode);
    return {
      write: async (content) => {
        const half = Math.floor(content.length / 2);
        step('write half');
        await open.write(content.slice(0, half));
        step('write the rest');
        await open.write(content.slice(half));
      },
      sync: async () => {
        step('sync');
        await open.sync();
      },
      close: async () => {
        step('close');
        await open.close();
      },
    };
  },
  rename: async (from, to) => {
    step('rename');
    await nodeFileSystem.rename(from, to);
  },
  syncDirectory: async (directory) => {
    step('syncDirectory');
    await nodeFileSystem.syncDirectory(directory);
  },
};

await createCheckpointFile({ path, snapshot: () => text, fileSystem }).save();
step('answer');
