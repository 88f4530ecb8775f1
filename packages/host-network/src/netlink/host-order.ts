import { endianness } from 'node:os';
import type { ByteOrder } from './byte-reader.ts';

/** The byte order of this machine, which the kernel speaks. */
export const HOST_ORDER: ByteOrder = endianness() === 'LE' ? 'little' : 'big';
