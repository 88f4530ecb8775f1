import { getSystemErrorMessage, getSystemErrorName } from 'node:util';

/** The symbolic name of a positive errno, for example 17 → `'EEXIST'`. */
export const errnoName = (errno: number): string => getSystemErrorName(-errno);

/** What the errno means, for example 17 → `'file already exists'`. */
export const errnoText = (errno: number): string => getSystemErrorMessage(-errno);

/** The `code` of an error thrown by `node:fs` or `node:child_process`, if it has one. */
export function systemErrorCode(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}

/** What its errno means; of any other error, the error as text. */
export function systemErrorText(error: unknown): string {
  if (typeof error !== 'object' || error === null || !('errno' in error)) return String(error);
  return typeof error.errno === 'number' ? errnoText(-error.errno) : String(error);
}
