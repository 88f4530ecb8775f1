import ipaddr from 'ipaddr.js';

/** An IPv4 address in canonical dotted decimal, made by {@link parseIpv4Address}. */
export type Ipv4Address = `${number}.${number}.${number}.${number}`;

/**
 * Tells whether a text is an IPv4 address in canonical dotted decimal: four parts, no leading
 * zeros, no shorthand. Anything else would give one address two spellings, and two owners.
 */
export function isIpv4Address(text: string): text is Ipv4Address {
  return ipaddr.IPv4.isValidFourPartDecimal(text) && ipaddr.IPv4.parse(text).toString() === text;
}

/**
 * Parses an IPv4 address in canonical dotted decimal.
 *
 * @throws {TypeError} when the text is anything else.
 */
export function parseIpv4Address(text: string): Ipv4Address {
  if (!isIpv4Address(text)) {
    throw new TypeError(
      `an IPv4 address such as 10.0.0.7 was expected, got ${JSON.stringify(text)}`,
    );
  }
  return text;
}
