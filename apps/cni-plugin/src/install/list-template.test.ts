import { expect, test } from '@jest/globals';
import { fillInList } from './list-template.ts';
import { readInstallSettings } from './settings.ts';

const { chain, egress } = readInstallSettings({
  AWS_VPC_K8S_PLUGIN_LOG_FILE: '/log "of" plugins',
  ENABLE_V6_EGRESS: 'true',
}).settings;
const own = { chain, egress: undefined };
const withEgress = {
  chain,
  egress: { ...egress, isIpv6: false, nodeAddress: '2001:db8::1' },
};
const list = (entry: object) =>
  JSON.stringify({
    cniVersion: '1.0.0',
    name: 'aws-cni',
    plugins: [{ type: 'aws-cni', ...entry }],
  });

test('placeholders become settings, and the rest stays as it is', () => {
  const filled = fillInList(
    list({
      vethPrefix: '__VETHPREFIX__',
      mtu: '__MTU__',
      pluginLogFile: '__PLUGINLOGFILE__',
      mine: 1,
    }),
    own,
  );
  expect(filled.raw).toMatchObject({
    cniVersion: '1.0.0',
    plugins: [
      {
        type: 'aws-cni',
        vethPrefix: 'eni',
        mtu: '9001',
        pluginLogFile: '/log "of" plugins',
        mine: 1,
      },
    ],
  });
});

test('those of egress, where the host has its program', () => {
  const open = {
    enabled: '__EGRESSPLUGINENABLED__',
    randomizeSNAT: '__RANDOMIZESNAT__',
    nodeIP: '__NODEIP__',
    ipam: {
      type: 'host-local',
      ranges: [[{ subnet: '__EGRESSPLUGINIPAMSUBNET__' }]],
      routes: [{ dst: '__EGRESSPLUGINIPAMDST__' }],
      dataDir: '__EGRESSPLUGINIPAMDATADIR__',
    },
    pluginLogFile: '__EGRESSPLUGINLOGFILE__',
  };
  expect(fillInList(list(open), withEgress).plugins[0]?.raw).toEqual({
    type: 'aws-cni',
    enabled: 'true',
    randomizeSNAT: 'prng',
    nodeIP: '2001:db8::1',
    ipam: {
      type: 'host-local',
      ranges: [[{ subnet: 'fd00::ac:00/118' }]],
      routes: [{ dst: '::/0' }],
      dataDir: '/run/cni/v4pd/egress-v6-ipam',
    },
    pluginLogFile: '/var/log/aws-routed-eni/egress-v6-plugin.log',
  });
  expect(() => fillInList(list(open), own)).toThrow('__EGRESSPLUGINENABLED__, known are');
});

test.each([
  {
    name: 'an unknown placeholder',
    template: list({ a: '__OTHER__' }),
    says: '__OTHER__, known are',
  },
  { name: 'what is no list', template: '{', says: '' },
])('$name is refused', ({ template, says }) => {
  expect(() => fillInList(template, own)).toThrow(says);
});
