// For those who run the plugin.
export { type AttachmentQueue, createAttachmentQueue } from './attachment-queue.ts';
export { PLUGIN_ERROR, refusalError } from './cni-error-table.ts';
export { createEgressHandlers } from './egress/egress-handlers.ts';
// For those who implement its ports.
export type {
  EgressAddressPort,
  EgressContainer,
  EgressHolder,
  EgressPool,
  EgressPorts,
  EgressReserveReply,
  EgressWiringPort,
} from './egress/egress-ports.ts';
export { createPluginHandlers } from './handlers.ts';
export type {
  AddressPort,
  AttachmentKey,
  BranchEni,
  BranchLink,
  BranchMode,
  EniPlace,
  HeldAddress,
  PlacedAddress,
  PodIdentity,
  PodInterface,
  PodPlace,
  PodToCheck,
  PodWiring,
  PolicyFailure,
  PolicyPort,
  ReadinessPort,
  Refusal,
  RefusalReason,
  RememberedBranch,
  RememberedPod,
  ReserveReply,
  WiringFailure,
  WiringPort,
} from './ports.ts';
