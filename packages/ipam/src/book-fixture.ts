import type { AddressBook } from './address-book.ts';
import type { CniAttachmentKey } from './attachment-key.ts';
import type { EniDescription, EniId } from './eni-description.ts';
import type { Ipv4Address } from './ipv4-address.ts';

/** Fixtures of this package's tests. */
export const START_MS = 1_700_000_000_000;
export const COOLDOWN_MS = 30_000;
/** The default. */
export const REST_MS = 120_000;

export const eni = (number: number, networkCardIndex = 0): EniDescription => ({
  eniId: `eni-${number}`,
  deviceNumber: number,
  networkCardIndex,
  isPrimary: number === 0,
  routeTableId: number === 0 ? 254 : number + 1,
  subnetId: 'subnet-1',
  primaryAddress: `10.0.${number}.1`,
  attachedAtMs: START_MS,
});

export const address = (eniNumber: number, host: number): Ipv4Address =>
  `10.0.${eniNumber}.${host}`;

export const key = (containerId: string): CniAttachmentKey => ({
  networkName: 'aws-cni',
  containerId,
  interfaceName: 'eth0',
});

/** Adds ENI 0, 1, … with that many addresses each, from .10 on. */
export function fill(book: AddressBook, ...addressesPerEni: readonly number[]): void {
  for (const [number, count] of addressesPerEni.entries()) {
    book.addEni(eni(number));
    for (let host = 10; host < 10 + count; host++) {
      book.addAddress(`eni-${number}`, address(number, host));
    }
  }
}

/** Reserves for a container and gives back the address, or the word for there being none. */
export function reserved(book: AddressBook, containerId: string, nowMs = START_MS): string {
  const outcome = book.reserve(key(containerId), {}, nowMs);
  return outcome.kind === 'reserved' ? outcome.reservation.address : outcome.kind;
}

/** The code of the package's error that a call throws. */
export function codeOf(call: () => unknown): string {
  try {
    call();
  } catch (error) {
    return error instanceof Error && 'code' in error ? String(error.code) : String(error);
  }
  return 'no error';
}

export const FIRST_ENI: EniId = 'eni-0';
