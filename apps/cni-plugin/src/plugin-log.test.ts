import { describe, expect, test } from '@jest/globals';
import {
  type AttachmentRequest,
  CNI_ERROR,
  CniError,
  type PluginHandlers,
  parsePluginConf,
} from '@vpc-cni/cni-spec';
import { withPluginLog } from './plugin-log.ts';

const failing: PluginHandlers = {
  add: async () => {
    throw new CniError(CNI_ERROR.tryAgainLater, 'no address', 'all are in use');
  },
  del: async () => undefined,
  check: async () => undefined,
};

/** What is written, and where, when the verb is called with such a configuration. */
async function written(verb: 'add' | 'del' | 'check', members: object) {
  const lines: { file: string | undefined; line: Record<string, unknown> }[] = [];
  const sink = {
    write: (file: string | undefined, line: string) => lines.push({ file, line: JSON.parse(line) }),
  };
  const handlers = withPluginLog(failing, sink, { nowMs: () => 0 });
  const text = JSON.stringify({
    cniVersion: '1.0.0',
    name: 'aws-cni',
    type: 'aws-cni',
    ...members,
  });
  const request: AttachmentRequest = {
    conf: parsePluginConf(text),
    stdin: text,
    path: '/opt/cni/bin',
    signal: new AbortController().signal,
    containerId: 'sbx-81',
    netns: '/run/netns/p7',
    ifName: 'eth0',
    args: '',
  };
  await handlers[verb]?.(request).catch(() => undefined);
  return lines;
}

test('a call is told in one line, with the error it ended with', async () => {
  expect(await written('add', { pluginLogFile: '/var/log/plugin.log' })).toEqual([
    {
      file: '/var/log/plugin.log',
      line: {
        level: 'error',
        ts: '1970-01-01T00:00:00.000Z',
        caller: 'cni-plugin/main.ts',
        msg: 'answered',
        command: 'ADD',
        containerId: 'sbx-81',
        netns: '/run/netns/p7',
        ifName: 'eth0',
        args: '',
        exitCode: 1,
        output: expect.stringContaining('all are in use'),
        elapsedMs: 0,
      },
    },
  ]);
});

test('the error goes on to the caller', async () => {
  const handlers = withPluginLog(failing, { write: () => undefined }, { nowMs: () => 0 });
  await expect(handlers.add({ conf: { raw: {} } } as never)).rejects.toMatchObject({ code: 11 });
  expect(handlers.status).toBeUndefined();
});

test.each([undefined, '', 'stderr', 'STDOUT', 7])(
  'the place %j is stderr',
  async (pluginLogFile) => {
    expect(await written('del', { pluginLogFile })).toMatchObject([{ file: undefined }]);
  },
);

describe('the level', () => {
  test.each([
    { pluginLogLevel: 'Debug', told: ['debug', 'info', 'error'] },
    { pluginLogLevel: 'INFO', told: ['info', 'error'] },
    { pluginLogLevel: 'warn', told: ['error'] },
    { pluginLogLevel: 'fatal', told: [] },
    { pluginLogLevel: 'loud', told: ['debug', 'info', 'error'] },
    { pluginLogLevel: undefined, told: ['debug', 'info', 'error'] },
  ])('$pluginLogLevel tells $told', async ({ pluginLogLevel, told }) => {
    const lines = [];
    for (const verb of ['check', 'del', 'add'] as const) {
      lines.push(...(await written(verb, { pluginLogLevel })));
    }
    expect(lines.map(({ line }) => line['level'])).toEqual(told);
  });
});
