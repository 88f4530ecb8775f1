import { expect, test } from '@jest/globals';
import { runReadmeExample } from '@vpc-cni/testing';

test('the example of the README prints what the README says', async () => {
  expect(await runReadmeExample(new URL('../', import.meta.url))).toEqual({
    exitCode: 0,
    stdout: 'us-west-2a\n',
    stderr: '',
  });
});
