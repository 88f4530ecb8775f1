import { expect, test } from '@jest/globals';
import { runReadmeExample } from '@vpc-cni/testing';

test('the README’s example runs without privileges and prints what it says', async () => {
  const { exitCode, stdout, stderr } = await runReadmeExample(new URL('../', import.meta.url));
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
  expect(stdout.split('\n')).toEqual([
    'link enicc21c2d7785 up mtu 9001 type veth',
    'net/ipv6/conf/enicc21c2d7785/accept_ra = 0',
    'net/ipv6/conf/enicc21c2d7785/accept_redirects = 1',
    'net/ipv6/conf/enicc21c2d7785/forwarding = 0',
    '10.0.41.99 dev enicc21c2d7785 scope link',
    '512: from all to 10.0.41.99 lookup main',
    '1536: from 10.0.41.99 lookup 2',
    '',
  ]);
});
