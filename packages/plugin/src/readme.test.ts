import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { runReadmeExample } from '@vpc-cni/testing';

const packageDirectory = new URL('../', import.meta.url);

test('the example of the README prints what the README says', async () => {
  const readme = readFileSync(new URL('README.md', packageDirectory), 'utf8');
  const promised = /```ts\n.*?```\n\n```\n(.*?)```/s.exec(readme)?.[1];
  expect(await runReadmeExample(packageDirectory)).toMatchObject({ exitCode: 0, stdout: promised });
});
