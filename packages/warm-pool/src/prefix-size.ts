/** Addresses of an IPv4 prefix, a /28. Its first and last are usable too. */
export const PREFIX_SIZE = 16;
/** Addresses of an IPv6 prefix, a /80. */
export const IPV6_PREFIX_SIZE = 2 ** 48;
