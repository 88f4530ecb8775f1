// For people who use the package.
export { AddressBook, type CardChoice, type RestoreOptions } from './address-book.ts';
export type { AddressEvent, AddressEventListener, AddressState } from './address-event.ts';
export type { AddressStatistics, EniSnapshot, PrefixSnapshot } from './address-statistics.ts';
export {
  type AttachmentMetadata,
  type AttachmentWiring,
  type CniAttachmentKey,
  recoveredKey,
} from './attachment-key.ts';
// For people who build on it: the checkpoint as data and as text.
export {
  type Checkpoint,
  type CheckpointAllocation,
  type CheckpointRelease,
  type DroppedAllocation,
  type DropReason,
  mergeCheckpoints,
} from './checkpoint.ts';
export {
  CHECKPOINT_VERSION,
  type CheckpointPart,
  decodeCheckpoint,
  encodeCheckpoint,
} from './checkpoint-codec.ts';
export type { RestTimes } from './cool-down.ts';
export type { Ec2Block } from './ec2-block.ts';
export type { Ec2Intent } from './ec2-intent.ts';
export type { EniDescription, EniId, EniRole, SubnetId } from './eni-description.ts';
export { type IpAddress, isIpAddress, isOfIpv6, ofEitherFamily } from './ip-address.ts';
export { type IpPrefix, isAddress, isIpPrefix, isPrefix, prefixAround } from './ip-prefix.ts';
export {
  IpamError,
  type IpamErrorCode,
  type IpamErrorFacts,
  isIpamError,
} from './ipam-error.ts';
export { type Ipv4Address, isIpv4Address, parseIpv4Address } from './ipv4-address.ts';
export {
  addressesOf,
  type Ipv4Prefix,
  isIpv4Prefix,
  PREFIX_SIZE,
  parseIpv4Prefix,
  prefixOf,
} from './ipv4-prefix.ts';
export { type Ipv6Address, isIpv6Address, parseIpv6Address } from './ipv6-address.ts';
export {
  IPV6_PREFIX_SIZE,
  type Ipv6Prefix,
  isIpv6Prefix,
  parseIpv6Prefix,
} from './ipv6-prefix.ts';
export type { PodRule, RunningSandbox } from './pod-evidence.ts';
export { type Recovery, type RecoveryEvidence, recover } from './recovery.ts';
export type { RememberedEni } from './remembered-eni.ts';
export type {
  EniPlace,
  PlacedReservation,
  Reservation,
  ReserveEachOutcome,
  ReserveOutcome,
} from './reservation.ts';
export type { RestoreOutcome } from './restore.ts';
