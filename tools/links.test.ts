import { existsSync, globSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { expect, test } from '@jest/globals';

// Where the pages of this repository lead: files that are there, headings that are there.

const root = resolve(import.meta.dirname, '..');

const pages = globSync('**/*.md', {
  cwd: root,
  exclude: (name) => ['node_modules', 'dist', '.git'].includes(name),
}).sort();

const textOf = (page: string) => readFileSync(join(root, page), 'utf8');

const withoutCode = (text: string) =>
  text.replaceAll(/^```.*?^```/gms, '').replaceAll(/`[^`\n]*`/g, '');

/** Targets of links that stay in the repository. */
const linksOf = (text: string): readonly string[] =>
  [...withoutCode(text).matchAll(/\]\(([^()\s]+)\)|^\[[^\]]+\]: (\S+)/gm)]
    .map(([, inline, reference]) => inline ?? reference ?? '')
    .filter((target) => !/^[a-z]+:/.test(target));

/** What GitHub makes of the headings of a page: words in lower case, joined by hyphens, counted when repeated. */
function anchorsOf(text: string): ReadonlySet<string> {
  const seen = new Map<string, number>();
  const headings = text.replaceAll(/^```.*?^```/gms, '').matchAll(/^#+ (.+)$/gm);
  const anchors = [...headings].map(([, heading = '']) => {
    const words = heading.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1').toLowerCase();
    const anchor = words.replaceAll(/[^\p{L}\p{N}_ -]/gu, '').replaceAll(' ', '-');
    const count = seen.get(anchor) ?? 0;
    seen.set(anchor, count + 1);
    return count === 0 ? anchor : `${anchor}-${count}`;
  });
  return new Set(anchors);
}

/** What is wrong with a link; `undefined` when nothing is. */
function problemOf(page: string, target: string): string | undefined {
  const [path = '', anchor] = target.split('#');
  const file = path === '' ? join(root, page) : join(root, dirname(page), path);
  if (!existsSync(file)) return `${page}: no ${relative(root, file)}`;
  if (anchor === undefined || statSync(file).isDirectory()) return undefined;
  const isThere = anchorsOf(readFileSync(file, 'utf8')).has(anchor);
  return isThere ? undefined : `${page}: no #${anchor} in ${relative(root, file)}`;
}

test('every link leads somewhere', () => {
  const problems = pages.flatMap((page) =>
    linksOf(textOf(page)).flatMap((target) => problemOf(page, target) ?? []),
  );
  expect(problems).toEqual([]);
  expect(pages.length).toBeGreaterThan(20);
});

test.each([
  { link: '[a](absent.md)', problem: 'README.md: no absent.md' },
  { link: '[a](docs/iam.md#absent)', problem: 'README.md: no #absent in docs/iam.md' },
  { link: '[a]: absent/', problem: 'README.md: no absent' },
  { link: '[a](docs/iam.md#when-one-is-missing)', problem: undefined },
  { link: '[a](docs)', problem: undefined },
])('$link: $problem', ({ link, problem }) => {
  const [target = ''] = linksOf(link);
  expect(problemOf('README.md', target)).toBe(problem);
});

test('code and other sites are not followed', () => {
  expect(linksOf('`[a](b)`\n```\n[a](c)\n```\n[a](https://example.com) [a](d.md)')).toEqual([
    'd.md',
  ]);
});

test.each(['README.md', 'docs/architecture.md'])('%s names every package', (page) => {
  const packages = readdirSync(join(root, 'packages')).filter((name) => name !== 'testing');
  expect(packages.filter((name) => !textOf(page).includes(name))).toEqual([]);
});

test('the README names every page', () => {
  const linked = linksOf(textOf('README.md')).map((target) => target.split('#')[0]);
  expect(globSync('docs/*.md', { cwd: root }).filter((page) => !linked.includes(page))).toEqual([]);
});
