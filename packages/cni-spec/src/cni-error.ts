/**
 * Error codes of the CNI specification ("Error"), and the two that only its reference implementation
 * uses (8 and 999). Codes from 100 on are free for plugins.
 */
export const CNI_ERROR = {
  /** Output of a plugin that could not be understood; only runtimes use it. */
  unknown: 0,
  /** The plugin does not speak the configuration's version. */
  incompatibleVersion: 1,
  /** A configuration field is not supported; the text names key and value. */
  unsupportedField: 2,
  /** The container is not known; the runtime need not clean up. */
  unknownContainer: 3,
  /** An environment variable is missing or invalid; the text names it. */
  invalidEnvironment: 4,
  /** I/O failure, such as an unreadable stdin. */
  io: 5,
  /** Content that cannot be decoded. */
  decoding: 6,
  /** Configuration that can be decoded but is invalid. */
  invalidConfig: 7,
  /** The network namespace is unusable: it is the plugin's own. */
  invalidNetns: 8,
  /** Transient; the runtime should try again later. */
  tryAgainLater: 11,
  /** STATUS: an ADD would fail. */
  notAvailable: 50,
  /** STATUS: an ADD would fail, and containers that exist may have limited connectivity. */
  limitedConnectivity: 51,
  /** Any failure that is not a CNI error itself. */
  internal: 999,
} as const;

const brand = Symbol.for('@vpc-cni/cni-spec/error');

/**
 * The error that a runtime gets to read, and the only one this package throws about input.
 *
 * Match on the numeric `code`; test with {@link isCniError}. `message` is code, `msg` and `details`
 * in one line, for logs.
 */
export class CniError extends Error {
  override readonly name = 'CniError';
  readonly [brand] = true;
  /** One of {@link CNI_ERROR}, or 100 and above for a plugin's own. */
  readonly code: number;
  /** Short text: what failed. */
  readonly msg: string;
  /** Longer text: to what, with which value, what to do. */
  readonly details: string | undefined;

  /** @throws {TypeError} when `code` is not an unsigned integer, which no runtime could read. */
  constructor(code: number, msg: string, details?: string, options?: ErrorOptions) {
    super(`[${code}] ${details === undefined ? msg : `${msg}; ${details}`}`, options);
    if (!Number.isSafeInteger(code) || code < 0) {
      throw new TypeError(`code of a CniError: expected an unsigned integer, got ${code}`);
    }
    this.code = code;
    this.msg = msg;
    this.details = details;
  }
}

/** Tells whether a value is a {@link CniError}, even one from another copy of this package. */
export const isCniError = (value: unknown): value is CniError =>
  typeof value === 'object' && value !== null && brand in value;
