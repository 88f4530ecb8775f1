import { CNI_ERROR, CniError } from './cni-error.ts';
import { showValue } from './json-object.ts';

/**
 * Every released version of the CNI specification, oldest first. Only these have a result codec.
 *
 * @see https://github.com/containernetworking/cni/blob/spec-v1.1.0/SPEC.md#released-versions
 */
export const KNOWN_VERSIONS = [
  '0.1.0',
  '0.2.0',
  '0.3.0',
  '0.3.1',
  '0.4.0',
  '1.0.0',
  '1.1.0',
] as const;

/** Text of a released version of the specification. */
export type CniVersion = (typeof KNOWN_VERSIONS)[number];

/** The newest version: the shape that {@link CniResult} has. */
export const CURRENT_VERSION = '1.1.0' satisfies CniVersion;

/** What a config or a stand-alone result without `cniVersion` means. */
export const ABSENT_VERSION = '0.1.0' satisfies CniVersion;

/** Tells whether a text is exactly one of {@link KNOWN_VERSIONS}; `1.0` is not. */
export const isKnownVersion = (text: string): text is CniVersion =>
  (KNOWN_VERSIONS as readonly string[]).includes(text);

/** Major, minor and patch number of a version. */
export type VersionNumbers = readonly [major: number, minor: number, patch: number];

/**
 * Reads `major[.minor[.patch]]`; parts left out are 0 and the empty text is 0.1.0.
 *
 * @throws {CniError} 6 for anything else, such as `v1.0.0`, `1.0.0-rc1` or `1..0`.
 */
export function parseVersion(text: string): VersionNumbers {
  const [, major = '', minor = '0', patch = '0'] =
    /^(\d+)(?:\.(\d+)(?:\.(\d+))?)?$/.exec(text === '' ? ABSENT_VERSION : text) ?? [];
  if (major === '') {
    throw new CniError(
      CNI_ERROR.decoding,
      'cniVersion is not a version',
      `${showValue(text)} is not of the form major.minor.patch`,
    );
  }
  return [Number(major), Number(minor), Number(patch)];
}

/**
 * Orders two versions by their numbers: negative when `a` is older, 0 when equal, positive when newer.
 *
 * `0.4` equals `0.4.0` here; whether a plugin *supports* a version is equality of texts instead.
 *
 * @throws {CniError} 6 when one of them is not a version.
 */
export function compareVersions(a: string, b: string): number {
  const [majorA, minorA, patchA] = parseVersion(a);
  const [majorB, minorB, patchB] = parseVersion(b);
  return Math.sign(majorA - majorB || minorA - minorB || patchA - patchB);
}

/**
 * The known versions from `oldest` on, for a plugin's `supportedVersions`.
 *
 * @throws {CniError} 6 when `oldest` is not a version.
 */
export const versionsStartingFrom = (oldest: string): readonly CniVersion[] =>
  KNOWN_VERSIONS.filter((version) => compareVersions(version, oldest) >= 0);
