import { type Clock, systemClock } from './clock.ts';
import { type EniFacts, readEniFacts } from './eni-facts.ts';
import {
  type InstanceFacts,
  macPath,
  readInstanceFacts,
  readPrimaryMac,
} from './instance-facts.ts';
import { createMetadataReader } from './metadata-reader.ts';
import { createMetadataSession } from './metadata-session.ts';
import {
  type Ipv4Cidr,
  parseIpv4Cidr,
  parseList,
  parseMac,
  parseNonEmptyList,
  parseSecurityGroupId,
  type SecurityGroupId,
} from './metadata-text.ts';
import type { ReadOptions } from './read-options.ts';

/**
 * What the instance metadata service knows about this node's network.
 *
 * All methods reject with an {@link ImdsError}, or with the signal's reason when the caller's signal
 * ended the read.
 */
export interface Imds {
  /** Facts that never change while the instance runs; read once, then remembered. */
  readInstance(options?: ReadOptions): Promise<InstanceFacts>;
  /**
   * The ENIs as they are now, by network card and device number.
   *
   * ENIs without an IPv4 address (efa-only, IPv6-only, or attached this instant) are left out, and so is
   * one that is detached while it is being read. Anything else that goes wrong fails the whole list.
   */
  readEnis(options?: ReadOptions): Promise<readonly EniFacts[]>;
  /** All IPv4 CIDRs of the VPC, at least one; live. */
  readVpcCidrs(primaryMac: string, options?: ReadOptions): Promise<readonly Ipv4Cidr[]>;
  /** The security groups of the ENI with this MAC; live, and seconds behind EC2. */
  readSecurityGroupIds(
    primaryMac: string,
    options?: ReadOptions,
  ): Promise<readonly SecurityGroupId[]>;
}

export interface ImdsOptions {
  /** Default `http://169.254.169.254`. Scheme, host and port only. */
  readonly endpoint?: string | undefined;
  /** Limit for one request, in milliseconds. Default 2 000. */
  readonly timeoutMs?: number | undefined;
  /**
   * How often a read is repeated that got no usable answer, after 0.1, 0.2, 0.4 … s, at most 1 s.
   * Default 3. Refusals and unknown paths are answers and are not repeated.
   */
  readonly retries?: number | undefined;
  /** Default: the system's. */
  readonly clock?: Clock | undefined;
}

const DEFAULT_ENDPOINT = 'http://169.254.169.254';
const DEFAULT_TIMEOUT_MS = 2_000;
const DEFAULT_RETRIES = 3;

/**
 * A reader of the metadata service of the instance this process runs on. IMDSv2 only; one session
 * token serves all reads.
 *
 * @throws {TypeError} when `endpoint` is not the base URL of an HTTP service.
 */
export function createImds(options: ImdsOptions = {}): Imds {
  const session = createMetadataSession({
    endpoint: parseEndpoint(options.endpoint ?? DEFAULT_ENDPOINT),
    timeoutMs: options.timeoutMs ?? DEFAULT_TIMEOUT_MS,
    retries: options.retries ?? DEFAULT_RETRIES,
    clock: options.clock ?? systemClock,
  });
  const reader = createMetadataReader(session);
  let instance: InstanceFacts | undefined;

  const readInstance = async (readOptions: ReadOptions) => {
    instance ??= await readInstanceFacts(reader, readOptions);
    return instance;
  };
  return {
    readInstance: (readOptions = {}) => readInstance(readOptions),
    readEnis: async (readOptions = {}) => {
      const primaryMac = instance?.primaryMac ?? (await readPrimaryMac(reader, readOptions));
      return readEniFacts(reader, primaryMac, readOptions);
    },
    readVpcCidrs: async (primaryMac, readOptions = {}) =>
      reader.read(
        macPath(parseMac(primaryMac), 'vpc-ipv4-cidr-blocks'),
        parseNonEmptyList(parseIpv4Cidr),
        readOptions,
      ),
    readSecurityGroupIds: async (primaryMac, readOptions = {}) =>
      reader.read(
        macPath(parseMac(primaryMac), 'security-group-ids'),
        parseList(parseSecurityGroupId),
        readOptions,
      ),
  };
}

function parseEndpoint(text: string): string {
  const url = URL.parse(text);
  if (url === null || url.protocol !== 'http:' || url.pathname !== '/') {
    throw new TypeError(
      `endpoint: expected a URL like ${DEFAULT_ENDPOINT}, received ${JSON.stringify(text)}`,
    );
  }
  return url.origin;
}
