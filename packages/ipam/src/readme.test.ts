import { expect, test } from '@jest/globals';
import { runReadmeExample } from '@vpc-cni/testing';

test('the example of the README prints what the README says', async () => {
  expect(await runReadmeExample(new URL('../', import.meta.url))).toEqual({
    exitCode: 0,
    stdout: [
      'a gets 10.0.0.5',
      'b gets 10.0.0.16',
      'checkpoint of 1 pod',
      'c gets 10.0.0.17 because 10.0.0.5 rests',
      '',
    ].join('\n'),
    stderr: '',
  });
});
