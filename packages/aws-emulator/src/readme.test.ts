import { readFile } from 'node:fs/promises';
import { expect, test } from '@jest/globals';
import { runReadmeExample } from '@vpc-cni/testing';

const packageDirectory = new URL('../', import.meta.url);

test("the README's example runs and prints what the README says", async () => {
  const readme = await readFile(new URL('README.md', packageDirectory), 'utf8');
  const promised = /```text\n(.*?)```/s.exec(readme)?.[1];
  const { exitCode, stdout, stderr } = await runReadmeExample(packageDirectory);
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
  expect(stdout).toBe(promised);
});
