import { attributeNumber, decodeAttributes } from './attribute.ts';
import { type ByteOrder, viewOf } from './byte-reader.ts';
import type { LinkMessage } from './link-message.ts';

// IFLA_AF_SPEC, <linux/if_link.h>: an attribute for each address family, named by its number
const IFLA_AF_SPEC = 26;
const AF_INET6 = 10;
const IFLA_INET6_CONF = 2;

/** Where a setting stands among the i32 of IFLA_INET6_CONF. DEVCONF_*, <linux/ipv6.h> */
const PLACES = { forwarding: 0, accept_ra: 3, accept_redirects: 4 } as const;

/** Names below /proc/sys/net/ipv6/conf/LINK. */
export type Ipv6Setting = keyof typeof PLACES;

/**
 * What the kernel's description of a link says of its IPv6 settings: the content of their files, which cost more
 * to open than this to read. Empty where the kernel does without IPv6.
 */
export function ipv6ConfOf(
  { otherAttributes }: Pick<LinkMessage, 'otherAttributes'>,
  order: ByteOrder,
): ReadonlyMap<Ipv6Setting, string> {
  const found = (attributes: LinkMessage['otherAttributes'], number: number) =>
    attributes.find((attribute) => attributeNumber(attribute) === number)?.value ??
    new Uint8Array(0);
  const families = decodeAttributes(found(otherAttributes, IFLA_AF_SPEC), order, 'IFLA_AF_SPEC');
  const ipv6 = decodeAttributes(found(families, AF_INET6), order, 'AF_INET6');
  const conf = found(ipv6, IFLA_INET6_CONF);
  const settings = Object.entries(PLACES) as [Ipv6Setting, number][]; // the keys of PLACES
  return new Map(
    settings
      .filter(([, place]) => conf.length >= (place + 1) * 4)
      .map(([name, place]) => [name, `${viewOf(conf).getInt32(place * 4, order === 'little')}`]),
  );
}
