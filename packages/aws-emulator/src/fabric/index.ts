// For people who run a VPC on their machine.

// For people who build on it.
export type {
  FabricEni,
  FabricInstance,
  FabricPort,
  FabricSubnet,
  PublicMapping,
} from '../fabric-port.ts';
export { createFabric } from './create-fabric.ts';
export type {
  Fabric,
  FabricInternet,
  FabricNamespace,
  FabricNode,
  FabricOptions,
} from './fabric.ts';
export { FabricError, type FabricErrorCode, isFabricError } from './fabric-error.ts';
export { EC2_ENDPOINT_ADDRESS, IMDS_ADDRESS } from './fabric-plan.ts';
