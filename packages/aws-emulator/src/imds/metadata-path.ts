import type { MetadataFolder } from './metadata-tree.ts';

/** The roots under which metadata can be read: `latest`, or the date of a version. */
const VERSION = /^(latest|\d{4}-\d{2}-\d{2})$/;

/**
 * What a path leads to: a text, or a folder's listing in which folders end in a slash.
 *
 * @param path the request's path, with or without a slash at its end.
 * @returns `undefined` when there is no such thing, which is a 404.
 */
export function readMetadata(tree: MetadataFolder, path: string): string | undefined {
  const parts = path.split('/').filter((part) => part !== '');
  const [version, ...rest] = parts;
  if (version === undefined) {
    return 'latest';
  }
  if (!VERSION.test(version)) {
    return undefined;
  }
  let node: string | MetadataFolder | undefined = tree;
  for (const part of rest) {
    node = typeof node === 'object' && Object.hasOwn(node, part) ? node[part] : undefined;
  }
  if (typeof node === 'string') {
    return path.endsWith('/') ? undefined : node;
  }
  return node === undefined ? undefined : listing(node);
}

/** The folder without these paths, each relative to it; what it does not have is no error. */
export const without = (folder: MetadataFolder, paths: Iterable<string>): MetadataFolder =>
  [...paths].reduce((rest, path) => withoutPath(rest, path.split('/').filter(Boolean)), folder);

function withoutPath(folder: MetadataFolder, parts: readonly string[]): MetadataFolder {
  const [name = '', ...rest] = parts;
  const node = folder[name];
  const left = rest.length > 0 && typeof node === 'object' ? withoutPath(node, rest) : undefined;
  return { ...folder, [name]: rest.length > 0 && typeof node === 'string' ? node : left };
}

const listing = (folder: MetadataFolder): string =>
  Object.entries(folder)
    .flatMap(([name, node]) =>
      node === undefined ? [] : [typeof node === 'string' ? name : `${name}/`],
    )
    .sort()
    .join('\n');
