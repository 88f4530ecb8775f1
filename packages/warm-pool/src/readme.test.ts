import { expect, test } from '@jest/globals';
import { runReadmeExample } from '@vpc-cni/testing';

test('the example of the README prints what the README says', async () => {
  expect(await runReadmeExample(new URL('../', import.meta.url))).toEqual({
    exitCode: 0,
    stdout: [
      'wanted free: 7, shortfall: 6',
      '{"kind":"create-eni","addressCount":3,"reason":"pods-waiting"} Create an ENI with 3 addresses: pods wait for an address.',
      '3 addresses cannot be had: the ENIs are full, and 2 of at most 2 are in use.',
      '',
    ].join('\n'),
    stderr: '',
  });
});
