// For those who run a pool.
export { type AddressDesk, createAddressDesk, type DeskReply } from './address-desk.ts';
export {
  createPoolController,
  type NodeOutlook,
  type PoolController,
  type PoolControllerOptions,
} from './controller.ts';
export type { PoolEvent } from './events.ts';
// For those who implement its ports.
export { type GrowthBlock, type GrowthBlockReason, growthBlockOf } from './growth-block.ts';
export type { NewEniPlacement } from './growth-troubles.ts';
export { EC2_LAG_MS } from './intent-keeper.ts';
export type {
  CheckpointPort,
  Clock,
  EniPort,
  EniSlot,
  EniTruth,
  HostPort,
  MetadataPort,
  ObservedEni,
  PodBlockCount,
  WantedEni,
} from './ports.ts';
export type { PoolRefusal, PoolRefusalReason } from './refusal.ts';
