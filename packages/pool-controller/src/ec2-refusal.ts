/**
 * Codes of the answers by which EC2 refuses: it has done nothing of what it was asked for, and it is no
 * surprise. (`address-limit-reached` is one: then the ENI holds more than the address book knows.)
 */
const REFUSAL_CODES: ReadonlySet<string> = new Set([
  'throttled',
  'busy',
  'not-permitted',
  'invalid-request',
  'subnet-exhausted',
  'no-free-prefix',
  'no-usable-subnet',
  'subnet-not-found',
  'eni-limit-reached',
  'account-limit-reached',
  'instance-not-found',
  'eni-config-unusable',
]);

/** The stable code of an error, if it has one. */
export function codeOf(error: unknown): string | undefined {
  const code = (error as { readonly code?: unknown } | undefined)?.code;
  return typeof code === 'string' ? code : undefined;
}

/**
 * True when a failed call has certainly had no effect. After any other failure, a lost answer above all,
 * only EC2 can tell what became of it.
 */
export const isRefusal = (error: unknown): boolean => REFUSAL_CODES.has(codeOf(error) ?? '');
