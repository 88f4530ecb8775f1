// For those who run the plugin.
export { PLUGIN_ERROR, refusalError } from './cni-error-table.ts';
export { createPluginHandlers } from './handlers.ts';
// For those who implement its ports.
export {
  type AddressPort,
  ANY_ROUTE_TABLE,
  type AttachmentKey,
  type EniPlace,
  type HeldAddress,
  type PlacedAddress,
  type PodIdentity,
  type PodWiring,
  type ReadinessPort,
  type Refusal,
  type RefusalReason,
  type ReserveReply,
  type WiringFailure,
  type WiringPort,
} from './ports.ts';
