import { CNI_ERROR, CniError } from './cni-error.ts';
import { decodingError, optionalText, parseJsonObject } from './json-object.ts';

/**
 * Formats an error object for stdout, indented by four spaces as the reference implementation does.
 *
 * @param cniVersion the configuration's version; leave it out when no configuration could be read.
 */
export function encodeCniError(error: CniError, cniVersion?: string): string {
  const { code, msg, details } = error;
  const object = {
    ...(cniVersion === undefined ? {} : { cniVersion }),
    code,
    msg,
    ...(details === undefined || details === '' ? {} : { details }),
  };
  return JSON.stringify(object, null, 4);
}

/**
 * Reads an error object that a plugin printed. `code` may be missing (0), and so may `msg` (empty);
 * `cniVersion` is not looked at.
 *
 * @throws {CniError} 6 when the text is not an error object; a negative, fractional or quoted code is none.
 */
export function decodeCniError(text: string): CniError {
  const object = parseJsonObject(text, 'the error object');
  const code = object['code'] ?? CNI_ERROR.unknown;
  if (typeof code !== 'number' || !Number.isSafeInteger(code) || code < 0) {
    throw decodingError('code', 'an unsigned integer', code);
  }
  const msg = optionalText(object, 'msg', 'msg') ?? '';
  return new CniError(code, msg, optionalText(object, 'details', 'details'));
}
