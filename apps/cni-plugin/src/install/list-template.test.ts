import { expect, test } from '@jest/globals';
import { fillInList } from './list-template.ts';
import { readInstallSettings } from './settings.ts';

const { chain } = readInstallSettings({
  AWS_VPC_K8S_PLUGIN_LOG_FILE: '/log "of" plugins',
}).settings;
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
    chain,
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

test.each([
  {
    name: 'an unknown placeholder',
    template: list({ a: '__OTHER__' }),
    says: '__OTHER__, known are',
  },
  { name: 'what is no list', template: '{', says: '' },
])('$name is refused', ({ template, says }) => {
  expect(() => fillInList(template, chain)).toThrow(says);
});
