import { expect, test } from '@jest/globals';
import { handleRequest } from '@vpc-cni/cni-spec';
import { handlers } from './veth-handlers.ts';

test('a configuration without ipam.type is told so', async () => {
  const request = {
    environment: {
      CNI_COMMAND: 'DEL',
      CNI_CONTAINERID: 'sbx-81',
      CNI_IFNAME: 'eth0',
      CNI_PATH: '/opt/cni/bin',
    },
    stdin: '{"cniVersion":"1.0.0","name":"blue","type":"veth"}',
  };
  const response = await handleRequest(request, handlers, { supportedVersions: ['1.0.0'] });
  expect(JSON.parse(response.stdout)).toMatchObject({ code: 7, msg: 'invalid ipam.type' });
});
