import { readFile } from 'node:fs/promises';
import { expect, test } from '@jest/globals';
import { runReadmeExample } from '@vpc-cni/testing';

test('the example of the README prints what the README says', async () => {
  const readme = await readFile(new URL('../README.md', import.meta.url), 'utf8');
  const [, stdout] = /```text\n(.*?)```/s.exec(readme) ?? [];
  expect(await runReadmeExample(new URL('../', import.meta.url))).toEqual({
    exitCode: 0,
    stdout,
    stderr: '',
  });
});
