import { globSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type Browser, chromium, type Page } from 'playwright-core';
import { browserOnThisMachine } from './browser.ts';

// Every diagram of the pages, drawn by what GitHub draws them with.

const root = resolve(import.meta.dirname, '../../..');

interface Diagram {
  readonly place: string;
  readonly source: string;
}

const diagrams: readonly Diagram[] = globSync('**/*.md', {
  cwd: root,
  exclude: (name) => ['node_modules', 'dist', '.git'].includes(name),
}).flatMap((page) => {
  const text = readFileSync(join(root, page), 'utf8');
  return [...text.matchAll(/^```mermaid\n([\s\S]*?)^```$/gm)].map(({ index, 1: source = '' }) => ({
    place: `${page}:${text.slice(0, index).split('\n').length}`,
    source,
  }));
});

let browser: Browser;
let page: Page;

beforeAll(async () => {
  browser = await chromium.launch(browserOnThisMachine());
  page = await browser.newPage();
  const path = createRequire(import.meta.url).resolve('@mermaid-js/tiny');
  await page.addScriptTag({ path });
  await page.evaluate('mermaid.initialize({ startOnLoad: false })');
}, 60_000);
afterAll(() => browser?.close());

/** The texts of the picture. @throws with what Mermaid says of the source. */
const drawn = (source: string): Promise<string> =>
  page.evaluate(`mermaid.render('diagram', ${JSON.stringify(source)}).then(({ svg }) => {
    document.body.innerHTML = svg;
    return document.querySelector('svg').textContent;
  })`);

test.each(diagrams)('$place can be drawn, with all its words', async ({ source }) => {
  const picture = await drawn(source);
  const words = source.match(/(?<=as )[\w-]+|(?<=\["?)[\w-]+|(?<=: )[\w-]+/g) ?? [];
  expect(words.length).toBeGreaterThan(3);
  expect(words.filter((word) => !picture.includes(word))).toEqual([]);
});

test('there are diagrams', () => {
  expect(diagrams.length).toBeGreaterThanOrEqual(3);
});

test('what is no diagram cannot be drawn', async () => {
  await expect(drawn('flowchart LR\n  a --> ')).rejects.toThrow(/Parse error/);
});
