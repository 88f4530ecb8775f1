import { readdir, readFile } from 'node:fs/promises';
import { expect, test } from '@jest/globals';

const page = await readFile(
  new URL('../../../docs/write-a-cni-plugin.md', import.meta.url),
  'utf8',
);
const passages = [...page.matchAll(/```ts\n(.*?)```/gs)].map(([, passage = '']) => passage);

test('the page about writing plugins quotes the examples as they are', async () => {
  const here = new URL('.', import.meta.url);
  const names = (await readdir(here)).filter((name) => name.endsWith('.ts'));
  const examples = await Promise.all(names.map((name) => readFile(new URL(name, here), 'utf8')));
  expect(passages.length).toBeGreaterThan(5);
  const strange = passages.filter(
    (passage) => !examples.some((example) => example.includes(passage)),
  );
  expect(strange).toEqual([]);
});
