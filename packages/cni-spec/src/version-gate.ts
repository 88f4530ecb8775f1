import { CNI_ERROR, CniError } from './cni-error.ts';
import { showValue } from './json-object.ts';
import { compareVersions, parseVersion } from './version.ts';

/**
 * Refuses a verb for configurations older than the verb, or newer than the plugin.
 *
 * @throws {CniError} 6 when the configuration's version is no version, 1 when it is out of range.
 */
export function requireVerbVersion(
  { command, since }: { readonly command: string; readonly since: string },
  confVersion: string,
  supportedVersions: readonly string[],
): void {
  if (compareVersions(confVersion, since) < 0) {
    throw new CniError(
      CNI_ERROR.incompatibleVersion,
      `the configuration's version has no ${command}`,
      `cniVersion is ${showValue(confVersion)}, ${command} needs ${since} or newer`,
    );
  }
  const isReached = supportedVersions.some(
    (version) => isVersionText(version) && compareVersions(version, confVersion) >= 0,
  );
  if (!isReached) throw unsupportedVersion(confVersion, supportedVersions);
}

/**
 * Refuses configurations whose version is not, letter for letter, among the supported ones.
 *
 * @throws {CniError} 1.
 */
export function requireSupportedVersion(
  confVersion: string,
  supportedVersions: readonly string[],
): void {
  if (!supportedVersions.includes(confVersion)) {
    throw unsupportedVersion(confVersion, supportedVersions);
  }
}

const unsupportedVersion = (confVersion: string, supportedVersions: readonly string[]) =>
  new CniError(
    CNI_ERROR.incompatibleVersion,
    'incompatible CNI versions',
    `the configuration is ${showValue(confVersion)}, the plugin supports ${supportedVersions.join(', ')}`,
  );

function isVersionText(text: string): boolean {
  try {
    parseVersion(text);
    return true;
  } catch {
    return false; // plugins may declare any text
  }
}
