import { expect, test } from '@jest/globals';
import { convertResult } from '@vpc-cni/cni-spec';
import { addResult } from './add-result.ts';

test.each([
  { address: '10.0.0.7', ip: '10.0.0.7/32', version: '4' },
  { address: '2001:db8::7', ip: '2001:db8::7/128', version: '6' },
])('$address is told as $ip, of version $version to runtimes that want one', (expected) => {
  const result = addResult([
    {
      held: {
        key: { networkName: 'aws-cni', containerId: 'a', interfaceName: 'eth0' },
        podNamespace: 'default',
        podName: 'web',
        address: expected.address,
        eni: { deviceNumber: 0, routeTableId: 254 },
      },
      hostLinkName: 'eni0123456789a',
      podLinkName: 'eth0',
      netnsPath: '/run/netns/a',
    },
  ]);
  expect(result.ips).toEqual([{ address: expected.ip, interface: 1 }]);
  expect(convertResult(result, '0.4.0').ips).toMatchObject([{ version: expected.version }]);
});
