import { CNI_ERROR, CniError } from './cni-error.ts';
import { convertResult, labelled } from './convert-result.ts';
import { type JsonObject, optionalText, parseJsonObject, showValue } from './json-object.ts';
import { decodeResult020, encodeResult020 } from './result-020.ts';
import { decodeResult040, encodeResult040 } from './result-040.ts';
import { type CniResult, decodeResult110, encodeResult110 } from './result-110.ts';
import {
  type AnyResult,
  isResult020,
  isResult040,
  isVersion020,
  isVersion040,
  isVersion110,
  unknownVersion,
} from './result-family.ts';
import { ABSENT_VERSION } from './version.ts';

/**
 * Decodes a result.
 *
 * @param asVersion version whose family the result must be of, as for the output of a plugin; the
 *   result keeps its own label. Without it, the result's `cniVersion` decides (absent: 0.1.0).
 * @throws {CniError} 6 when the text is not a result, 1 when its version is unknown or of another family.
 */
export const decodeResult = (text: string, asVersion?: string): AnyResult =>
  decodeResultObject(parseJsonObject(text, 'the result'), asVersion);

/** As {@link decodeResult}, for JSON that has been parsed already. */
export function decodeResultObject(object: JsonObject, asVersion?: string): AnyResult {
  const ownLabel = optionalText(object, 'cniVersion', 'cniVersion') ?? '';
  const version = asVersion ?? (ownLabel || ABSENT_VERSION);
  if (isVersion020(version)) {
    const label = ownLabel === '' ? ABSENT_VERSION : ownLabel;
    if (isVersion020(label)) return decodeResult020(object, label);
  } else if (isVersion040(version)) {
    if (isVersion040(ownLabel)) return decodeResult040(object, ownLabel);
  } else if (isVersion110(version)) {
    if (isVersion110(ownLabel)) return decodeResult110(object, ownLabel);
  } else {
    throw unknownVersion(version);
  }
  throw new CniError(
    CNI_ERROR.incompatibleVersion,
    'the result is not of the expected version',
    `its cniVersion is ${showValue(ownLabel)}, which has another shape than ${version}`,
  );
}

/**
 * Formats a result, indented by four spaces without a final newline as the reference implementation does.
 *
 * @param version what to convert to before printing; the result's own label when left out.
 * @throws {CniError} 6 when an address is malformed; 1 when `version` is unknown or, for 0.1.0 and 0.2.0,
 *   there is no address to put into the result.
 */
export function encodeResult(result: AnyResult | CniResult, version?: string): string {
  const own = labelled(result);
  const converted = convertResult(own, version ?? own.cniVersion);
  return JSON.stringify(encodeMembers(converted), null, 4);
}

function encodeMembers(result: AnyResult): JsonObject {
  if (isResult020(result)) return encodeResult020(result);
  return isResult040(result) ? encodeResult040(result) : encodeResult110(result);
}
