import { readFile } from 'node:fs/promises';
import type { Plugin } from 'esbuild';

/**
 * Lets esbuild drop the shapes of all the AWS operations that are never called: of a megabyte, 30 kB stay.
 *
 * The SDK writes them as `{ [_xN]: … }`, and because what `_xN` holds might have a `toString` with side effects,
 * every one is kept, with all that it mentions. With the constant's value in its place they are plain data.
 */
export const shakeSchemas: Plugin = {
  name: 'shake-schemas',
  setup: (build) =>
    build.onLoad({ filter: /@aws-sdk\/.*\/dist-es\/.*schemas_\d+\.js$/ }, async ({ path }) => ({
      contents: inlineKeys(await readFile(path, 'utf8')),
      loader: 'js',
    })),
};

function inlineKeys(source: string): string {
  const constants = new Map(
    [...source.matchAll(/^const (\w+) = (".*");$/gm)].map(([, name, value]) => [name, value]),
  );
  return source.replace(/\[(_\w+)\]:/g, (key, name) => {
    const value = constants.get(name);
    return value === undefined ? key : `${value}:`;
  });
}
