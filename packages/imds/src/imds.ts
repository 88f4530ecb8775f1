import { type Clock, systemClock } from './clock.ts';
import { withDeadline } from './deadline.ts';
import { createEniLister, type EniFacts } from './eni-facts.ts';
import {
  type InstanceFacts,
  macPath,
  readInstanceFacts,
  readPrimaryMac,
} from './instance-facts.ts';
import { type InstanceNotices, readInstanceNotices } from './instance-notices.ts';
import { createMetadataReader } from './metadata-reader.ts';
import { createMetadataSession } from './metadata-session.ts';
import {
  type Ipv4Cidr,
  type Ipv6Cidr,
  parseIpv4Cidr,
  parseIpv6Cidr,
  parseList,
  parseMac,
  parseNonEmptyList,
  parseSecurityGroupId,
  type SecurityGroupId,
} from './metadata-text.ts';
import type { ReadOptions, RequestOptions } from './read-options.ts';
import { remember } from './remember.ts';
import { createSdkTransport } from './sdk-transport.ts';
import type { ImdsTransport } from './transport.ts';

/**
 * What the instance metadata service knows about this node's network.
 *
 * Reads ask the service unless {@link ReadOptions.maxAgeMs} says that an earlier answer will do. They
 * reject with an {@link ImdsError}, or with the signal's reason when the caller's signal ended them.
 */
export interface Imds {
  /** Facts that never change while the instance runs; read once, then remembered. */
  readInstance(options?: ReadOptions): Promise<InstanceFacts>;
  /**
   * The ENIs, by network card and device number.
   *
   * ENIs without an IPv4 address (efa-only, IPv6-only) are left out, and so is one that is attached or
   * detached while it is being read. Anything else that goes wrong fails the whole list.
   */
  readEnis(options?: ReadOptions): Promise<readonly EniFacts[]>;
  /** All IPv4 CIDRs of the VPC, at least one. */
  readVpcCidrs(primaryMac: string, options?: ReadOptions): Promise<readonly Ipv4Cidr[]>;
  /** All IPv6 CIDRs of the VPC, none without IPv6. */
  readVpcIpv6Cidrs(primaryMac: string, options?: ReadOptions): Promise<readonly Ipv6Cidr[]>;
  /** The security groups of the ENI with this MAC; seconds behind EC2. */
  readSecurityGroupIds(
    primaryMac: string,
    options?: ReadOptions,
  ): Promise<readonly SecurityGroupId[]>;
  /** Whether the instance is about to go. */
  readNotices(options?: ReadOptions): Promise<InstanceNotices>;
}

export interface ImdsOptions {
  /** Default `http://169.254.169.254`. Scheme, host and port only. */
  readonly endpoint?: string | undefined;
  /** Limit for one request, in milliseconds. Default 2 000. */
  readonly timeoutMs?: number | undefined;
  /** Limit for one read with all its requests and retries, in milliseconds. Default 30 000. */
  readonly deadlineMs?: number | undefined;
  /**
   * How often a request is repeated that got no usable answer, after 0.1, 0.2, 0.4 … s, at most 1 s.
   * Default 3. Refusals and unknown paths are answers and are not repeated.
   */
  readonly retries?: number | undefined;
  /** Default: the system's. */
  readonly clock?: Clock | undefined;
  /** Carries requests some other way than over HTTP to `endpoint`, for tests without sockets. */
  readonly transport?: ImdsTransport | undefined;
}

const DEFAULT_ENDPOINT = 'http://169.254.169.254';
const DEFAULT_TIMEOUT_MS = 2_000;
const DEFAULT_RETRIES = 3;
const DEFAULT_DEADLINE_MS = 30_000;

/**
 * A reader of the metadata service of the instance this process runs on. IMDSv2 only; one session
 * token serves all reads.
 *
 * @throws {TypeError} when `endpoint` is not the base URL of an HTTP service.
 */
export function createImds(options: ImdsOptions = {}): Imds {
  const {
    timeoutMs = DEFAULT_TIMEOUT_MS,
    retries = DEFAULT_RETRIES,
    deadlineMs = DEFAULT_DEADLINE_MS,
    clock = systemClock,
  } = options;
  const endpoint = parseEndpoint(options.endpoint ?? DEFAULT_ENDPOINT);
  const transport = options.transport ?? createSdkTransport(endpoint, timeoutMs);
  const reader = createMetadataReader(
    createMetadataSession({ transport, endpoint, timeoutMs, retries, clock }),
  );

  /** A read of something that changes: remembered, and within the deadline. */
  const readLatest = <T>(what: string, read: (request: RequestOptions) => Promise<T>) => {
    const remembered = remember(read, clock);
    return (readOptions: ReadOptions = {}) =>
      withDeadline(what, remembered, readOptions, { deadlineMs, clock, endpoint });
  };
  /** The same for a list of the ENI with a given MAC. */
  const readOfMac = <T>(
    field: string,
    read: (path: string, request: RequestOptions) => Promise<T>,
  ) => {
    const readers = new Map<string, (readOptions?: ReadOptions) => Promise<T>>();
    return async (macText: string, readOptions?: ReadOptions) => {
      const path = macPath(parseMac(macText), field);
      const known = readers.get(path) ?? readLatest(path, (request) => read(path, request));
      readers.set(path, known);
      return known(readOptions);
    };
  };

  const listEnis = createEniLister(reader);
  const readFacts = readLatest('the instance', (request) => readInstanceFacts(reader, request));
  const readMac = readLatest('meta-data/mac', (request) => readPrimaryMac(reader, request));
  return {
    readInstance: ({ signal } = {}) => readFacts({ signal, maxAgeMs: Number.POSITIVE_INFINITY }),
    readEnis: readLatest('the ENIs', async ({ signal }) => {
      const primaryMac = await readMac({ signal, maxAgeMs: Number.POSITIVE_INFINITY });
      return listEnis(primaryMac, { signal });
    }),
    readVpcCidrs: readOfMac('vpc-ipv4-cidr-blocks', (path, request) =>
      reader.read(path, parseNonEmptyList(parseIpv4Cidr), request),
    ),
    readVpcIpv6Cidrs: readOfMac(
      'vpc-ipv6-cidr-blocks',
      async (path, request) =>
        (await reader.readIfPresent(path, parseList(parseIpv6Cidr), request)) ?? [],
    ),
    readSecurityGroupIds: readOfMac('security-group-ids', (path, request) =>
      reader.read(path, parseList(parseSecurityGroupId), request),
    ),
    readNotices: readLatest('the notices', (request) => readInstanceNotices(reader, request)),
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
