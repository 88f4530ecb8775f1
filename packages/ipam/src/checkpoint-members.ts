// Reading members of a checkpoint: what is not as expected is a garbled checkpoint, named by its place.
import type { EniId } from './eni-description.ts';
import { IpamError, type IpamErrorFacts } from './ipam-error.ts';
import { type Ipv4Address, isIpv4Address } from './ipv4-address.ts';
import { type Ipv6Address, parseIpv6Address } from './ipv6-address.ts';

export function garbled(what: string, facts: IpamErrorFacts, cause?: unknown): IpamError {
  return new IpamError(
    'checkpoint-garbled',
    `reading the checkpoint: ${what}; recover the book from kernel and runtime`,
    { facts, cause },
  );
}

export function object(value: unknown, at: string): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw garbled(`${at} is not an object`, { at });
  }
  return value as Readonly<Record<string, unknown>>; // just checked to be a plain JSON object
}

export function array(value: unknown, at: string): readonly unknown[] {
  if (!Array.isArray(value)) {
    throw garbled(`${at} is not a list`, { at });
  }
  return value;
}

/** A string; like the reference implementation, takes a missing one for an empty one. */
export function text(value: unknown, at: string): string {
  const found = value ?? '';
  if (typeof found !== 'string') {
    throw garbled(`${at} is not a string`, { at });
  }
  return found;
}

export function integer(value: unknown, at: string): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value)) {
    throw garbled(`${at} is not an integer`, { at });
  }
  return value;
}

/** A clock may give parts of a millisecond; the file has none. Up, so that no rest gets shorter. */
export const wholeMs = (atMs: number): number => Math.ceil(atMs);

function ipv4Address(value: string, at: string): Ipv4Address {
  if (!isIpv4Address(value)) {
    throw garbled(`${at} is not an IPv4 address`, { at, found: value });
  }
  return value;
}

function ipv6Address(value: string, at: string): Ipv6Address {
  try {
    return parseIpv6Address(value);
  } catch (cause) {
    throw garbled(`${at} is not an IPv6 address`, { at, found: value }, cause);
  }
}

/** An address under the name of its family. */
export function addressMember(
  entry: Readonly<Record<string, unknown>>,
  at: string,
): { readonly ipv4?: Ipv4Address; readonly ipv6?: Ipv6Address } {
  const ipv4 = text(entry['ipv4'], `${at}.ipv4`);
  const ipv6 = text(entry['ipv6'], `${at}.ipv6`);
  return {
    ...(ipv4 === '' ? {} : { ipv4: ipv4Address(ipv4, `${at}.ipv4`) }),
    ...(ipv6 === '' ? {} : { ipv6: ipv6Address(ipv6, `${at}.ipv6`) }),
  };
}

export function eniId(value: unknown, at: string): EniId {
  const found = text(value, at);
  if (!found.startsWith('eni-')) {
    throw garbled(`${at} is not the id of an ENI`, { at, found });
  }
  return found as EniId; // just checked
}
