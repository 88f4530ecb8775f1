import { describe, expect, test } from '@jest/globals';
import { CniError } from '../cni-error.ts';
import { delegate } from './delegate.ts';
import { createFakeExecutor } from './fake-executor.ts';

const environment = {
  CNI_COMMAND: 'ADD',
  CNI_CONTAINERID: 'sbx-81',
  CNI_PATH: '/a:/b',
  TRACEPARENT: 't',
};
// Not what JSON.stringify would write: a delegate must get the very bytes.
const stdin = '{ "cniVersion":"1.0.0", "name":"blue", "n": 9007199254740993 }';

describe('delegate', () => {
  test('hands on the request as it is, but for the verb', async () => {
    const { executor, executions } = createFakeExecutor({ ipam: () => '' });
    for (const verb of ['DEL', 'CHECK', 'GC', 'STATUS'] as const) {
      await delegate(verb, 'ipam', stdin, { environment, executor });
    }
    expect(executions).toEqual(
      ['DEL', 'CHECK', 'GC', 'STATUS'].map((verb) => ({
        type: 'ipam',
        environment: { ...environment, CNI_COMMAND: verb },
        stdin,
      })),
    );
  });

  test('gives the result of an ADD, in the delegate’s version', async () => {
    const { executor } = createFakeExecutor({
      ipam: () => '{"cniVersion":"0.2.0","ip4":{"ip":"192.0.2.7/24"}}',
    });
    expect(await delegate('ADD', 'ipam', stdin, { environment, executor })).toEqual({
      cniVersion: '0.2.0',
      ip4: { ip: '192.0.2.7/24', routes: [] },
    });
  });

  test('passes the delegate’s error on, code and text', async () => {
    const { executor } = createFakeExecutor({
      ipam: () => ({ stdout: '{"code":11,"msg":"later"}', exitCode: 1 }),
    });
    const delegating = delegate('ADD', 'ipam', stdin, { environment, executor });
    await expect(delegating).rejects.toEqual(new CniError(11, 'later'));
  });

  test.each([{ CNI_PATH: '' }, { CNI_PATH: undefined }, { CNI_PATH: '/absent' }])(
    'finds nothing with %j',
    async (variables) => {
      const delegating = delegate('DEL', 'ipam', stdin, { environment: variables });
      await expect(delegating).rejects.toMatchObject({ code: 999 });
    },
  );
});
