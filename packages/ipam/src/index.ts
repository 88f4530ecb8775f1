// For people who use the package.
export { AddressBook } from './address-book.ts';
export type { AddressEvent, AddressEventListener, AddressState } from './address-event.ts';
export type { AddressStatistics, EniSnapshot } from './address-statistics.ts';
export type { AttachmentMetadata, CniAttachmentKey } from './attachment-key.ts';
// For people who build on it: the checkpoint as data and as text.
export type {
  Checkpoint,
  CheckpointAllocation,
  CheckpointRelease,
  DroppedAllocation,
  DropReason,
} from './checkpoint.ts';
export { CHECKPOINT_VERSION, decodeCheckpoint, encodeCheckpoint } from './checkpoint-codec.ts';
export type { EniDescription, EniId, SubnetId } from './eni-description.ts';
export {
  IpamError,
  type IpamErrorCode,
  type IpamErrorFacts,
  isIpamError,
} from './ipam-error.ts';
export { type Ipv4Address, isIpv4Address, parseIpv4Address } from './ipv4-address.ts';
export type {
  EniPlace,
  PlacedReservation,
  Reservation,
  ReserveOutcome,
} from './reservation.ts';
export type { RestoreOutcome } from './restore.ts';
