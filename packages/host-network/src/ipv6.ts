/** An IPv6 address in the spelling of RFC 5952, without zone. */
export type Ipv6Address = `${string}:${string}`;

/** An IPv6 network: address with the host bits cleared, slash, prefix length. */
export type Ipv6Cidr = `${Ipv6Address}/${number}`;

const GROUPS = 8;
const groupPattern = /^[0-9a-f]{1,4}$/i;
const dottedTail = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/;
const octetPattern = /^(0|[1-9]\d?|1\d\d|2[0-4]\d|25[0-5])$/;

/** Checks text from outside. @throws {TypeError} when it is not an address. */
export const parseIpv6Address = (text: string): Ipv6Address =>
  ipv6Text(ipv6Bytes(text as Ipv6Address)); // ipv6Bytes checks what the type claims

/** The sixteen bytes of an address, in network order. @throws {TypeError} for any other text. */
export function ipv6Bytes(address: Ipv6Address): Uint8Array {
  const groups = readGroups(address);
  if (groups === undefined) {
    throw new TypeError(
      `an IPv6 address such as 2001:db8::1 was expected, not ${JSON.stringify(String(address).slice(0, 80))}`,
    );
  }
  const bytes = new Uint8Array(2 * GROUPS);
  const view = new DataView(bytes.buffer);
  groups.forEach((group, index) => {
    view.setUint16(2 * index, group);
  });
  return bytes;
}

function readGroups(address: string): readonly number[] | undefined {
  const [head = '', tail, ...more] = withHexTail(address).split('::');
  if (more.length > 0) return undefined;
  const left = parseGroups(head);
  const right = tail === undefined ? [] : parseGroups(tail);
  if (left === undefined || right === undefined) return undefined;
  const missing = GROUPS - left.length - right.length;
  if (tail === undefined ? missing !== 0 : missing < 1) return undefined;
  return [...left, ...new Array<number>(missing).fill(0), ...right];
}

/** `::ffff:10.0.0.1` → `::ffff:a00:1`; other text stays, to be refused group by group. */
function withHexTail(address: string): string {
  const [, head = '', dotted] = dottedTail.exec(address) ?? [];
  if (dotted === undefined) return address;
  const octets = dotted.split('.');
  if (!octets.every((octet) => octetPattern.test(octet))) return address;
  const [a = 0, b = 0, c = 0, d = 0] = octets.map(Number);
  return `${head}${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`;
}

function parseGroups(text: string): readonly number[] | undefined {
  if (text === '') return [];
  const groups = text.split(':');
  return groups.every((group) => groupPattern.test(group))
    ? groups.map((group) => Number.parseInt(group, 16))
    : undefined;
}

/**
 * The text of a sixteen byte address, as the kernel and `ip` print it.
 *
 * @throws {TypeError} for any other length.
 * @see RFC 5952, section 4: lower case, the first longest run of two or more zero groups shortened
 */
export function ipv6Text(bytes: Uint8Array): Ipv6Address {
  if (bytes.length !== 2 * GROUPS) {
    throw new TypeError(`an IPv6 address has 16 bytes, not ${bytes.length}`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const groups = Array.from({ length: GROUPS }, (_, index) => view.getUint16(2 * index));
  if (isMapped(groups)) return `::ffff:${bytes.subarray(12).join('.')}`;
  const { start, length } = longestZeroRun(groups);
  const hex = groups.map((group) => group.toString(16));
  // Without a run to shorten, eight groups joined by colons; the type wants to see one of them.
  if (length < 2) return hex.join(':') as Ipv6Address;
  return `${hex.slice(0, start).join(':')}::${hex.slice(start + length).join(':')}`;
}

const isMapped = (groups: readonly number[]) =>
  groups[5] === 0xffff && groups.slice(0, 5).every((group) => group === 0);

function longestZeroRun(groups: readonly number[]): { start: number; length: number } {
  let longest = { start: 0, length: 0 };
  for (let start = 0; start < groups.length; start += 1) {
    const end = groups.findIndex((group, index) => index >= start && group !== 0);
    const length = (end < 0 ? groups.length : end) - start;
    if (length > longest.length) longest = { start, length };
  }
  return longest;
}
