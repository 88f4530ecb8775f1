import { expect, test } from '@jest/globals';
import { runReadmeExample } from '@vpc-cni/testing';

test('the example of the README prints what the README says', async () => {
  expect(await runReadmeExample(new URL('../', import.meta.url))).toEqual({
    exitCode: 0,
    stdout: 'm5.large in eu-central-1, VPC 10.0.0.0/16\n' + 'device 0: 10.0.0.4 in 10.0.0.0/24\n',
    stderr: '',
  });
});
