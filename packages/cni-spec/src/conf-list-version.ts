import { decodeTexts, decodingError, type JsonObject, optionalText } from './json-object.ts';
import { CURRENT_VERSION, compareVersions, parseVersion } from './version.ts';

/**
 * The version in which the plugins of a list are talked to.
 *
 * Without `cniVersions`: `cniVersion`, whatever it says. With it: the highest of both keys that is not
 * above 1.1.0, as it is spelled; when none is left, `cniVersion`, even if that is too new as well.
 * What the plugins support is not asked; validating the list tells.
 *
 * @returns the empty text when the list says nothing.
 * @throws {CniError} 6 when `cniVersions` is not a list of versions.
 * @see CNI specification 1.1.0, section 1, "Version considerations"
 */
export function selectListVersion(raw: JsonObject): string {
  const cniVersion = optionalText(raw, 'cniVersion', 'cniVersion') ?? '';
  if (!Object.hasOwn(raw, 'cniVersions')) return cniVersion;
  if (!Array.isArray(raw['cniVersions'])) {
    throw decodingError('cniVersions', 'a list of versions', raw['cniVersions']);
  }
  const listed = decodeTexts(raw, 'cniVersions', 'cniVersions');
  const candidates = cniVersion === '' ? listed : [...listed, cniVersion];
  for (const version of candidates) parseVersion(version);
  const [highest] = candidates
    .filter((version) => compareVersions(version, CURRENT_VERSION) <= 0)
    .sort((a, b) => compareVersions(b, a));
  return highest ?? cniVersion;
}
