/**
 * What can go wrong while wiring the host.
 *
 * - `link-not-found`: no network device with that name or hardware address appeared in time
 * - `link-exists`: the pod already has a device of that name; nothing was touched
 * - `not-a-pod-link`: the device named as a pod's host link is of another kind; it was left alone
 * - `netns-not-found`: the path is not a network namespace (any more)
 * - `kernel-refused`: the kernel answered a request with an errno (`facts`: errno, operation, object, reason)
 * - `dump-interrupted`: a kernel table changed under every attempt to read it
 * - `malformed-message`: bytes that are not what the kernel documents
 * - `sysctl-refused`: a file below /proc/sys could not be written
 * - `iptables-failed`: iptables, iptables-save, iptables-restore or nft could not be run or refused their input
 * - `iptables-locked`: another program kept the xtables lock for longer than we wait; nothing was changed
 * - `closed`: the call came after `close()`
 */
export type HostNetworkErrorCode =
  | 'link-not-found'
  | 'link-exists'
  | 'not-a-pod-link'
  | 'netns-not-found'
  | 'kernel-refused'
  | 'dump-interrupted'
  | 'malformed-message'
  | 'sysctl-refused'
  | 'iptables-failed'
  | 'iptables-locked'
  | 'closed';

export type HostNetworkFacts = Readonly<Record<string, string | number>>;

const brand = Symbol.for('@vpc-cni/host-network/error');

/** The only error class of this package; match `code`, and read figures and names from `facts`. */
export class HostNetworkError extends Error {
  override readonly name = 'HostNetworkError';
  readonly [brand] = true;
  readonly code: HostNetworkErrorCode;
  readonly facts: HostNetworkFacts;

  constructor(
    code: HostNetworkErrorCode,
    message: string,
    options: ErrorOptions & { readonly facts?: HostNetworkFacts } = {},
  ) {
    super(`[${code}] ${message}`, options);
    this.code = code;
    this.facts = options.facts ?? {};
  }
}

/** True for errors of this package, also when it is installed twice. */
export const isHostNetworkError = (value: unknown): value is HostNetworkError =>
  typeof value === 'object' && value !== null && brand in value;

/** True when the kernel refused with one of these errno names, for example `'EEXIST'`. */
export const isErrno = (value: unknown, ...names: readonly string[]): boolean =>
  isHostNetworkError(value) &&
  value.code === 'kernel-refused' &&
  names.includes(String(value.facts['errno']));
