import { decodingError } from './json-object.ts';

/** An IP address: four bytes or eight 16-bit groups. IPv4-mapped IPv6 is IPv4, as in Go. */
interface IpAddress {
  readonly family: 4 | 6;
  readonly parts: readonly number[];
}

const MAPPED_PREFIX_LENGTH = 96;

/**
 * Reads an IP address and gives its canonical text: IPv6 lower case and compressed (RFC 5952),
 * IPv4-mapped IPv6 as IPv4.
 *
 * @throws {CniError} 6 when it is none; octets with leading zeros are refused.
 */
export function canonicalIp(text: string, where: string): string {
  const address = parseIp(text);
  if (address === undefined) throw decodingError(where, 'an IP address', text);
  return formatIp(address);
}

/**
 * Reads `address/prefix length` and gives its canonical text. **Host bits are kept.**
 *
 * @throws {CniError} 6 when it is none, or an IPv4-mapped one shorter than /96.
 */
export function canonicalCidr(text: string, where: string): string {
  const cidr = parseCidr(text);
  if (cidr === undefined) throw decodingError(where, 'an IP address with prefix length', text);
  return `${formatIp(cidr.address)}/${cidr.prefixLength}`;
}

/** Family of a canonical address or CIDR text. */
export const familyOfText = (canonical: string): 4 | 6 => (canonical.includes(':') ? 6 : 4);

function parseCidr(text: string): { address: IpAddress; prefixLength: number } | undefined {
  const [, addressText = '', lengthText = ''] = /^([^/]+)\/(\d+)$/.exec(text) ?? [];
  const address = parseIp(addressText);
  if (address === undefined) return undefined;
  const isMapped = address.family === 4 && addressText.includes(':');
  const prefixLength = Number(lengthText) - (isMapped ? MAPPED_PREFIX_LENGTH : 0);
  const longest = address.family === 4 ? 32 : 128;
  return prefixLength >= 0 && prefixLength <= longest ? { address, prefixLength } : undefined;
}

function parseIp(text: string): IpAddress | undefined {
  if (!text.includes(':')) {
    const bytes = parseIpv4Bytes(text);
    return bytes && { family: 4, parts: bytes };
  }
  const groups = parseIpv6Groups(text);
  if (groups === undefined) return undefined;
  const isMapped = groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff;
  if (!isMapped) return { family: 6, parts: groups };
  const bytes = groups.slice(6).flatMap((group) => [group >> 8, group & 0xff]);
  return { family: 4, parts: bytes };
}

function parseIpv4Bytes(text: string): readonly number[] | undefined {
  const octets = text.split('.');
  const isPlain = octets.length === 4 && octets.every((octet) => /^(0|[1-9]\d{0,2})$/.test(octet));
  const bytes = octets.map(Number);
  return isPlain && bytes.every((byte) => byte <= 255) ? bytes : undefined;
}

/** The eight groups of an IPv6 text: `::` at most once, the last two possibly written as IPv4. */
function parseIpv6Groups(text: string): readonly number[] | undefined {
  const halves = text.split('::');
  if (halves.length > 2) return undefined;
  const [headText = '', tailText] = halves;
  const isTailLast = tailText !== undefined;
  const head = parseGroups(headText, { mayEndInIpv4: !isTailLast });
  const tail = parseGroups(tailText ?? '', { mayEndInIpv4: isTailLast });
  if (head === undefined || tail === undefined) return undefined;
  const missing = 8 - head.length - tail.length;
  // "::" stands for at least one group.
  if (isTailLast ? missing < 1 : missing !== 0) return undefined;
  return [...head, ...Array<number>(missing).fill(0), ...tail];
}

function parseGroups(
  text: string,
  { mayEndInIpv4 }: { readonly mayEndInIpv4: boolean },
): readonly number[] | undefined {
  if (text === '') return [];
  const words = text.split(':');
  const groups: number[] = [];
  for (const [index, word] of words.entries()) {
    if (/^[0-9a-fA-F]{1,4}$/.test(word)) {
      groups.push(Number.parseInt(word, 16));
      continue;
    }
    const bytes = mayEndInIpv4 && index === words.length - 1 ? parseIpv4Bytes(word) : undefined;
    if (bytes === undefined) return undefined;
    const [a = 0, b = 0, c = 0, d = 0] = bytes;
    groups.push(a * 256 + b, c * 256 + d);
  }
  return groups;
}

function formatIp({ family, parts }: IpAddress): string {
  if (family === 4) return parts.join('.');
  const words = parts.map((group) => group.toString(16));
  const { start, length } = longestZeroRun(parts);
  if (length < 2) return words.join(':');
  return `${words.slice(0, start).join(':')}::${words.slice(start + length).join(':')}`;
}

/** The first of the longest runs of zero groups. */
function longestZeroRun(groups: readonly number[]): { start: number; length: number } {
  let longest = { start: 0, length: 0 };
  let length = 0;
  for (const [index, group] of groups.entries()) {
    length = group === 0 ? length + 1 : 0;
    if (length > longest.length) longest = { start: index - length + 1, length };
  }
  return longest;
}
