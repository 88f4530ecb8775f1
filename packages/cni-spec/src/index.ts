// For plugin authors.

export type { CniProcessResponse, PluginOptions } from './answer-request.ts';
export type { CancelSignal } from './cancel-signal.ts';
export {
  type Bandwidth,
  type CapabilityValues,
  capabilityOf,
  type DnsCapability,
  type IpRange,
  type PortMapping,
} from './capability-values.ts';
export { type ArgKind, type ArgsSchema, type CniArgs, parseArgs } from './cni-args.ts';
export { CNI_ERROR, CniError, isCniError } from './cni-error.ts';
export { type CniProcessRequest, handleRequest } from './handle-request.ts';
export { type PluginConf, parsePluginConf } from './plugin-conf.ts';
export type {
  AttachmentRequest,
  GcRequest,
  PluginHandlers,
  StatusRequest,
  ValidAttachment,
  VerbRequest,
} from './plugin-handlers.ts';
export { parsePrevResult } from './prev-result.ts';
export type { CniInterface, CniIp, CniResult } from './result-110.ts';
export type { CniDns } from './result-dns.ts';
export type { CniRoute } from './result-route.ts';
export { CURRENT_VERSION, KNOWN_VERSIONS, versionsStartingFrom } from './version.ts';

// For people who build runtimes and tools: codecs, conversion, versions and validation.

export { formatArgs } from './cni-args.ts';
export { decodeCniError, encodeCniError } from './cni-error-codec.ts';
export { cniErrorOf } from './cni-error-of.ts';
export { confListFromConf, type NetworkConfList, parseConfList } from './conf-list.ts';
export { findConfListProblems } from './conf-list-problems.ts';
export { convertResult } from './convert-result.ts';
export { validateContainerID, validateInterfaceName, validateNetworkName } from './identifiers.ts';
export type { JsonObject } from './json-object.ts';
export { removePlugin, setPlugin } from './own-plugin.ts';
export { derivePluginRequest, type RequestAdditions } from './plugin-request.ts';
export type { Environment } from './request-variables.ts';
export type { IpSlot020, Result020 } from './result-020.ts';
export type { Interface040, Ip040, Result040 } from './result-040.ts';
export type { Result110 } from './result-110.ts';
export { decodeResult, encodeResult } from './result-codec.ts';
export type { AnyResult, ResultOf } from './result-family.ts';
export {
  type CniVersion,
  compareVersions,
  isKnownVersion,
  parseVersion,
  type VersionNumbers,
} from './version.ts';
export { decodeVersionInfo, type VersionInfo } from './version-info.ts';
