export { IpamError, type IpamErrorCode, isIpamError } from '../ipam-error.ts';
export {
  type CheckpointFile,
  type CheckpointFileOptions,
  checkpointPath,
  createCheckpointFile,
} from './checkpoint-file.ts';
export type { CheckpointFileSystem, OpenFile } from './checkpoint-file-system.ts';
export {
  type CheckpointFiles,
  type CheckpointFileText,
  createCheckpointFiles,
} from './checkpoint-files.ts';
