import { readFile } from 'node:fs/promises';
import { expect, test } from '@jest/globals';
import { runReadmeExample } from '@vpc-cni/testing';
import { ERROR_REACTIONS } from './eni-allocator-error.ts';

test('the example of the README prints what the README says', async () => {
  expect(await runReadmeExample(new URL('../', import.meta.url))).toEqual({
    exitCode: 0,
    stdout: ['device 1: 10.0.0.5 + 10.0.0.6,10.0.0.7', 'one more: 10.0.0.8', 'left: 0', ''].join(
      '\n',
    ),
    stderr: '',
  });
});

test('the README lists every error code with its reaction', async () => {
  const readme = await readFile(new URL('../README.md', import.meta.url), 'utf8');
  const rows = readme.matchAll(/^\| `([\w-]+)` \| `([\w-]+)` \|/gm);
  expect(Object.fromEntries([...rows].map(([, code, reaction]) => [code, reaction]))).toEqual(
    ERROR_REACTIONS,
  );
});
