import ipaddr from 'ipaddr.js';

/** An IPv6 address in the spelling of RFC 5952, without zone; made by {@link parseIpv6Address}. */
export type Ipv6Address = `${string}:${string}`;

/**
 * Tells whether a text is an IPv6 address as RFC 5952 spells it, which is also how the kernel and Go's
 * library do. Anything else would give one address two spellings, and two owners.
 */
export function isIpv6Address(text: string): text is Ipv6Address {
  return canonical(text) === text;
}

/**
 * Parses an IPv6 address in any spelling.
 *
 * @throws {TypeError} when the text is anything else, or has a zone.
 */
export function parseIpv6Address(text: string): Ipv6Address {
  const address = canonical(text);
  if (address === undefined) {
    throw new TypeError(
      `an IPv6 address such as 2001:db8::7 was expected, got ${JSON.stringify(text)}`,
    );
  }
  return address;
}

function canonical(text: string): Ipv6Address | undefined {
  if (!ipaddr.IPv6.isValid(text) || text.includes('%')) {
    return undefined;
  }
  return ipaddr.IPv6.parse(text).toRFC5952String() as Ipv6Address; // all of them have a colon
}
