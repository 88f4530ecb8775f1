import { CNI_ERROR, CniError } from './cni-error.ts';
import { decodeTexts, optionalText, parseJsonObject } from './json-object.ts';
import { CURRENT_VERSION } from './version.ts';

/** What a plugin answers to VERSION. Texts are opaque: a plugin may declare any. */
export interface VersionInfo {
  /** Newest version of the library that the plugin was built with. */
  readonly cniVersion: string;
  readonly supportedVersions: readonly string[];
}

/** Formats the answer to VERSION, compact and with a newline as the reference implementation does. */
export const encodeVersionInfo = (supportedVersions: readonly string[]): string =>
  `${JSON.stringify({ cniVersion: CURRENT_VERSION, supportedVersions })}\n`;

/**
 * Reads a plugin's answer to VERSION. One that says 0.2.0 and lists nothing supports 0.1.0 and 0.2.0.
 *
 * @throws {CniError} 6 when the text is no such answer, or lists nothing.
 */
export function decodeVersionInfo(text: string): VersionInfo {
  const object = parseJsonObject(text, 'the version information');
  const cniVersion = optionalText(object, 'cniVersion', 'cniVersion') ?? '';
  const supportedVersions = decodeTexts(object, 'supportedVersions', 'supportedVersions');
  if (cniVersion === '') throw missing('cniVersion');
  if (supportedVersions.length > 0) return { cniVersion, supportedVersions };
  if (cniVersion === '0.2.0') return { cniVersion, supportedVersions: ['0.1.0', '0.2.0'] };
  throw missing('supportedVersions');
}

const missing = (key: string) =>
  new CniError(
    CNI_ERROR.decoding,
    'malformed version information',
    `${key} is missing or empty; it must say what the plugin supports`,
  );
