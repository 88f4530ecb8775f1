import { HostNetworkError } from '../host-network-error.ts';

/** Byte order of the kernel's host-order fields. Network-order fields are bytes here, never numbers. */
export type ByteOrder = 'little' | 'big';

/** Refuses bytes too short for a structure, naming it. */
export function requireBytes(
  bytes: Uint8Array,
  needed: number,
  structure: string,
  offset = 0,
): void {
  if (bytes.length - offset >= needed) return;
  const available = Math.max(bytes.length - offset, 0);
  throw new HostNetworkError(
    'malformed-message',
    `decoding ${structure}: ${needed} bytes needed at offset ${offset}, ${available} there`,
    { facts: { structure, needed, available, offset } },
  );
}

export const viewOf = (bytes: Uint8Array): DataView =>
  new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** An unsigned 32-bit host-order value, as in most attributes. Longer values are read at their start. */
export function readU32(bytes: Uint8Array, order: ByteOrder, structure: string): number {
  requireBytes(bytes, 4, structure);
  const first = u16At(bytes, 0, order);
  const second = u16At(bytes, 2, order);
  return order === 'little' ? first + second * 0x10000 : first * 0x10000 + second;
}

export function readU16(bytes: Uint8Array, order: ByteOrder, structure: string): number {
  requireBytes(bytes, 2, structure);
  return u16At(bytes, 0, order);
}

/** Without a view, which costs more to make than this to read. */
function u16At(bytes: Uint8Array, offset: number, order: ByteOrder): number {
  const first = bytes[offset] ?? 0;
  const second = bytes[offset + 1] ?? 0;
  return order === 'little' ? first + second * 0x100 : first * 0x100 + second;
}

export function readU8(bytes: Uint8Array, structure: string): number {
  requireBytes(bytes, 1, structure);
  return bytes[0] ?? 0;
}

/** A NUL-terminated string; the terminator may be missing. */
export function readText(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  return Buffer.from(end < 0 ? bytes : bytes.subarray(0, end)).toString('utf8');
}
