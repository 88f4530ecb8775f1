import { type Ipv4Address, isIpv4Address } from './ipv4-address.ts';

/** A /28 such as `10.0.0.16/28`, which takes one slot of an ENI; made by {@link parseIpv4Prefix}. */
export type Ipv4Prefix = `${Ipv4Address}/28`;

/** Addresses of a prefix; all of them are for pods, the first and the last too. */
export const PREFIX_SIZE = 16;

const LENGTH = '/28';

/** Tells whether a text is a /28 by its first address, in canonical dotted decimal. */
export function isIpv4Prefix(text: string): text is Ipv4Prefix {
  const base = text.slice(0, -LENGTH.length);
  return text.endsWith(LENGTH) && isIpv4Address(base) && prefixOf(base) === text;
}

/**
 * Parses a /28 by its first address, in canonical dotted decimal.
 *
 * @throws {TypeError} when the text is anything else.
 */
export function parseIpv4Prefix(text: string): Ipv4Prefix {
  if (!isIpv4Prefix(text)) {
    throw new TypeError(
      `a prefix such as 10.0.0.16/28 was expected, got ${JSON.stringify(text)}; its first address ends in a multiple of ${PREFIX_SIZE}`,
    );
  }
  return text;
}

/** The /28 that an address is in, whether or not EC2 assigns it. */
export function prefixOf(address: Ipv4Address): Ipv4Prefix {
  const { network, host } = split(address);
  return `${network}${host - (host % PREFIX_SIZE)}${LENGTH}` as Ipv4Prefix;
}

/** The addresses of a prefix, ascending. */
export function addressesOf(prefix: Ipv4Prefix): readonly Ipv4Address[] {
  const { network, host } = split(prefix.slice(0, -LENGTH.length));
  return Array.from({ length: PREFIX_SIZE }, (_, n) => `${network}${host + n}` as Ipv4Address);
}

/** A /28 lies within the last of the four parts. */
function split(address: string): { readonly network: string; readonly host: number } {
  const end = address.lastIndexOf('.') + 1;
  return { network: address.slice(0, end), host: Number(address.slice(end)) };
}
