import { CNI_ERROR, CniError } from './cni-error.ts';
import { showValue } from './json-object.ts';

const IDENTIFIER = /^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/;
const IDENTIFIER_RULE =
  'a letter or digit, followed by letters, digits, underscores, dots and hyphens';

/** The kernel's limit, IFNAMSIZ − 1 (<linux/if.h>). */
const MAX_INTERFACE_NAME_BYTES = 15;

/**
 * Unicode White_Space. JavaScript's `\s` is another set: it lacks U+0085 and adds U+FEFF.
 *
 * @see https://www.unicode.org/Public/UCD/latest/ucd/PropList.txt
 */
const WHITE_SPACE = /\p{White_Space}/u;

/**
 * Checks a container id.
 *
 * @throws {CniError} 4 when it is malformed, 3 when it is empty.
 */
export function validateContainerID(id: string): void {
  if (id === '') throw new CniError(CNI_ERROR.unknownContainer, 'missing container id');
  if (!IDENTIFIER.test(id)) {
    throw invalid(CNI_ERROR.invalidEnvironment, 'container id', id, IDENTIFIER_RULE);
  }
}

/**
 * Checks the name of a network.
 *
 * @throws {CniError} 7.
 */
export function validateNetworkName(name: string): void {
  if (name === '') throw new CniError(CNI_ERROR.invalidConfig, 'missing network name');
  if (!IDENTIFIER.test(name)) {
    throw invalid(CNI_ERROR.invalidConfig, 'network name', name, IDENTIFIER_RULE);
  }
}

/**
 * Checks the name of an interface: 1 to 15 bytes of UTF-8, not `.` or `..`, no `/`, `:` or white space.
 *
 * @throws {CniError} 4.
 */
export function validateInterfaceName(name: string): void {
  const reason = reasonAgainst(name);
  if (reason !== undefined) {
    throw invalid(CNI_ERROR.invalidEnvironment, 'interface name', name, reason);
  }
}

function reasonAgainst(name: string): string | undefined {
  if (name === '') return 'at least one character';
  if (utf8Length(name) > MAX_INTERFACE_NAME_BYTES) {
    return `at most ${MAX_INTERFACE_NAME_BYTES} bytes of UTF-8`;
  }
  if (name === '.' || name === '..') return 'another name than . and ..';
  if (/[/:]/.test(name)) return 'no / and no :';
  return WHITE_SPACE.test(name) ? 'no white space' : undefined;
}

function utf8Length(text: string): number {
  let bytes = 0;
  for (const character of text) {
    const codePoint = character.codePointAt(0) ?? 0;
    bytes += codePoint < 0x80 ? 1 : codePoint < 0x800 ? 2 : codePoint < 0x10000 ? 3 : 4;
  }
  return bytes;
}

const invalid = (code: number, what: string, got: string, rule: string) =>
  new CniError(code, `invalid ${what}`, `${showValue(got)}; expected ${rule}`);
