import { expect, test } from '@jest/globals';
import { runReadmeExample } from '@vpc-cni/testing';

test('the example of the README prints what the README says', async () => {
  expect(await runReadmeExample(new URL('../', import.meta.url))).toEqual({
    exitCode: 0,
    stdout: ['device 1: 10.0.0.5 + 10.0.0.6,10.0.0.7', 'one more: 10.0.0.8', 'left: 0', ''].join(
      '\n',
    ),
    stderr: '',
  });
});
