// For those who run a pool.
export { type AddressDesk, createAddressDesk, type DeskReply } from './address-desk.ts';
export {
  createPoolController,
  type PoolController,
  type PoolControllerOptions,
} from './controller.ts';
export type { PoolEvent } from './events.ts';
// For those who implement its ports.
export type {
  CheckpointPort,
  Clock,
  EniPort,
  EniTruth,
  HostPort,
  MetadataPort,
  ObservedEni,
  PodBlockCount,
} from './ports.ts';
export type { PoolRefusal, PoolRefusalReason } from './refusal.ts';
