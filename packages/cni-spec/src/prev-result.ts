import { within } from './json-object.ts';
import type { PluginConf } from './plugin-conf.ts';
import { decodeResultObject } from './result-codec.ts';
import type { AnyResult } from './result-family.ts';

/**
 * Reads the previous result of a request; `undefined` when there is none.
 *
 * A result without `cniVersion` has the configuration's. Convert it with
 * `convertResult(result, CURRENT_VERSION)` to work with the newest shape. On DEL, be tolerant: catch.
 *
 * @throws {CniError} 1 when the result is of another family of versions than the configuration; 6 when
 *   it is malformed.
 * @see CNI specification 1.1.0, section 2, "Lifecycle & Ordering"
 */
export function parsePrevResult(conf: PluginConf): AnyResult | undefined {
  const { prevResult, cniVersion } = conf;
  if (prevResult === undefined) return undefined;
  const label = prevResult['cniVersion'] ?? cniVersion;
  return within('prevResult', () =>
    decodeResultObject({ ...prevResult, cniVersion: label }, cniVersion),
  );
}
