import { describe, expect, test } from '@jest/globals';
import { parseConfList } from './conf-list.ts';
import { derivePluginRequest, type RequestAdditions } from './plugin-request.ts';
import type { Result040 } from './result-040.ts';

const list = parseConfList(
  JSON.stringify({
    name: 'blue',
    cniVersion: '0.4.0',
    plugins: [
      {
        type: 'x',
        name: 'own',
        cniVersion: '0.1.0',
        snat: true,
        'cni.dev/unheard-of': [1],
        capabilities: { portMappings: true, mac: false, bandwidth: true },
      },
    ],
  }),
);
const request = (additions?: RequestAdditions): unknown => {
  const [plugin] = list.plugins;
  if (plugin === undefined) throw new Error('the list has a plugin');
  return JSON.parse(derivePluginRequest(list, plugin, additions));
};
const bare = {
  type: 'x',
  name: 'blue',
  cniVersion: '0.4.0',
  snat: true,
  'cni.dev/unheard-of': [1],
};

describe('the request of one plugin', () => {
  test('has the list’s name and version, the plugin’s own keys, and no capabilities', () => {
    expect(request()).toEqual(bare);
  });

  test('has the values of what the plugin wants and the runtime has', () => {
    const capabilityArgs = { portMappings: [{ hostPort: 1 }], mac: 'x', unwanted: 1, toString: 1 };
    expect(request({ capabilityArgs })).toEqual({
      ...bare,
      runtimeConfig: { portMappings: [{ hostPort: 1 }] },
    });
  });

  test('has no runtimeConfig when nothing is both wanted and there', () => {
    expect(request({ capabilityArgs: { mac: 'x' } })).toEqual(bare);
  });

  test('has the previous result in the version that its plugin used', () => {
    const prevResult: Result040 = { cniVersion: '0.3.1', interfaces: [], ips: [], routes: [] };
    expect(request({ prevResult })).toEqual({
      ...bare,
      prevResult: { cniVersion: '0.3.1', dns: {} },
    });
  });

  test('has the valid attachments under both keys', () => {
    const validAttachments = [{ containerID: 'sbx-81', ifname: 'eth0' }];
    expect(request({ validAttachments })).toEqual({
      ...bare,
      'cni.dev/valid-attachments': validAttachments,
      'cni.dev/attachments': validAttachments,
    });
  });
});
