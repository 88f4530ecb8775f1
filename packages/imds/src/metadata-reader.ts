import { ImdsError, isImdsError } from './imds-error.ts';
import type { MetadataSession } from './metadata-session.ts';
import type { Parse } from './metadata-text.ts';
import type { RequestOptions } from './read-options.ts';

/** Reads one path below `/latest/` and makes a value of the answer. */
export interface MetadataReader {
  read<T>(path: string, parse: Parse<T>, options: RequestOptions): Promise<T>;
  /** `undefined` when the service does not know the path. */
  readIfPresent<T>(path: string, parse: Parse<T>, options: RequestOptions): Promise<T | undefined>;
}

/** How much of a malformed answer an error quotes. */
const QUOTED_CHARACTERS = 80;

export function createMetadataReader(session: MetadataSession): MetadataReader {
  const read: MetadataReader['read'] = async (path, parse, options) => {
    const text = await session.get(path, options);
    try {
      return parse(text);
    } catch (error) {
      throw malformed(path, text, error);
    }
  };
  const readIfPresent: MetadataReader['readIfPresent'] = async (path, parse, options) => {
    try {
      return await read(path, parse, options);
    } catch (error) {
      if (isImdsError(error) && error.code === 'not-found') {
        return undefined;
      }
      throw error;
    }
  };
  return { read, readIfPresent };
}

function malformed(path: string, text: string, cause: unknown): ImdsError {
  const answer = text.slice(0, QUOTED_CHARACTERS);
  const expected = cause instanceof TypeError ? cause.message : 'expected something readable';
  return new ImdsError(
    'malformed',
    `reading ${path}: ${expected}, received ${JSON.stringify(answer)}`,
    { cause, facts: { path, answer } },
  );
}
