import { readFile } from 'node:fs/promises';
import { expect, test } from '@jest/globals';
import { variables } from './settings.ts';
import { settingsData, settingsPage } from './settings-page.ts';

test('docs/configuration.md is in step with the table: npm run docs:configuration', async () => {
  const page = new URL('../../../docs/configuration.md', import.meta.url);
  expect(await readFile(page, 'utf8')).toBe(settingsPage());
});

test('every variable has a heading of its own, to link to', () => {
  const headings = [...settingsPage().matchAll(/^### `(\w+)`$/gm)].map(([, name]) => name);
  expect(headings).toEqual(variables);
});

test('as data, every row says what happens with a text that cannot be used', () => {
  const rows = settingsData();
  expect(rows.map(({ variable }) => variable)).toEqual(variables);
  expect(JSON.parse(JSON.stringify(rows))).toEqual(rows);
  expect(rows.find(({ variable }) => variable === 'WARM_ENI_TARGET')).toMatchObject({
    byDefault: 1,
    invalid: 'default, with a notice',
    overriddenBy: [
      { variable: 'WARM_IP_TARGET', when: 'above 0' },
      { variable: 'MINIMUM_IP_TARGET', when: 'above 0' },
      { variable: 'ENABLE_PREFIX_DELEGATION', when: 'true' },
    ],
  });
});
