import { expect, test } from '@jest/globals';
import { runReadmeExample } from '@vpc-cni/testing';

test('the example of the README prints what it says', async () => {
  expect(await runReadmeExample(new URL('../', import.meta.url))).toEqual({
    exitCode: 0,
    stdout: `{
    "cniVersion": "0.4.0",
    "interfaces": [
        {
            "name": "eth0",
            "sandbox": "/run/netns/p7"
        }
    ],
    "ips": [
        {
            "version": "4",
            "address": "192.0.2.7/24",
            "interface": 0
        }
    ],
    "dns": {}
}
`,
    stderr: '',
  });
});
